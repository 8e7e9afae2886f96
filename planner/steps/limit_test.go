package steps_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
)

// Processes of a pool that are made equal do not outgrow a limit either.
func TestEqualisingKeepsALimit(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 6, 0, 2, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []fleet.Alias{second.Aliases[0]}
		second.Aliases[0].SizeConns = 20
		o.Processes = append(o.Processes, second)
		o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 30}}
	}
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	step := steps.Equal(f, sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "main", Size: 20}}},
		state.Policy{Percent: 100}, nil)
	if len(step.Changes) != 1 || step.Changes[0].To != 10 {
		t.Errorf("%s; want 6 → 10, as 20 + 10 are the 30 of the role", step.Text())
	}
}
