package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pgbudget/pgbudget/planner"
)

// File is the files of this host.
type File struct {
	// Before, if not nil, is called before each operation on the file system; an error of it stops there. Tests die in it.
	Before func(op string) error
}

// tempMark is in the name of every temporary file, so that those that a crash left behind are known.
const tempMark = ".pgbudget-"

func (f File) before(op string) error {
	if f.Before == nil {
		return nil
	}
	return f.Before(op)
}

// Read returns a file's bytes. The error is of KindDrift where it is not there or may not be read.
func (f File) Read(_ context.Context, path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &planner.Error{Kind: planner.KindDrift, Subject: path, Err: plain(err), Hint: "config: of the process names the file as this host has it; it must be readable"}
	}
	return data, nil
}

// Write replaces a file's bytes where they are still old, and leaves it alone where they are new already. A symbolic
// link stays one: what it leads to is replaced. The errors, with the file as it was:
//
//	KindUsage       something else keeps the file and would put the old bytes back: see Managed
//	KindDrift       its bytes are neither: somebody else has changed it
//	KindUnforeseen  the file system refuses: no space, a read-only file or folder, an owner that may not be given
func (f File) Write(_ context.Context, path string, old, data []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return refused(path, err)
	}
	if why := f.Managed(path); why != "" {
		return &planner.Error{Kind: planner.KindUsage, Err: errors.New(why), Hint: "change the size where the file comes from; --emit patch prints the change"}
	}
	removeLeftOver(real)
	if now, err := os.ReadFile(real); err == nil && bytes.Equal(now, data) {
		return nil
	}
	info, err := os.Stat(real)
	if err != nil {
		return refused(path, err)
	}
	if info.Mode().Perm()&0o222 == 0 { // the owner of a folder could replace it all the same; who made it read-only meant it
		return refused(path, fmt.Errorf("it is read-only (mode %v)", info.Mode().Perm()))
	}
	temp, err := f.temporary(real, info, data)
	if err != nil {
		return refused(path, err)
	}
	if err := f.swap(temp, real, old, data); err != nil {
		os.Remove(temp)
		if planner.KindOf(err) == planner.KindDrift {
			return err
		}
		return refused(path, err)
	}
	return nil
}

// temporary writes data into a new file beside real and returns its name.
func (f File) temporary(real string, like fs.FileInfo, data []byte) (name string, err error) {
	if err := f.before("create"); err != nil {
		return "", err
	}
	temp, err := os.CreateTemp(filepath.Dir(real), "."+filepath.Base(real)+tempMark+"*")
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, temp.Close())
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	for _, step := range []struct {
		op string
		do func() error
	}{
		{"chown", func() error { // before the mode: a change of owner may take bits away, and nobody else may read it yet
			owner, ok := like.Sys().(*syscall.Stat_t)
			if !ok || int(owner.Uid) == os.Geteuid() && int(owner.Gid) == os.Getegid() {
				return nil
			}
			return temp.Chown(int(owner.Uid), int(owner.Gid))
		}},
		{"chmod", func() error { return temp.Chmod(like.Mode().Perm()) }},
		{"write", func() error { _, err := temp.Write(data); return err }},
		{"sync", temp.Sync},
	} {
		if err := f.before(step.op); err != nil {
			return temp.Name(), err
		}
		if err := step.do(); err != nil {
			return temp.Name(), err
		}
	}
	return temp.Name(), nil
}

// swap gives the temporary file the real one's name, where that still has its old bytes.
func (f File) swap(temp, real string, old, data []byte) error {
	if err := f.before("compare"); err != nil {
		return err
	}
	now, err := os.ReadFile(real)
	if err != nil {
		return err
	}
	if bytes.Equal(now, data) {
		os.Remove(temp)
		return nil
	}
	if !bytes.Equal(now, old) {
		return &planner.Error{Kind: planner.KindDrift, Subject: real, Err: errors.New("somebody else changed it between the look and the write; nothing was written"),
			Hint: "see what was changed, RELOAD it or take it back, and run again"}
	}
	folder, err := os.Open(filepath.Dir(real)) // before: what cannot be made durable is not begun
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := f.before("rename"); err != nil {
		return err
	}
	if err := os.Rename(temp, real); err != nil {
		return err
	}
	if err := f.before("sync folder"); err != nil {
		return err
	}
	if err := folder.Sync(); err != nil {
		return &planner.Error{Kind: planner.KindDrift, Subject: real, Err: fmt.Errorf("it is written, and whether that outlives a crash of the host is not known: %w", plain(err)),
			Hint: "look at the file and its disk"}
	}
	return nil
}

// removeLeftOver removes temporary files that a crash has left beside the file. One writer at a time has been made sure
// of by the locks of whoever writes.
func removeLeftOver(real string) {
	entries, err := os.ReadDir(filepath.Dir(real))
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "."+filepath.Base(real)+tempMark) && e.Type().IsRegular() {
			os.Remove(filepath.Join(filepath.Dir(real), e.Name()))
		}
	}
}

func refused(path string, err error) error {
	return &planner.Error{Subject: path, Err: fmt.Errorf("it cannot be written, and is as it was: %w", plain(err)),
		Hint: "look at the space of its disk, its mode and owner, and those of its folder; then run again"}
}

// plain takes the path out of an error that is about it already.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
