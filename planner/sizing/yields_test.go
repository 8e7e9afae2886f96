package sizing_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestWhatALimitOverPoolsLeavesUntriedIsNotProved has two pools of one user: where its limit keeps them from one more,
// other sizes are possible and were not tried, and where it does not, the plan is proved.
func TestWhatALimitOverPoolsLeavesUntriedIsNotProved(t *testing.T) {
	for _, c := range []struct {
		limit  int
		proved bool
	}{{0, true}, {200, true}, {14, false}} {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("a", 6, 0, 3, "app1"), plannertest.SeenAlias("b", 6, 0, 3,
			"app1"))
		plannertest.Quarter(b)
		for _, o := range []*fleet.Observation{&a, &b} {
			if c.limit > 0 {
				o.Processes[0].Users = []fleet.UserLimit{{Name: "app1", MaxConns: c.limit}}
			}
		}
		_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
		said := strings.Contains(strings.Join(plan.Warnings, "\n"),
			"not proved: sizes are kept within max_user_connections 14 of app1")
		if proved := plan.Gap == 0; proved != c.proved || said == c.proved {
			t.Errorf("limit %d: gap %v, said %v; want proved %v: %q", c.limit, plan.Gap, said, c.proved, plan.Warnings)
		}
	}
}
