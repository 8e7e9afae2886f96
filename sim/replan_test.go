package sim

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARunPlansAnewWhereALoadLeavesItsInterval doubles a load for good in the middle of a run: the run ends at the plan
// for the load that it finds, and says that it was made anew. A run that may not plan anew ends at the plan it began
// with.
func TestARunPlansAnewWhereALoadLeavesItsInterval(t *testing.T) {
	for _, replans := range []bool{true, false} {
		x := newRig(t, 9) // one of those that no fault meets meanwhile
		pool := x.w.spec.Pools[0].ID
		first := x.goal
		x.policy.Percent, x.policy.Soak = 5, 40*time.Second
		x.w.loads[0].surge = 1.5
		x.w.refactor(&x.w.loads[0])
		r := x.rebalancer()
		r.Replans = replans
		report, err := r.Run(t.Context(), x.goal, state.JournalState{})
		if err != nil {
			t.Fatal(err)
		}
		anew := 0
		for _, e := range x.events {
			if e.Kind == state.Replanned {
				anew++
				x.goal = *e.Goal
			}
		}
		if !replans {
			if anew > 0 {
				t.Errorf("planned anew %d times", anew)
			}
			continue
		}
		was, _ := first.Pool(pool)
		is, _ := x.goal.Pool(pool)
		if anew == 0 || is.Size <= was.Size {
			t.Errorf("%d plans; %s to %d, then to %d: %s: %s", anew, pool, was.Size, is.Size, report.Outcome,
				report.Reason.Text())
		}
		x.arrived(9, report)
		if len(x.broken) > 0 {
			t.Error(x.broken[0])
		}
	}
}
