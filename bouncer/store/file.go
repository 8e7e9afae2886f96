package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/planner"
)

// File is the files of this host.
type File struct {
	Keep Keep // of what is being written

	// Before, if not nil, is called before each operation on the file system; an error of it stops there. Tests die in it.
	Before func(op string) error
}

func (f File) before(op string) error {
	if f.Before == nil {
		return nil
	}
	return f.Before(op)
}

// Read returns a file's bytes. The error is of KindDrift where it is not there or may not be read.
func (f File) Read(_ context.Context, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file") // and reading a pipe waits for its writer
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, &planner.Error{Kind: planner.KindDrift, Subject: path, Err: plain(err), Hint: "config: of the process names the file as this host has it; it must be readable"}
	}
	return data, nil
}

// Write replaces a file's bytes where they are still old, and leaves it alone where they are new already, whatever keeps
// it from being written. A symbolic link stays one: what it leads to is replaced. Owner, group, mode, ACL, extended
// attributes and flags stay. The old bytes are kept until Settled. The errors, with the file as it was:
//
//	KindUsage       it is not to be written, or cannot be without a loss: see Try
//	KindDrift       its bytes are neither: somebody else has changed it
//	KindUnforeseen  the file system refuses: no space, an error of the disk
func (f File) Write(_ context.Context, path string, old, data []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return refused(path, err)
	}
	if holds(real, data) {
		return nil
	}
	like, err := f.examine(path, real)
	if err != nil {
		return err
	}
	fresh, err := f.Keep.save(nameOf(real), old, data)
	if err != nil {
		return refused(path, fmt.Errorf("its old bytes cannot be kept: %w", err))
	}
	renamed, err := f.replace(real, like, old, data)
	switch {
	case err == nil:
		return nil
	case renamed:
		return &planner.Error{Kind: planner.KindDrift, Subject: path, Err: fmt.Errorf("it is written, and whether that outlives a crash of the host is not known: %w", plain(err)),
			Hint: "look at the file and its disk"}
	case fresh:
		err = joined(err, f.Keep.settle(nameOf(real)))
	}
	if planner.KindOf(err) == planner.KindDrift {
		return err
	}
	return refused(path, err)
}

// Try does to two files of its own beside a file what Write would do to the file: it makes both with the file's
// attributes, gives one the data, puts it in the place of the other, and removes it. The file is read and never touched.
// A file that holds the data needs no write, and nothing is tried. Refused, of KindUsage, is what Write refuses:
//
//   - a file that something else keeps: see Managed
//   - a read-only file, and one with the flag i or a of lsattr, or in a folder with one
//   - a file that is a mount of its own: no other can be renamed over it
//   - a file of several names (hard links): the others would keep the old bytes. Writing it in place instead would leave
//     it half after a crash.
//   - an owner, mode, ACL or attribute that a new file cannot be given
//   - a folder, a disk or a quota that does not take a new file
func (f File) Try(_ context.Context, path string, data []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return refused(path, err)
	}
	if holds(real, data) {
		return nil
	}
	like, err := f.examine(path, real)
	if err != nil {
		return err
	}
	names, done, err := f.Keep.temporaries(real, 2)
	if err != nil {
		return tried(path, fmt.Errorf("its old bytes could not be kept: %w", err))
	}
	defer done()
	place, temp := names[0], names[1]
	err = f.temporary(place, like, nil)
	if err == nil {
		defer os.Remove(place)
		if err = f.temporary(temp, like, data); err == nil {
			if _, err = f.rename(temp, place); err != nil {
				os.Remove(temp)
			}
		}
	}
	return tried(path, err)
}

// tried refuses what a try has shown.
func tried(path string, err error) error {
	if err == nil {
		return nil
	}
	e := refused(path, err)
	e.Kind = planner.KindUsage
	return e
}

// Settled removes what is kept of a file: its process has what was written, or the file is as it was.
func (f File) Settled(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return f.Keep.settle(nameOf(real))
}

// Saved returns where the bytes are that a file had before it was written; empty: it is settled.
func (f File) Saved(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return f.Keep.saved(nameOf(real))
}

// holds reports whether a regular file holds the data.
func holds(real string, data []byte) bool {
	if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(data)) {
		return false
	}
	now, err := os.ReadFile(real)
	return err == nil && bytes.Equal(now, data)
}

// examine reads what a new file has to be given, and refuses what cannot be replaced.
func (f File) examine(path, real string) (attributes, error) {
	if why := f.Managed(path); why != "" {
		return attributes{}, &planner.Error{Kind: planner.KindUsage, Err: errors.New(why), Hint: "change the size where the file comes from; --emit patch prints the change"}
	}
	file, err := os.OpenFile(real, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return attributes{}, refused(path, err)
	}
	defer file.Close()
	folder, err := os.Open(filepath.Dir(real))
	if err != nil {
		return attributes{}, refused(path, fmt.Errorf("its folder: %w", plain(err)))
	}
	defer folder.Close()
	like, err := attributesOf(file)
	if err != nil {
		return like, refused(path, err)
	}
	return like, like.replaceable(path, real, inodeOf(folder))
}

