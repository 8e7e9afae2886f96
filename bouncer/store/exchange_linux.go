package store

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange gives each of two names of one folder what the other has, at once: renameat2(2), since Linux 3.15.
func exchange(a, b string) error {
	for {
		err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		if !errors.Is(err, unix.EINTR) { // as package os: a file system of a program's (FUSE) was not asked yet
			return err
		}
	}
}

// noExchange reports whether names cannot be exchanged there: EINVAL is the answer of NFS, CIFS and most of FUSE. Where
// a filter of system calls or a policy forbids it (EPERM, EACCES), a rename may still be allowed.
func noExchange(err error) bool {
	for _, e := range []error{errors.ErrUnsupported, unix.EINVAL, unix.EPERM, unix.EACCES} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
