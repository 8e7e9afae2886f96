package store_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

const theirs = "[databases]\na = pool_size=4\n[pgbouncer]\nquery_timeout = 77\n"

// saves is how an editor saves: a new file, renamed over the old one.
func saves(file, text string) error {
	return errors.Join(os.WriteFile(file+".vim", []byte(text), 0o600), os.Rename(file+".vim", file))
}

// meeting is a File that lets somebody do something just before operations: the first time that each is begun.
func meeting(keep store.Keep, does map[string]func() error) store.File {
	return store.File{Keep: keep, Before: func(op string) error {
		do := does[op]
		delete(does, op)
		if do == nil {
			return nil
		}
		return do()
	}}
}

// colleague does to a file what somebody else may.
type colleague struct {
	does  func(file string) error
	holds string // the file's bytes then; empty: it has none, or is no regular file
}

// then does one thing after another.
func then(does ...func(file string) error) func(file string) error {
	return func(file string) error {
		for _, do := range does {
			if err := do(file); err != nil {
				return err
			}
		}
		return nil
	}
}

func save(text string) func(string) error {
	return func(file string) error { return saves(file, text) }
}

func write(text string) func(string) error {
	return func(file string) error { return os.WriteFile(file, []byte(text), 0) }
}

func mode(m os.FileMode) func(string) error {
	return func(file string) error { return os.Chmod(file, m) }
}

func link(to string) func(string) error {
	return func(file string) error { return os.Symlink(to, file) }
}

func away(mark string) func(string) error {
	return func(file string) error { return os.Rename(file, file+mark) }
}

var colleagues = map[string]colleague{
	"renames another over it":             {save(theirs), theirs},
	"renames one of the same size":        {save(strings.ToUpper(older)), strings.ToUpper(older)},
	"renames one with the same bytes":     {then(save(older), mode(0o600)), older},
	"renames one that nobody may read":    {then(save(theirs), mode(0)), theirs},
	"writes into it":                      {write(theirs), theirs},
	"cuts it off, to write it":            {write(""), ""},
	"changes its mode":                    {mode(0o604), older},
	"makes it a link to nothing":          {then(os.Remove, link("nowhere")), ""},
	"makes it a link to one of its bytes": {then(away(".d"), link("pgbouncer.ini.d")), older},
	"removes it":                          {os.Remove, ""},
	"moves it away":                       {away(".bak"), ""},
	"gives it an attribute": {func(file string) error {
		return unix.Setxattr(file, "user.by", []byte("them"), 0)
	}, older},
	"gives it a second name": {func(file string) error { return os.Link(file, file+".bak") }, older},
	"makes it a pipe":        {then(os.Remove, func(file string) error { return unix.Mkfifo(file, 0o640) }), ""},
	"makes it a folder":      {then(os.Remove, func(file string) error { return os.Mkdir(file, 0o700) }), ""},
}

// shown is all that is seen of a folder: what stands under its names, and the bytes.
func shown(t *testing.T, folder string) (out []string) {
	t.Helper()
	for _, name := range listed(t, folder) {
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(name, " ", info.Mode(), " ", info.Sys().(*syscall.Stat_t).Ino)
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, os.ErrPermission) {
				t.Fatal(err)
			}
			text += fmt.Sprintf(" %q", data)
			if size, err := unix.Listxattr(path, nil); err == nil {
				text += fmt.Sprint(" ", size)
			}
		}
		out = append(out, text)
	}
	return out
}

// TestWhatSomebodyDoesAtThatVeryMomentStays has somebody at work between the last sample and the write, where names can
// be exchanged and where they cannot. The folder is what they have made of it, to the inode.
func TestWhatSomebodyDoesAtThatVeryMomentStays(t *testing.T) {
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
					!strings.Contains(fmt.Sprint(err), "somebody else changed it") {
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

// temporary reports whether a name is one of ours, beside a file or of a record.
func temporary(name string) bool {
	return strings.Contains(name, ".pgbudget-") || strings.Contains(name, ".temp-")
}

// left is the one temporary file beside a file.
func left(t *testing.T, file string) string {
	t.Helper()
	names := slices.DeleteFunc(listed(t, filepath.Dir(file)), func(s string) bool { return !temporary(s) })
	if len(names) != 1 {
		t.Fatalf("left over: %v", names)
	}
	return filepath.Join(filepath.Dir(file), names[0])
}

// TestWhoComesWhileSomethingIsPutBackLosesNothing has a second and a third somebody: the last one is in place, and what
// stood there before lies under a name that the error says, which no sweep removes.
func TestWhoComesWhileSomethingIsPutBackLosesNothing(t *testing.T) {
	const second, third = "second\n", "third\n"
	type acts = map[string]func(file string) error
	fail := func(string) error { return unix.EIO }
	for what, c := range map[string]struct {
		does           acts // before the operation of that name and number
		in, left, says string
		written        bool // the file may have the new bytes, and the old ones stay kept
	}{
		"renames over":     {acts{"exchange back 1": save(second)}, second, theirs, "just before is in", false},
		"writes into ours": {acts{"exchange back 1": write(second)}, second, theirs, "just before is in", false},
		"removes ours":     {acts{"exchange back 1": os.Remove}, "", theirs, "could not be put back", true},
		"a third after that": {acts{"exchange back 1": save(second), "look 2": save(third)}, third, second,
			"just before is in", false},
		"each time":               {acts{"exchange back": save(second)}, second, second, "each time again", true},
		"a disk that fails":       {acts{"exchange back 1": fail}, newer, theirs, "input/output error", true},
		"and ours is not legible": {acts{"look 2": fail}, theirs, newer, "cannot be read", false},
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

// TestWhatCameOutAndCannotBeReadGoesBack: it may be anybody's, and is somebody's where that is for a want of rights.
func TestWhatCameOutAndCannotBeReadGoesBack(t *testing.T) {
	for why, want := range map[error]struct {
		kind operr.Kind
		says string
	}{
		unix.EIO:    {operr.KindUnforeseen, "is as it was: input/output error"},
		unix.EACCES: {operr.KindDrift, "their file is in place again"},
	} {
		file, _ := folder(t)
		before := shown(t, filepath.Dir(file))
		f := meeting(store.Keep{}, map[string]func() error{"look": func() error { return why }})
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
	want := slices.Concat(makes, []string{"name", "compare", "exchange", "look", "sync folder"})
	if !slices.Equal(ops, want) || !slices.Equal(tried, slices.Concat(makes, want)) {
		t.Errorf("tried   %v\nwritten %v", tried, ops)
	}
}

// TestAnOperationThatFailsLeavesNothing lets each operation of a write fail in turn.
func TestAnOperationThatFailsLeavesNothing(t *testing.T) {
	for _, op := range []string{"create", "flags", "write", "attributes", "sync", "name", "compare", "exchange", "look"} {
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
		in, says := newer, "whether that outlives"
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

// TestADeathLosesNothingOfWhoCameMeanwhile kills a program at each operation in turn, with somebody who saves the file
// just before the exchange. Whatever the program has done, and a sweep after it, their bytes are somewhere beside.
func TestADeathLosesNothingOfWhoCameMeanwhile(t *testing.T) {
	stranded := 0
	for n := 1; ; n++ {
		file, _ := folder(t)
		keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
		said, err := started("write", file, keep.Folder, n, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "STORE_MEETS="+theirs)
		})
		if err != nil && !strings.Contains(err.Error(), "killed") {
			if !strings.Contains(said, "at this very moment") || n < 12 || stranded == 0 {
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
