package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// refuses tries and then writes: both refuse, before anything has changed, and leave nothing behind.
func refuses(t *testing.T, file, says string) {
	t.Helper()
	keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
	f := store.File{Keep: keep}
	for what, err := range map[string]error{
		"tried":   f.Try(t.Context(), file, []byte(newer)),
		"written": f.Write(t.Context(), file, []byte(older), []byte(newer)),
	} {
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "is unchanged") ||
			operr.HintOf(err) == "" {
			t.Errorf("%s: %v, want %q", what, err, says)
		}
		if what == "tried" && operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%s: kind %d", what, operr.KindOf(err))
		}
	}
	if names := listed(t, keep.Folder); len(names) > 0 {
		t.Errorf("kept: %v", names)
	}
	holds(t, file, older)
	alone(t, file)
	for what, err := range map[string]error{
		"tried":   f.Try(t.Context(), file, []byte(older)),
		"written": f.Write(t.Context(), file, []byte(newer), []byte(older)),
	} {
		if err != nil {
			t.Errorf("%s: a file that says it already needs no write: %v", what, err)
		}
	}
}

func TestATryTouchesNothingAndLeavesNothing(t *testing.T) {
	file, link := attributed(t)
	set(t, file, accessACL, acl())
	before, stat := described(t, file), inode(t, file)
	keep := store.Keep{Folder: filepath.Join(t.TempDir(), "kept")}
	if err := (store.File{Keep: keep}).Try(t.Context(), link, []byte(newer)); err != nil {
		t.Fatal(err)
	}
	holds(t, file, older)
	alone(t, file)
	if names := listed(t, keep.Folder); len(names) > 0 || inode(t, file) != stat || !maps.Equal(described(t, file),
		before) {
		t.Errorf("left: %v, inode %d", names, inode(t, file))
	}
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestAFileThatCannotBeReplacedIsRefusedBeforehand(t *testing.T) {
	t.Run("a read-only file", func(t *testing.T) {
		file, _ := folder(t)
		if err := os.Chmod(file, 0o440); err != nil {
			t.Fatal(err)
		}
		refuses(t, file, "read-only")
	})
	t.Run("a file of two names", func(t *testing.T) {
		file, _ := folder(t)
		if err := os.Link(file, filepath.Join(t.TempDir(), "other.ini")); err != nil {
			t.Fatal(err)
		}
		refuses(t, file, "2 names")
	})
	t.Run("a disk that is full", func(t *testing.T) {
		file, _ := folder(t)
		// nothing can be kept; the file cannot be written
		for most, says := range map[int]string{1: "its old bytes", 2000: "is unchanged: file too large"} {
			for _, what := range []string{"try", "write"} {
				said, err := started(what, file, filepath.Join(t.TempDir(), "kept"), 0, func(cmd *exec.Cmd) {
					cmd.Env = append(cmd.Env, fmt.Sprint("STORE_LIMIT=", most))
				})
				if err == nil || !strings.Contains(said, says) || !strings.Contains(said, "file too large") {
					t.Errorf("%s: %v: %s", what, err, said)
				}
				holds(t, file, older)
				alone(t, file)
			}
		}
	})
	t.Run("a pipe", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (store.File{}).Read(t.Context(), path); operr.KindOf(err) != operr.KindDrift ||
			!strings.Contains(err.Error(), "no regular file") {
			t.Errorf("%v", err)
		}
	})
}

// TestAFolderThatTakesNoFileIsRefused runs as nobody where this test is root, whom a mode keeps from nothing.
func TestAFolderThatTakesNoFileIsRefused(t *testing.T) {
	file, _ := shared(t)
	if err := os.Chmod(filepath.Dir(file), 0o555); err != nil {
		t.Fatal(err)
	}
	said, err := started("try", file, filepath.Join(t.TempDir(), "kept"), 0, nobody)
	if err == nil || !strings.Contains(said, fmt.Sprint(int(operr.KindUsage), " ")) ||
		!strings.Contains(said, "permission denied") {
		t.Errorf("%v: %s", err, said)
	}
	holds(t, file, older)
	alone(t, file)
}

