package sizing_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAUserWhoseOwnSizeKeepsNoPromiseIsNamed: a pool_size of [users] is no size of a plan, and what waits for it is in
// no objective.
func TestAUserWhoseOwnSizeKeepsNoPromiseIsNamed(t *testing.T) {
	for own, named := range map[int]bool{1: true, 2: true, 6: false} {
		// 4 Erlangs of both, half of them of each
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 4, "app1", "app2"))
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Processes[0].Users, o.Processes[0].UsersKnown = []fleet.UserLimit{{Name: "app1", SizeConns: own}}, true
		}
		_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
		if text := strings.Join(plan.Warnings, "\n"); strings.Contains(text, "app1 has a pool_size of") != named ||
			strings.Contains(text, "app2 has a pool_size") {
			t.Errorf("app1 with a pool_size of %d: %q", own, text)
		}
	}
}
