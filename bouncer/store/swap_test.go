package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAWriteOfSomebodyElseAtTheSameMomentStays has somebody at work between the last sample and the write, where names
// can be exchanged and where they cannot. The folder is what they have made of it, to the inode.
func TestAWriteOfSomebodyElseAtTheSameMomentStays(t *testing.T) {
	for how, moment := range map[string]string{"exchanged": "exchange", "renamed": "rename", "compared": "compare"} {
		for what, c := range colleagues {
			t.Run(how+"/"+what, func(t *testing.T) {
				file, link := attributed(t)
				keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
				var made []string
				does := map[string]func() error{}
				if how == "renamed" {
					does["exchange"] = func() error { return unix.EINVAL }
				}
				does[moment] = func() error {
					if err := c.does(file); err != nil {
						t.Fatal(err)
					}
					made = slices.DeleteFunc(shown(t, filepath.Dir(file)), temporary)
					return nil
				}
				if how == "compared" { // whoever reads the file then finds theirs, and never ours
					does["exchange"] = func() error { t.Error("exchanged"); return nil }
				}
				err := meeting(keep, does).Write(t.Context(), link, []byte(older), []byte(newer))
				if operr.KindOf(err) != operr.KindDrift || operr.HintOf(err) == "" ||
					!strings.Contains(fmt.Sprint(err), "somebody else changed the file") {
					t.Errorf("%v", err)
				}
				if got := shown(t, filepath.Dir(file)); !slices.Equal(got, made) {
					t.Errorf("left  %v\nmade  %v", got, made)
				}
				if info, err := os.Lstat(file); c.holds != "" && (err != nil || info.Mode().Perm() != 0 || os.Geteuid() == 0) {
					holds(t, file, c.holds)
				}
				if names := listed(t, keep.Folder); len(names) > 0 {
					t.Errorf("kept: %v", names)
				}
			})
		}
	}
}

// TestAWriterDuringARestoreLosesNothing has a second and a third somebody: the last one is in place, and what
// stood there before lies under a name that the error says, which no sweep removes.
func TestAWriterDuringARestoreLosesNothing(t *testing.T) {
	const second, third = "second\n", "third\n"
	type interference = map[string]func(file string) error
	fail := func(string) error { return unix.EIO }
	for what, c := range map[string]struct {
		does           interference // before the operation of that name and number
		in, left, says string
		written        bool // the file may have the new bytes, and the old ones stay kept
	}{
		"renames over":     {interference{"exchange back 1": save(second)}, second, theirs, "just before are in", false},
		"writes into ours": {interference{"exchange back 1": write(second)}, second, theirs, "just before are in", false},
		"removes ours":     {interference{"exchange back 1": os.Remove}, "", theirs, "could not be put back", true},
		"a third after that": {interference{"exchange back 1": save(second), "inspect 2": save(third)}, third, second,
			"just before are in", false},
		"each time": {interference{"exchange back": save(second)}, second, second, "changed again at each try",
			true},
		"a disk that fails":       {interference{"exchange back 1": fail}, newer, theirs, "input/output error", true},
		"and ours is not legible": {interference{"inspect 2": fail}, theirs, newer, "cannot be read", false},
	} {
		t.Run(what, func(t *testing.T) {
			file, _ := folder(t)
			keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
			times := map[string]int{}
			f := store.File{Keep: keep, Before: func(op string) error {
				if op == "exchange" {
					return saves(file, theirs)
				}
				times[op]++
				for _, when := range []string{fmt.Sprint(op, " ", times[op]), op} {
					if do := c.does[when]; do != nil {
						return do(file)
					}
				}
				return nil
			}}
			err := f.Write(t.Context(), file, []byte(older), []byte(newer))
			temp := left(t, file)
			if said := fmt.Sprint(err); operr.KindOf(err) != operr.KindDrift || !strings.Contains(said, c.says) ||
				!strings.Contains(said, temp) {
				t.Errorf("%v", err)
			}
			if c.in != "" {
				holds(t, file, c.in)
			}
			holds(t, temp, c.left)
			if kept := slices.DeleteFunc(listed(t, keep.Folder), temporary); len(kept) > 0 != c.written {
				t.Errorf("kept: %v", kept)
			}
			if c.left == newer {
				return // ours, which a sweep may remove
			}
			for range 2 {
				if err := keep.Sweep(); err == nil || !strings.Contains(err.Error(), temp) {
					t.Errorf("swept: %v", err)
				}
				holds(t, temp, c.left)
			}
			if err := errors.Join(os.Remove(temp), keep.Sweep()); err != nil {
				t.Error(err)
			}
			if names := listed(t, keep.Folder); slices.ContainsFunc(names, temporary) {
				t.Errorf("kept: %v", names)
			}
		})
	}
}

