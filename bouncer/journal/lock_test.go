package journal

import (
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/planner"
)

func TestALockThatNobodyGivesIsNoOtherPgbudget(t *testing.T) {
	for err, want := range map[syscall.Errno]planner.Kind{syscall.EWOULDBLOCK: planner.KindBusy, syscall.ENOLCK: planner.KindUsage, syscall.ENOSYS: planner.KindUsage} {
		got := unlocked("journal x", err)
		if planner.KindOf(got) != want || strings.Contains(got.Error(), "another pgbudget") != (want == planner.KindBusy) {
			t.Errorf("%v: %v", err, got)
		}
	}
}
