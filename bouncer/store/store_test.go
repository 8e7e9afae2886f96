package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner"
)

const (
	older = "[databases]\na = pool_size=4\n"
	newer = "[databases]\na = pool_size=5\n"
)

// folder holds one file, by a symbolic link, too.
func folder(t *testing.T) (file, link string) {
	t.Helper()
	dir := t.TempDir()
	file, link = filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "link.ini")
	if err := os.WriteFile(file, []byte(older), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pgbouncer.ini", link); err != nil {
		t.Fatal(err)
	}
	return file, link
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", filepath.Base(path), got, err, want)
	}
}

// alone wants nothing but the file and its link in the folder.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 {
		t.Errorf("left over: %v (%v)", entries, err)
	}
}

func TestWriteKeepsModeOwnerAndLink(t *testing.T) {
	file, link := folder(t)
	owner := 0
	if os.Geteuid() == 0 {
		owner = 65534
		if err := os.Chown(file, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := (store.File{}).Write(t.Context(), link, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, file, newer)
	alone(t, file)
	if target, err := os.Readlink(link); err != nil || target != "pgbouncer.ini" {
		t.Errorf("the link is %q (%v)", target, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o640 || os.Geteuid() == 0 && int(stat.Uid) != owner {
		t.Errorf("mode %v, owner %d", info.Mode(), stat.Uid)
	}
	if err := (store.File{}).Write(t.Context(), link, []byte(older), []byte(newer)); err != nil {
		t.Errorf("written twice: %v", err)
	}
}

// TestADeathBetweenAnyTwoOperationsLeavesOldOrNewBytes stops at each operation in turn, as if the program had died
// there, and then writes again as the next program would.
func TestADeathBetweenAnyTwoOperationsLeavesOldOrNewBytes(t *testing.T) {
	died := errors.New("died")
	ops := 0
	for stop := 1; ; stop++ {
		file, _ := folder(t)
		n := 0
		f := store.File{Before: func(string) error {
			if n++; n == stop {
				return died
			}
			return nil
		}}
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if err == nil {
			break
		}
		if ops++; !errors.Is(err, died) {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != older && string(got) != newer {
			t.Errorf("death at %d leaves %q (%v)", stop, got, err)
		}
		// A real death removes no temporary file.
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), ".pgbouncer.ini.pgbudget-123"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
			t.Errorf("after a death at %d: %v", stop, err)
		}
		holds(t, file, newer)
	}
	if ops < 7 {
		t.Errorf("only %d operations", ops)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Run("what somebody else has changed", func(t *testing.T) {
		file, _ := folder(t)
		f := store.File{Before: func(op string) error {
			if op == "compare" {
				return os.WriteFile(file, []byte("theirs"), 0o640)
			}
			return nil
		}}
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if planner.KindOf(err) != planner.KindDrift {
			t.Errorf("%v", err)
		}
		holds(t, file, "theirs")
		alone(t, file)
	})
	t.Run("a read-only file", func(t *testing.T) {
		file, _ := folder(t)
		if err := os.Chmod(file, 0o440); err != nil {
			t.Fatal(err)
		}
		err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(newer))
		if err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("%v", err)
		}
		holds(t, file, older)
		alone(t, file)
	})
	t.Run("a disk that is full", func(t *testing.T) {
		file, _ := folder(t)
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		full := syscall.Rlimit{Cur: 10, Max: old.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
			t.Fatal(err)
		}
		err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(newer))
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		if err == nil || !strings.Contains(err.Error(), "is as it was") {
			t.Errorf("%v", err)
		}
		holds(t, file, older)
		alone(t, file)
	})
	t.Run("a file that is not there", func(t *testing.T) {
		if _, err := (store.File{}).Read(t.Context(), filepath.Join(t.TempDir(), "none.ini")); planner.KindOf(err) != planner.KindDrift {
			t.Errorf("%v", err)
		}
	})
}

func TestCommandsAreReadBack(t *testing.T) {
	file, _ := folder(t)
	good := store.Command{ReadArgv: []string{"cat", file}, WriteArgv: []string{"sh", "-c", "cat > '" + file + "'"}}
	if err := good.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, file, newer)
	liar := store.Command{ReadArgv: []string{"cat", file}, WriteArgv: []string{"true"}}
	if err := liar.Write(t.Context(), file, []byte(newer), []byte(older)); planner.KindOf(err) != planner.KindDrift || !strings.Contains(err.Error(), "reads back as something else") {
		t.Errorf("%v", err)
	}
	if err := good.Write(t.Context(), file, []byte(older), []byte("third")); planner.KindOf(err) != planner.KindDrift {
		t.Errorf("%v", err)
	}
	masked := store.Command{ReadArgv: []string{"sh", "-c", "echo wrong token hush >&2; exit 1"}, Mask: func(s string) string { return strings.ReplaceAll(s, "hush", "${TOKEN}") }}
	if _, err := masked.Read(t.Context(), "x"); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "wrong token ${TOKEN}") {
		t.Errorf("%v", err)
	}
	for argv, says := range map[string]string{"echo no such host >&2; exit 255": "no such host", "sleep 60": "did not end in time"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		c := store.Command{ReadArgv: []string{"sh", "-c", argv}}
		if _, err := c.Read(ctx, "x"); planner.KindOf(err) != planner.KindUnreachable || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
	}
}
