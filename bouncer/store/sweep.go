package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// Sweep removes the temporary files that a pgbudget has left which is no more, by what it wrote down of them. It is
// for whoever holds the journal; a dry run may be at work meanwhile, and its files stay. Errors are joined, one for
// each file that could not be removed; a folder that is not there is none.
func (k Keep) Sweep() error {
	if k.Folder == "" {
		return nil
	}
	entries, err := os.ReadDir(k.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if m := recordName.FindStringSubmatch(e.Name()); m != nil && e.Type().IsRegular() {
			errs = append(errs, k.sweep(e.Name(), m[1]))
		}
	}
	return errors.Join(errs...)
}

// sweep removes the files that one record names, and then the record.
func (k Keep) sweep(name, text string) error {
	record, err := os.OpenFile(filepath.Join(k.Folder, name), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer record.Close()
	if syscall.Flock(int(record.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // whoever wrote it is at work
	}
	data, err := io.ReadAll(record)
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.SplitSeq(string(data), "\n") {
		path, sums := line, ""
		if i := strings.Index(line, " /"); i > 0 && hashes.MatchString(line[:i]) {
			path, sums = line[i+1:], line[:i]
		}
		if !filepath.IsAbs(path) || !strings.Contains(filepath.Base(path), tempMark+text+"-") {
			continue // cut off: nothing was made yet
		}
		errs = append(errs, drop(path, strings.Fields(sums)))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.Remove(record.Name())
}

// hashes stand before a name in a record.
var hashes = regexp.MustCompile(`^[0-9a-f]{64}( [0-9a-f]{64})*$`)

// drop removes a temporary file; where sums are given, only one whose bytes have one of them. Anything else was put
// under the file's name by somebody just when that was exchanged.
func drop(path string, sums []string) error {
	if len(sums) > 0 {
		x, err := inspect(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !slices.Contains(sums, hex.EncodeToString(x.sum[:])) {
			return joined(fmt.Errorf("%s has the bytes that somebody else wrote at the same moment: use them as needed, then "+
				"remove the file", path), err)
		}
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
