package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

const (
	older = "[databases]\na = pool_size=4\n"
	newer = "[databases]\na = pool_size=5\n"
)

// folder holds one file, by a symbolic link, too.
func folder(t *testing.T) (file, link string) {
	t.Helper()
	return filledFolder(t, t.TempDir())
}

func filledFolder(t *testing.T, dir string) (file, link string) {
	t.Helper()
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

func TestWriteRefusesWhatItWouldOverwrite(t *testing.T) {
	t.Run("what somebody else has changed", func(t *testing.T) {
		file, _ := folder(t)
		f := store.File{Before: func(op string) error {
			if op == "compare" {
				return os.WriteFile(file, []byte("theirs"), 0o640)
			}
			return nil
		}}
		err := f.Write(t.Context(), file, []byte(older), []byte(newer))
		if operr.KindOf(err) != operr.KindDrift {
			t.Errorf("%v", err)
		}
		holds(t, file, "theirs")
		alone(t, file)
	})
	t.Run("a file that is not there", func(t *testing.T) {
		if _, err := (store.File{}).Read(t.Context(), filepath.Join(t.TempDir(),
			"none.ini")); operr.KindOf(err) != operr.KindDrift {
			t.Errorf("%v", err)
		}
	})
}

// TestAnEqualFileIsReplaced: whoever puts the same bytes there again at that very moment, as what keeps files does each
// half an hour, has changed nothing.
func TestAnEqualFileIsReplaced(t *testing.T) {
	file, _ := folder(t)
	f := store.File{Before: func(op string) error {
		if op == "exchange" {
			return errors.Join(saves(file, older), os.Chmod(file, 0o640))
		}
		return nil
	}}
	if err := f.Write(t.Context(), file, []byte(older), []byte(newer)); err != nil {
		t.Error(err)
	}
	holds(t, file, newer)
	alone(t, file)
}
