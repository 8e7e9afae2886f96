package sizing_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestUnusedPoolOfTheOnlyServerCountsThere(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1"), plannertest.SeenAlias("replica", 30, 0,
		9, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Aliases[1].Server, o.Processes[0].Aliases[1].Proof = "", fleet.ProofNone
	}
	if f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b); len(f.Pools) != 2 {
		t.Errorf("%d pools; what may be on this server counts on it", len(f.Pools))
	}
}

// TestTheSolverLeavesRoomForAPoolOfAnotherServersList: what is sized on the second server has what shop leaves.
func TestTheSolverLeavesRoomForAPoolOfAnotherServersList(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("far", 6, 0, 6, "app1"), plannertest.SeenAlias("shop", 24, 0, 9,
		"app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Servers = append(o.Servers, fleet.Server{Name: "second", MaxConns: 40, SuperuserReservedConns: 3})
		o.Processes[0].Aliases[0].Server = "second"
		plannertest.ListAlias(&o.Processes[0].Aliases[1])
	}
	f, p := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if second := p.Servers[1]; second.BudgetConns != 40-3-5 || second.PlannedConns > second.BudgetConns ||
		p.Pools[0].ToSize > second.BudgetConns-24 {
		t.Errorf("%s: %d planned of %d, far at %d; want shop's 24 left alone (%d now)", second.Name, second.PlannedConns,
			second.BudgetConns, p.Pools[0].ToSize, f.WorstConns("second"))
	}
}
