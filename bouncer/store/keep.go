package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// Keep is a folder beside the journal, for its owner alone, in which three kinds of files lie for a while:
//
//	NAME             the bytes that a file had before it was written, until Settled
//	NAME.new         the hash of those that it is given, where a command writes it
//	NAME.temp-TEXT   the names of temporary files beside it, from before they are made until they are gone; before the
//	                 name that is exchanged with the file's the hashes of the bytes that it may have: old and new ones
//
// NAME is the file's name and a hash of where it is. Nothing is ever removed but these and what they name: where hashes
// stand before a name, only what has one of them. Each is on disk before what it is for begins. The zero Keep keeps
// nothing.
type Keep struct {
	Folder string                // for its owner alone (0700); empty: the zero Keep
	Before func(op string) error // as File's

	anyway bool // what cannot be kept is not, and nothing ends for it; see WriteAnyway
}

// Beside is the Keep of a journal; without a journal it is the zero Keep.
func Beside(journal string) Keep {
	if journal == "" {
		return Keep{}
	}
	return Keep{Folder: journal + ".before"}
}

const (
	newMark    = ".new"
	recordMark = ".temp-"
	tempMark   = ".pgbudget-" // in the name of every temporary file
)

// recordName is that of a record, with the text that the names in it have, too. Source: nameOf, crypto/rand.Text.
var recordName = regexp.MustCompile(`-[0-9a-f]{12}\.temp-([A-Z2-7]{26})$`)

// nameOf names what is kept of a file: by its own name, for people, and by where it is.
func nameOf(path string, where ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(append(where, path), "\x00")))
	return filepath.Base(path) + "-" + hex.EncodeToString(sum[:6])
}

// save keeps the old bytes of a file that is about to be given data. Where data is what is kept already, it is being
// put back, and stays kept: then it is not fresh.
func (k Keep) save(name string, old, data []byte) (fresh bool, err error) {
	fresh, err = k.saves(name, old, data)
	if err != nil && k.anyway {
		_ = k.settle(name) // a half of it is of no use
		return false, nil
	}
	return fresh, err
}

func (k Keep) saves(name string, old, data []byte) (fresh bool, err error) {
	if k.Folder == "" {
		return false, nil
	}
	kept, err := os.ReadFile(filepath.Join(k.Folder, name))
	if err == nil && bytes.Equal(kept, data) {
		return false, nil
	}
	sum := sha256.Sum256(data)
	for _, file := range []struct {
		name string
		data []byte
	}{{name, old}, {name + newMark, []byte(hex.EncodeToString(sum[:]))}} { // no write has begun while one of them is half
		made, err := k.create(file.name, os.O_TRUNC, file.data)
		if err != nil {
			return false, err
		}
		made.Close()
	}
	return true, k.sync()
}

// saved returns the path of the kept bytes; empty: there are none.
func (k Keep) saved(name string) string {
	if k.Folder == "" {
		return ""
	}
	path := filepath.Join(k.Folder, name)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

// whole reports whether a file holds what it did before it was written, or what it was given. Where nothing is kept,
// nothing is known against it.
func (k Keep) whole(name string, now []byte) bool {
	kept := k.saved(name)
	if kept == "" {
		return true
	}
	sum := sha256.Sum256(now)
	given, err := os.ReadFile(kept + newMark)
	if err != nil || len(given) < hex.EncodedLen(len(sum)) || string(given) == hex.EncodeToString(sum[:]) {
		return true
	}
	old, err := os.ReadFile(kept)
	return err != nil || bytes.Equal(old, now)
}

// settle removes what is kept of a file.
func (k Keep) settle(name string) error {
	if k.Folder == "" {
		return nil
	}
	var errs []error
	for _, mark := range []string{newMark, ""} {
		if err := os.Remove(filepath.Join(k.Folder, name+mark)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// temporaries chooses names beside a file for n temporary ones, which nobody has, and writes them down before they are
// made. Under the last of them Sweep removes nothing but what has one of these contents; none: whatever it has. done
// says that they are gone: where one is not, it stays written down.
func (k Keep) temporaries(real string, n int, contents ...[]byte) (paths []string, done func(), err error) {
	text := rand.Text()
	for i := range n {
		name := fmt.Sprintf(".%s%s%s-%d", filepath.Base(real), tempMark, text, i)
		paths = append(paths, filepath.Join(filepath.Dir(real), name))
	}
	if k.Folder == "" {
		return paths, func() {}, nil
	}
	lines := slices.Clone(paths)
	for _, data := range contents {
		sum := sha256.Sum256(data)
		lines[n-1] = hex.EncodeToString(sum[:]) + " " + lines[n-1]
	}
	name := nameOf(real) + recordMark + text
	record, err := k.create(name, os.O_EXCL, []byte(strings.Join(lines, "\n")))
	if err == nil {
		if err = k.sync(); err != nil {
			err = errors.Join(err, record.Close(), os.Remove(record.Name()))
		}
	}
	if err != nil && k.anyway {
		return paths, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return paths, func() {
		if !slices.ContainsFunc(paths, exists) {
			os.Remove(record.Name())
		}
		record.Close()
	}, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// create writes a file of the folder, locked, for its owner alone, and waits until its bytes are on disk. The caller
// closes it.
func (k Keep) create(name string, how int, data []byte) (*os.File, error) {
	if err := k.before("keep"); err != nil {
		return nil, err
	}
	if err := os.Mkdir(k.Folder, 0o700); err == nil {
		if err := syncFolder(filepath.Dir(k.Folder)); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(k.Folder, name), os.O_WRONLY|os.O_CREATE|syscall.O_NOFOLLOW|how, 0o600)
	if err != nil {
		return nil, err
	}
	for _, do := range []func() error{
		func() error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) },
		func() error { return k.before("write what is kept") },
		func() error { _, err := file.Write(data); return err },
		file.Sync,
	} {
		if err := do(); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", k.Folder, plain(err)), file.Close(), os.Remove(file.Name()))
		}
	}
	return file, nil
}

// sync makes the names in the folder durable.
func (k Keep) sync() error {
	if err := k.before("sync what is kept"); err != nil {
		return err
	}
	return syncFolder(k.Folder)
}

func (k Keep) before(op string) error {
	if k.Before == nil {
		return nil
	}
	return k.Before(op)
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
