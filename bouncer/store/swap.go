package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// swapping is a new file, complete under a temporary name, that is to take a real one's place.
type swapping struct {
	File
	temp, real string
	ours       found            // the new file
	isOld      func(found) bool // it is the file that ours is to replace
	moved      bool             // names have changed
	kept       bool             // the temporary name has what is somebody else's
}

// swap gives the new file the real one's name, where that still has its old bytes and attributes, and waits until that
// is on disk. Between a sample and a rename there is always a moment. So the two names are exchanged, and what has come
// out is observed afterwards: what somebody else has put there, or written into the file, is put back.
//
// Where names cannot be exchanged (NFS, most of FUSE, systems other than Linux), the file is compared once more just
// before the new one is renamed over it: there a moment remains. Everywhere one remains for whoever has opened the file
// to write, without cutting it off, and writes after the sample.
//
// written: the real name has the new bytes, or may have. The temporary name is gone, or an error says what it has.
func (f File) swap(temp, real string, like attributes, old, data []byte) (written bool, err error) {
	s := swapping{File: f, temp: temp, real: real}
	s.isOld = func(x found) bool { return x.is(like, sha256.Sum256(old)) }
	folder, err := os.Open(filepath.Dir(real)) // before: what cannot be made durable is not begun
	if err == nil {
		defer folder.Close()
		written, err = s.take(sha256.Sum256(data))
	}
	if !s.kept {
		os.Remove(temp) // where it cannot be, its record stays, and Sweep removes it
	}
	if !s.moved {
		return written, err
	}
	if gone := f.before("sync folder"); gone != nil {
		return written, joined(err, gone)
	}
	return written, joined(err, folder.Sync())
}

// take compares, and gives the new file the real name.
func (s *swapping) take(data sum) (written bool, err error) {
	if err := s.before("compare"); err != nil {
		return false, err
	}
	if s.ours, err = inspect(s.temp); err != nil {
		return false, err
	}
	now, err := inspect(s.real)
	switch {
	case taken(err):
		return false, drifted(s.real)
	case err != nil:
		return false, err
	case now.sum == data:
		return false, nil
	case !s.isOld(now):
		return false, drifted(s.real)
	}
	err = s.exchange("exchange")
	switch {
	case err == nil:
		out, err := s.out()
		if err == nil && s.isOld(out) {
			return true, nil
		}
		return s.back(err)
	case noExchange(err):
		return s.rename()
	case errors.Is(err, fs.ErrNotExist):
		return false, drifted(s.real)
	}
	return false, err
}

// taken reports whether a file could be read and no longer can, which is somebody's doing.
func taken(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) }

// rename is for where names cannot be exchanged.
func (s *swapping) rename() (written bool, err error) {
	if err := s.before("rename"); err != nil {
		return false, err
	}
	now, err := inspect(s.real)
	if taken(err) || err == nil && !s.isOld(now) {
		return false, drifted(s.real)
	}
	if err == nil {
		err = os.Rename(s.temp, s.real)
	}
	s.moved = err == nil
	return s.moved, err
}

func (s *swapping) exchange(op string) error {
	if err := s.before(op); err != nil {
		return err
	}
	err := exchange(s.temp, s.real)
	s.moved = s.moved || err == nil
	return err
}

// out reads what an exchange has brought under the temporary name.
func (s *swapping) out() (found, error) {
	if err := s.before("inspect"); err != nil {
		return found{}, err
	}
	return inspect(s.temp)
}

// most is how often names are exchanged back. chosen: 8 because nobody saves a file that
// often within milliseconds.
const most = 8

// back puts what came out of an exchange back in its place. Whoever has come there meanwhile has written later still:
// that is put back, and what it took the place of stays under the temporary name. unread is why what came out could not
// be observed; nil: it was, and is somebody's.
func (s *swapping) back(unread error) (written bool, err error) {
	s.kept = true
	put := s.ours // what the real name was given last
	for range most {
		held, _ := inspect(s.temp) // unread: then nothing is the same
		if err := s.exchange("exchange back"); err != nil {
			return true, s.stranded(err)
		}
		out, err := s.out()
		switch {
		case err != nil:
			return false, changed(s.real, "their file is in place, and the bytes in "+s.temp+" cannot be read")
		case !out.same(put):
			put = held
			continue
		case !put.same(s.ours):
			return false, changed(s.real, "their file is in place, and the bytes that stood there just before are in "+s.temp)
		}
		s.kept = false
		if unread != nil && !taken(unread) {
			return false, unread
		}
		return false, changed(s.real, "their file is in place again")
	}
	return true, s.stranded(errors.New("the file was changed again at each try"))
}

// stranded is the error for what could not be put back.
func (s *swapping) stranded(err error) error {
	return &operr.Error{Kind: operr.KindDrift, Subject: s.real,
		Err: fmt.Errorf("somebody else changed the file at the same moment; their bytes could not be put back and are in "+
			"%s: %w", s.temp, plain(err)),
		Hint: "check both files at once, put the right one in place, RELOAD, and remove the other"}
}

// changed is the error for a file that somebody changed while it was being written.
func changed(path, what string) error {
	return &operr.Error{Kind: operr.KindDrift, Subject: path,
		Err:  errors.New("somebody else changed the file at the same moment: " + what + "; nothing was written"),
		Hint: "find out what was changed, RELOAD to apply the change or take it back, and run again"}
}
