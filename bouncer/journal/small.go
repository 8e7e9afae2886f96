package journal

import (
	"fmt"
	"io"
	"os"
)

// small is the length of the longest file that ReadSmall reads. chosen: a name, a time and a reason are in it many
// times over.
const small = 4 << 10

// ReadSmall reads a small file that stands beside a journal. It waits for nobody and reads no more than a little: what
// is no regular file, or has more than 4 KiB, is an error; so is a file that is not there, which fs.ErrNotExist and
// os.IsNotExist tell.
func ReadSmall(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, want a file", path, kindOf(info.Mode()))
	}
	file, err := openAtOnce(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, small+1))
	if err == nil && len(text) > small {
		err = fmt.Errorf("%s has more than %d bytes", path, small)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
