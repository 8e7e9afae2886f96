package journal

import (
	"errors"
	"os"
	"syscall"
)

// Busy reports whether a process holds the journal for writing now: a run is at work. One that died holds it no more.
// It waits for nothing and changes nothing; of a file that is not there, or may not be read, it reports false.
func Busy(path string) bool {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
