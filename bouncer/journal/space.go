package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// leastSpace is how many bytes a disk must have left before a step begins. chosen: 1 MiB because an event takes 1 to
// 100 kB, and a step with its undo some dozens.
const leastSpace = 1 << 20

// hasSpace is the hint of a full disk.
const hasSpace = "free some space there; the same command then goes on"

// Space says that the disk of the journal at a path, or of the mirror's file, is full, or about to be: a step that has
// begun could then not be taken back, as no intent can be written. The error is of KindUnreachable. A disk that does
// not say is taken for one that has room.
func (m Mirror) Space(path string) error {
	err := space("journal", path)
	if err == nil && m.Path != "" {
		err = space("mirror", m.Path)
	}
	return err
}

func space(key, path string) error {
	var disk unix.Statfs_t
	if unix.Statfs(filepath.Dir(path), &disk) != nil || disk.Blocks == 0 {
		return nil
	}
	free := int64(disk.Bavail)
	if os.Geteuid() == 0 {
		free = int64(disk.Bfree)
	}
	if free *= int64(disk.Bsize); free >= leastSpace {
		return nil
	}
	return &operr.Error{Kind: operr.KindUnreachable, Subject: key + " " + path,
		Err: fmt.Errorf("its disk has %d bytes left, and a step wants %d", free, leastSpace), Hint: hasSpace}
}

// unwritten is the error of a line that could not be written to a path: of KindUnreachable where the disk is full.
func unwritten(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &operr.Error{Kind: operr.KindUnreachable, Subject: path, Err: err, Hint: hasSpace}
	}
	return fmt.Errorf("%s: %w", path, err)
}
