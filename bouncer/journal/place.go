package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// inPlace makes sure that the open file is still the one that its path names, and as long as it was written. Log
// rotation and configuration management move files, replace and empty them: what is written after that is read by
// nobody. key is journal or mirror.
func inPlace(key, path string, file *os.File, size int64) error {
	own, err := file.Stat()
	if err != nil {
		return nil // the write that follows says why
	}
	named, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = errors.New("somebody moved or deleted the file while pgbudget wrote it")
	case err == nil && !os.SameFile(own, named):
		err = errors.New("another file has its name: the one that was written was moved, replaced or deleted")
	case err == nil && own.Size() != size:
		err = fmt.Errorf("the file has %d bytes, and pgbudget wrote %d: somebody else has changed the file", own.Size(), size)
	}
	if err == nil {
		return nil
	}
	return &operr.Error{Kind: operr.KindDrift, Subject: key + " " + path, Err: err,
		Hint: "keep log rotation and configuration management from it, put back the file that was written " +
			"(pgbudget journal import takes a mirror or an export), then go on with pgbudget status"}
}