// TestAnExchangedFileThatCannotBeReadIsPutBack: it may be anybody's, and is somebody's where that is for a want of
// rights.
func TestAnExchangedFileThatCannotBeReadIsPutBack(t *testing.T) {
	for why, want := range map[error]struct {
		kind operr.Kind
		says string
	}{
		unix.EIO:    {operr.KindUnforeseen, "is unchanged: input/output error"},
		unix.EACCES: {operr.KindDrift, "their file is in place again"},
	} {
		file, _ := folder(t)
		before := shown(t, filepath.Dir(file))
		f := meeting(store.Keep{}, map[string]func() error{"inspect": func() error { return why }})
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if operr.KindOf(err) != want.kind || !strings.Contains(fmt.Sprint(err), want.says) {
			t.Errorf("%v", err)
		}
		if got := shown(t, filepath.Dir(file)); !slices.Equal(got, before) {
			t.Errorf("%v, was %v", got, before)
		}
	}
}

// TestWhereNamesCannotBeExchangedTheFileIsRenamedOver says so as file systems, filters and kernels do.
func TestWhereNamesCannotBeExchangedTheFileIsRenamedOver(t *testing.T) {
	for _, no := range []error{unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM, unix.EACCES, errors.ErrUnsupported} {
		file, link := attributed(t)
		set(t, file, accessACL, acl())
		want := described(t, file)
		synced := 0
		f := store.File{Before: func(op string) error {
			if op == "exchange" {
				return no
			}
			if op == "sync folder" {
				synced++
			}
			return nil
		}}
		tried := f.Try(t.Context(), link, []byte(newer))
		if err := errors.Join(tried, f.Write(t.Context(), link, []byte(older), []byte(newer))); err != nil || synced != 2 {
			t.Errorf("%v: %v, %d folders on disk", no, err, synced)
		}
		holds(t, file, newer)
		alone(t, file)
		if got := described(t, file); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// TestATryDoesWhatAWriteDoes compares the operations: a try makes one file more before.
func TestATryDoesWhatAWriteDoes(t *testing.T) {
	file, _ := folder(t)
	var ops []string
	f := store.File{Before: func(op string) error { ops = append(ops, op); return nil }}
	if err := f.Try(t.Context(), file, []byte(newer)); err != nil {
		t.Fatal(err)
	}
	tried := ops
	ops = nil
	if err := f.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	makes := []string{"create", "flags", "write", "attributes", "sync"}
	want := slices.Concat(makes, []string{"name", "compare", "exchange", "inspect", "sync folder"})
	if !slices.Equal(ops, want) || !slices.Equal(tried, slices.Concat(makes, want)) {
		t.Errorf("tried   %v\nwritten %v", tried, ops)
	}
}

// TestAnOperationThatFailsLeavesNothing lets each operation of a write fail in turn.
func TestAnOperationThatFailsLeavesNothing(t *testing.T) {
	for _, op := range []string{"create", "flags", "write", "attributes", "sync", "name", "compare", "exchange",
		"inspect"} {
		file, _ := folder(t)
		f := meeting(store.Keep{}, map[string]func() error{op: func() error { return unix.ENOSPC }})
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if operr.KindOf(err) != operr.KindUnforeseen || !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", op, err)
		}
		holds(t, file, older)
		alone(t, file)
	}
}

// TestAFolderThatIsNotOnDiskIsSaid of what is written, with the old bytes kept, and of what was put back.
func TestAFolderThatIsNotOnDiskIsSaid(t *testing.T) {
	for _, met := range []bool{false, true} {
		file, _ := folder(t)
		keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
		does := map[string]func() error{"sync folder": func() error { return unix.EIO }}
		in, says := newer, "whether the write survives"
		if met {
			does["exchange"] = func() error { return saves(file, theirs) }
			in, says = theirs, "their file is in place again"
		}
		f := meeting(keep, does)
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if operr.KindOf(err) != operr.KindDrift || !errors.Is(err, unix.EIO) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
		holds(t, file, in)
		alone(t, file)
		if (f.Saved(file) == "") != met {
			t.Errorf("kept: %q", f.Saved(file))
		}
	}
}

// TestADeathLosesNoWriteOfSomebodyElse kills a program at each operation in turn, with somebody who saves the file
// just before the exchange. Whatever the program has done, and a sweep after it, their bytes are somewhere beside.
func TestADeathLosesNoWriteOfSomebodyElse(t *testing.T) {
	stranded := 0
	for n := 1; ; n++ {
		file, _ := folder(t)
		keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
		said, err := started("write", file, keep.Folder, n, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "STORE_MEETS="+theirs)
		})
		if err != nil && !strings.Contains(err.Error(), "killed") {
			if !strings.Contains(said, "at the same moment") || n < 12 || stranded == 0 {
				t.Errorf("%d operations, %d deaths with theirs aside: %v %s", n, stranded, err, said)
			}
			holds(t, file, theirs)
			alone(t, file)
			return
		}
		now, lost := os.ReadFile(file)
		if lost != nil {
			t.Fatal(lost)
		}
		err = keep.Sweep()
		switch string(now) {
		case older, theirs:
			if err != nil {
				t.Errorf("death at %d: %v", n, err)
			}
			alone(t, file)
		case newer:
			stranded++
			temp := left(t, file)
			holds(t, temp, theirs)
			if err == nil || !strings.Contains(err.Error(), temp) {
				t.Errorf("death at %d: %v", n, err)
			}
		default:
			t.Errorf("death at %d leaves %q", n, now)
		}
	}
}
