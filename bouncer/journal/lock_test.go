package journal

import (
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestALockThatNobodyGivesIsNoOtherPgbudget(t *testing.T) {
	for err, want := range map[syscall.Errno]operr.Kind{syscall.EWOULDBLOCK: operr.KindBusy,
		syscall.ENOLCK: operr.KindUsage, syscall.ENOSYS: operr.KindUsage} {
		got := unlocked("journal x", err)
		if operr.KindOf(got) != want || strings.Contains(got.Error(), "another pgbudget") != (want == operr.KindBusy) {
			t.Errorf("%v: %v", err, got)
		}
	}
}
