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

	"github.com/pgbudget/pgbudget/planner/operr"
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
		return nil, &operr.Error{Kind: operr.KindDrift, Subject: path, Err: plain(err),
			Hint: "config: of the process names the file as this host has it; it must be readable"}
	}
	return data, nil
}

// IsCopy reports whether a path leads to another file of this host than of does, and both have the same bytes. Where a
// process lives behind a mount of its own, of may be any file here, which has other bytes.
func (f File) IsCopy(path, of string) bool {
	a, err := os.Stat(path)
	b, missing := os.Stat(of)
	if err != nil || missing != nil || !a.Mode().IsRegular() || !b.Mode().IsRegular() || os.SameFile(a, b) ||
		a.Size() != b.Size() {
		return false
	}
	data, err := os.ReadFile(path)
	return err == nil && holds(of, data)
}

// Write replaces a file's bytes where they are still old, and leaves it alone where they are new already, whatever
// keeps it from being written. A symbolic link stays one: what it leads to is replaced. Owner, group, mode, ACL,
// extended attributes and flags stay. The old bytes are kept until Settled. The errors, with the file as it was:
//
//	KindUsage       it is not to be written, or cannot be without a loss: see Try
//	KindDrift       its bytes are neither, or its mode or owner has changed meanwhile: somebody else is at work; see swap
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
	written, err := f.replace(real, like, old, data)
	if err == nil {
		return nil
	}
	if fresh && !written {
		err = joined(err, f.Keep.settle(nameOf(real)))
	}
	switch {
	case operr.KindOf(err) == operr.KindDrift:
		return err
	case written:
		err = fmt.Errorf("the file is written, and whether the write survives a crash of the host is not known: %w",
			plain(err))
		return &operr.Error{Kind: operr.KindDrift, Subject: path, Err: err, Hint: "check the file and its disk"}
	}
	return refused(path, err)
}

// WriteAnyway is Write that does not end for what cannot be kept: the journal's disk may be full. It is for bytes
// that are given back, and for a flush that is not to stay. The errors are those of Write.
func (f File) WriteAnyway(ctx context.Context, path string, old, data []byte) error {
	f.Keep.anyway = true
	return f.Write(ctx, path, old, data)
}

// Try does to two files of its own beside a file what Write would do to the file: it makes both with the file's
// attributes, gives one the data, puts it in the place of the other, and removes both. The file is read, never touched.
// A file that holds the data needs no write, and nothing is tried. Refused, of KindUsage, is what Write refuses:
//
//   - a file that something else keeps: see Managed
//   - a read-only file, and one with the flag i or a of lsattr, or in a folder with one
//   - a file that is a mount of its own: no other can be renamed over it
//   - a file of several names (hard links): the others would keep the old bytes, and writing it in place instead
//     would leave it half after a crash
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
	names, done, err := f.Keep.temporaries(real, 3)
	if err != nil {
		return tried(path, fmt.Errorf("its old bytes could not be kept: %w", err))
	}
	defer done()
	err = f.temporary(names[0], like, nil)
	if err == nil {
		defer os.Remove(names[0])
		_, err = f.place(names[1], names[2], names[0], like, nil, data)
	}
	return tried(path, err)
}

// tried refuses what a try has shown.
func tried(path string, err error) error {
	if err == nil {
		return nil
	}
	e := refused(path, err)
	e.Kind = operr.KindUsage
	return e
}

// Settled removes what is kept of a file: its process has what was written, or the file is as it was. The error is
// that of finding or removing it; calling again is safe.
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

func drifted(path string) error {
	return &operr.Error{Kind: operr.KindDrift, Subject: path,
		Err:  errors.New("somebody else changed the file between the sample and the write; nothing was written"),
		Hint: "find out what was changed, RELOAD to apply the change or take it back, and run again"}
}

// refused is the error for a file that is as it was.
func refused(path string, err error) *operr.Error {
	e := &operr.Error{Subject: path, Err: fmt.Errorf("the file cannot be written and is unchanged: %w", plain(err)),
		Hint: "check the free space of its disk, its mode and owner, and those of its folder; then run again"}
	if _, ok := errors.AsType[*unkept](err); ok {
		e.Kind, e.Hint = operr.KindUsage, "run pgbudget as root or as the file's owner, or give read: and write: "+
			"commands under config: of the process"
	}
	return e
}

// plain takes the path out of an error that is about it already; an error that says more around it stays.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Error() == err.Error() {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok && e.Error() == err.Error() {
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