// TestAnOwnerThatCannotBeGivenIsRefused has a file of root's in a folder in which nobody may make new ones.
func TestAnOwnerThatCannotBeGivenIsRefused(t *testing.T) {
	file, _ := shared(t)
	if os.Geteuid() != 0 {
		t.Log("not root: nobody else's file can be made here; see TestAnAttributeThatCannotBeGivenIsNamed")
		return
	}
	if err := os.Chmod(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"try", "write"} {
		said, err := started(what, file, "", 0, nobody)
		if err == nil || !strings.Contains(said,
			"owner and group 0:0 cannot be given to a new file: operation not permitted") {
			t.Errorf("%s: %v: %s", what, err, said)
		}
		holds(t, file, older)
		alone(t, file)
	}
}

// shared is a folder with the file and its link that everybody may read.
func shared(t *testing.T) (file, link string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "store-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700); os.RemoveAll(dir) })
	file, link = filledFolder(t, dir)
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(file, 0o644)); err != nil {
		t.Fatal(err)
	}
	return file, link
}

// nobody makes a program nobody's, where it would be root's. The test binary lies in a folder of root's: it is opened
// before.
func nobody(cmd *exec.Cmd) {
	if os.Geteuid() != 0 {
		return
	}
	self, err := os.Open(os.Args[0])
	if err != nil {
		panic(err)
	}
	cmd.ExtraFiles = []*os.File{self}
	cmd.Path, cmd.Dir = "/proc/self/fd/3", "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// TestAFileThatIsAMountIsRefused mounts a file over the file, as containers do, in a world of mounts of its own.
func TestAFileThatIsAMountIsRefused(t *testing.T) {
	file, _ := folder(t)
	other := filepath.Join(t.TempDir(), "other.ini")
	if err := os.WriteFile(other, []byte(older), 0o640); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"try", "write"} {
		said, err := started(what, file, "", 0, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "STORE_MOUNT="+other)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		})
		if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran || strings.Contains(said, "no mount:") {
			t.Logf("this machine gives no world of mounts (%v %s); TestTheListOfMountsIsRead reads a list", err, said)
			return
		}
		if err == nil || !strings.HasPrefix(said, fmt.Sprint(int(operr.KindUsage), " ")) ||
			!strings.Contains(said, "a mount of its own") {
			t.Errorf("%s: %v: %s", what, err, said)
		}
		alone(t, file)
		holds(t, other, older)
	}
}

// TestAFlagOfLsattrRefuses sets i and a on the file, and on its folder, where this test may.
func TestAFlagOfLsattrRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		folder bool
		flag   int
		says   string
	}{
		"i": {false, 0x10, "the file has the flag i of lsattr"}, "a": {false, 0x20, "the file has the flag a of lsattr"},
		"i of the folder": {true, 0x10, "its folder has the flag i of lsattr"}, "a of the folder": {true, 0x20,
			"its folder has the flag a of lsattr"},
	} {
		t.Run(name, func(t *testing.T) {
			file, _ := folder(t)
			path := file
			if c.folder {
				path = filepath.Dir(file)
			}
			undo, err := flagged(path, c.flag)
			if err != nil {
				t.Logf("flags cannot be set here (%v); TestEachInodeFlagHasItsLetter reads them", err)
				return
			}
			defer undo()
			refuses(t, file, c.says)
		})
	}
	t.Run("d stays", func(t *testing.T) {
		file, _ := folder(t)
		if _, err := flagged(file, 0x40|0x80); err != nil {
			t.Logf("flags cannot be set here: %v", err)
			return
		}
		before := flags(t, file)
		if err := (store.File{}).Write(t.Context(), file, []byte(older), []byte(newer)); err != nil ||
			flags(t, file) != before {
			t.Errorf("%x, and was %x (%v)", flags(t, file), before, err)
		}
	})
}

// flagged sets flags of a file until undo.
func flagged(path string, flag int) (undo func(), err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	was, err := unix.IoctlGetUint32(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, int(was)|flag)
	}
	return func() {
		_ = unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, int(was))
		file.Close()
	}, err
}

func flags(t *testing.T, path string) uint32 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n, err := unix.IoctlGetUint32(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		t.Fatal(err)
	}
	return n & (0x40 | 0x80)
}
