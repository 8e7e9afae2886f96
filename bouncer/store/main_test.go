package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestMain is a program of its own where a test has started it: it writes the file of its environment, and dies where
// it is told to.
func TestMain(m *testing.M) {
	switch os.Getenv("STORE_TEST") {
	case "":
		os.Exit(m.Run())
	case "write", "try":
		if from := os.Getenv("STORE_MOUNT"); from != "" {
			if err := errors.Join(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
				syscall.Mount(from, os.Getenv("STORE_FILE"), "", syscall.MS_BIND, "")); err != nil {
				fmt.Println("no mount:", err)
				os.Exit(9)
			}
		}
		data := []byte(newer)
		if most, err := strconv.ParseUint(os.Getenv("STORE_LIMIT"), 10, 64); err == nil {
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
				panic(err)
			}
			data = append(data, make([]byte, 4000)...)
		}
		n, _ := strconv.Atoi(os.Getenv("STORE_DIES"))
		f := dying(os.Getenv("STORE_KEEP"), n)
		if text := os.Getenv("STORE_MEETS"); text != "" {
			dies := f.Before
			f.Before = func(op string) error {
				if op == "exchange" {
					return errors.Join(saves(os.Getenv("STORE_FILE"), text), dies(op))
				}
				return dies(op)
			}
		}
		do := func() error {
			return f.Write(context.Background(), os.Getenv("STORE_FILE"), []byte(older), data)
		}
		if os.Getenv("STORE_TEST") == "try" {
			do = func() error { return f.Try(context.Background(), os.Getenv("STORE_FILE"), data) }
		}
		if err := do(); err != nil {
			fmt.Printf("%d %v", operr.KindOf(err), err)
			os.Exit(1)
		}
	}
}

// dying is a File that is killed before operation n; 0: it lives.
func dying(folder string, n int) store.File {
	before := func(string) error {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	return store.File{Keep: store.Keep{Folder: folder, Before: before}, Before: before}
}

// started runs this test as a program of its own.
func started(what, file, keep string, dies int, change func(*exec.Cmd)) (said string, err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST="+what, "STORE_FILE="+file, "STORE_KEEP="+keep, fmt.Sprint("STORE_DIES=",
		dies))
	if change != nil {
		change(cmd)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// listed are the names in a folder; none where it is not there.
func listed(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestADeathBetweenAnyTwoOperationsLeavesOldOrNewBytes kills a program at each operation in turn. The next one finds
// the file whole and with its attributes, removes what the dead one has made, and nothing else, and writes.
func TestADeathBetweenAnyTwoOperationsLeavesOldOrNewBytes(t *testing.T) {
	for _, what := range []string{"write", "try"} {
		t.Run(what, func(t *testing.T) {
			file, _ := attributed(t)
			keep := store.Beside(filepath.Join(t.TempDir(), "journal.jsonl"))
			theirs := []string{filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-123"), filepath.Join(keep.Folder,
				"notes.temp-mine")}
			if err := os.Mkdir(keep.Folder, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, path := range theirs {
				if err := os.WriteFile(path, []byte(theirs[0]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			set(t, file, accessACL, acl())
			set(t, file, "user.origin", []byte("here"))
			want := described(t, file)
			deaths, littered := 0, 0
			for n := 1; ; n++ {
				said, err := started(what, file, keep.Folder, n, nil)
				if err == nil {
					break
				}
				if !strings.Contains(err.Error(), "killed") {
					t.Fatalf("death at %d: %v %s", n, err, said)
				}
				deaths++
				got, err := os.ReadFile(file)
				if err != nil || string(got) != older && (string(got) != newer || what == "try") {
					t.Errorf("death at %d leaves %q (%v)", n, got, err)
				}
				if len(listed(t, filepath.Dir(file))) > 3 {
					littered++
				}
				if err := keep.Sweep(); err != nil {
					t.Errorf("after a death at %d: %v", n, err)
				}
				if names := listed(t, filepath.Dir(file)); len(names) != 3 {
					t.Errorf("a death at %d leaves %v", n, names)
				}
				f := store.File{Keep: keep}
				if err := f.Write(t.Context(), file, got, []byte(newer)); err != nil {
					t.Errorf("after a death at %d: %v", n, err)
				}
				holds(t, file, newer)
				if got := described(t, file); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("after a death at %d: %v, want %v", n, got, want)
				}
				if err := errors.Join(f.Settled(file), f.Write(t.Context(), file, []byte(newer), []byte(older)),
					f.Settled(file)); err != nil {
					t.Fatal(err)
				}
				if names := listed(t, keep.Folder); !slices.Equal(names, []string{"notes.temp-mine"}) {
					t.Errorf("a death at %d leaves %v", n, names)
				}
			}
			if deaths < 12 || littered < 4 {
				t.Errorf("only %d deaths, %d with a temporary file left", deaths, littered)
			}
			for _, path := range theirs[:1] {
				holds(t, path, theirs[0])
			}
		})
	}
}
