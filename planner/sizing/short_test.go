package sizing_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestFrozenPoolsAloneMayBeTooMany plans nothing but a pool that stays as it is, above the budget of its server.
func TestFrozenPoolsAloneMayBeTooMany(t *testing.T) {
	o := fleet.Observation{At: plannertest.Epoch, Servers: []fleet.Server{{Name: "pg", MaxConns: 10}},
		Processes: []fleet.Process{{ID: "rw/1", Group: "rw", Version: "1.24.1",
			Aliases: []fleet.Alias{{Name: "app", Database: "app", Server: "pg", SizeConns: 12, PoolMode: "transaction",
				Pools: []fleet.PoolGauges{{User: "app1"}}}}}}}
	f, err := budget.Model(plannertest.Epoch,
		budget.Declared{Servers: []budget.DeclaredServer{budget.DeclaredOf("pg", budget.Declared{})}},
		plannertest.EvidenceOf(t, o), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sizing.Solve(f, sizing.Options{})
	if err == nil || !strings.Contains(err.Error(), " there; reserves and pools that the plan may not change 12") {
		t.Errorf("got %v", err)
	}
}
