package plannertest

import (
	"syscall"
	"testing"
	"time"
)

// UserTime is the CPU time that this process has spent in its own code.
func UserTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}