// replaceable refuses a file that another cannot take the place of.
func (a attributes) replaceable(path, real string, folder inode) error {
	refuse := func(hint, format string, args ...any) error {
		return &planner.Error{Kind: planner.KindUsage, Subject: path, Err: fmt.Errorf("it cannot be written, and is as it was: "+format, args...), Hint: hint}
	}
	switch {
	case a.mode.Perm()&0o222 == 0: // the owner of a folder could replace it all the same; who made it read-only meant it
		return refuse("chmod u+w "+real+" if pgbudget may write it", "it is read-only (mode %v)", a.mode.Perm())
	case a.inode.pinned() != "":
		return refuse("see lsattr; chattr -"+a.inode.pinned()+" "+real+" if pgbudget may write it", "it has the flag %s of lsattr", a.inode.pinned())
	case folder.pinned() != "":
		return refuse("see lsattr -d; chattr -"+folder.pinned()+" "+filepath.Dir(real)+" if pgbudget may write in it", "its folder has the flag %s of lsattr", folder.pinned())
	case mounted(real):
		return refuse("mount its folder instead of the file, or give read: and write: commands under config: of the process",
			"it is a mount of its own, and no new file can take its place")
	case a.names > 1:
		return refuse("find the others with find -samefile "+real+", and make them symbolic links", "it has %d names (hard links), and the others would keep the old bytes", a.names)
	}
	return nil
}

// replace writes a new file beside real and gives it the real one's name, where that still has its old bytes.
func (f File) replace(real string, like attributes, old, data []byte) (renamed bool, err error) {
	names, done, err := f.Keep.temporaries(real, 1)
	if err != nil {
		return false, err
	}
	defer done()
	temp := names[0]
	if err := f.temporary(temp, like, data); err != nil {
		return false, err
	}
	if renamed, err = f.swap(temp, real, old, data); !renamed {
		os.Remove(temp)
	}
	return renamed, err
}

// temporary makes a file of that name with data in it and with the attributes.
func (f File) temporary(name string, like attributes, data []byte) (err error) {
	if err := f.before("create"); err != nil {
		return err
	}
	temp, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // nobody else may read it yet
	if err != nil {
		return err
	}
	defer func() {
		if err = joined(err, temp.Close()); err != nil {
			os.Remove(name)
		}
	}()
	for _, step := range []struct {
		op string
		do func() error
	}{
		{"flags", func() error { return like.inode.give(temp) }},
		{"write", func() error { _, err := temp.Write(data); return err }},
		{"attributes", func() error { return like.give(temp) }},
		{"sync", temp.Sync},
	} {
		if err := f.before(step.op); err != nil {
			return err
		}
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

// swap gives the temporary file the real one's name, where that still has its old bytes.
func (f File) swap(temp, real string, old, data []byte) (renamed bool, err error) {
	if err := f.before("compare"); err != nil {
		return false, err
	}
	now, err := os.ReadFile(real)
	switch {
	case err != nil:
		return false, err
	case bytes.Equal(now, data):
		return false, nil
	case !bytes.Equal(now, old):
		return false, drifted(real)
	}
	return f.rename(temp, real)
}

// rename gives a file another's name, and waits until that is on disk.
func (f File) rename(temp, real string) (renamed bool, err error) {
	folder, err := os.Open(filepath.Dir(real)) // before: what cannot be made durable is not begun
	if err != nil {
		return false, err
	}
	defer folder.Close()
	if err := f.before("rename"); err != nil {
		return false, err
	}
	if err := os.Rename(temp, real); err != nil {
		return false, err
	}
	if err := f.before("sync folder"); err != nil {
		return true, err
	}
	return true, folder.Sync()
}

func drifted(path string) error {
	return &planner.Error{Kind: planner.KindDrift, Subject: path, Err: errors.New("somebody else changed it between the look and the write; nothing was written"),
		Hint: "see what was changed, RELOAD it or take it back, and run again"}
}

// refused is the error for a file that is as it was.
func refused(path string, err error) *planner.Error {
	e := &planner.Error{Subject: path, Err: fmt.Errorf("it cannot be written, and is as it was: %w", plain(err)),
		Hint: "look at the space of its disk, its mode and owner, and those of its folder; then run again"}
	if _, ok := errors.AsType[*unkept](err); ok {
		e.Kind, e.Hint = planner.KindUsage, "run pgbudget as root or as the file's owner, or give read: and write: commands under config: of the process"
	}
	return e
}

// plain takes the path out of an error that is about it already.
func plain(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}

// joined joins two errors, and leaves one as it is.
func joined(a, b error) error {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return errors.Join(a, b)
}
