package sizing_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestAFreeReserveStaysWhereConnectionsAreLeftOver: one in doubt makes the pool's connections bend in it, and users
// with a size of their own cost as much of it as those without. It stays where connections are left over.
func TestAFreeReserveStaysWhereConnectionsAreLeftOver(t *testing.T) {
	for name, users := range map[string][]fleet.UserLimit{
		"a reserve in doubt": {{Name: "app1", ReserveConns: 3, DoubtfulReserve: true}},
		"a size":             {{Name: "app1", SizeConns: 5}},
		"both": {{Name: "app1", SizeConns: 5, ReserveConns: 3, DoubtfulReserve: true},
			{Name: "app2", SizeConns: 4, Doubtful: true}},
	} {
		for spare := range 60 {
			o := fleet.Observation{At: plannertest.Epoch, Servers: []fleet.Server{{Name: "pg", MaxConns: 25 + spare}},
				Processes: []fleet.Process{{ID: "g/1", Group: "g", Version: "1.24.1",
					Settings: fleet.Settings{ReserveTimeout: 5}, Users: users,
					Aliases: []fleet.Alias{{Name: "d1", Database: "d", SizeConns: 10, ReserveConns: 7, Server: "pg",
						PoolMode: "transaction",
						Pools:    []fleet.PoolGauges{{User: "app1"}, {User: "app2"}, {User: "app3"}}}}}}}
			head := 0
			d := budget.Declared{SizeAll: true, Servers: []budget.DeclaredServer{{Name: "pg", HeadroomConns: &head,
				DirectCount: budget.CountHighest}},
				LeastGain: budget.DefaultLeastGain, Pools: []budget.DeclaredPool{{ID: "g/d1", Reserve: &budget.IntRange{Min: 0,
					Max: 7}, Count: budget.CountWorst, Weight: 1, Min: 1}}}
			l := plannertest.GroupLoad("g")
			l.Pool, l.LinePools = "g/d1", []load.LinePoolShare{{Process: "g/1", User: "app1", Share: 0.4},
				{Process: "g/1", User: "app2", Share: 0.3}, {Process: "g/1", User: "app3", Share: 0.3}}
			f, err := budget.Model(plannertest.Epoch, d, plannertest.EvidenceOf(t, o), []load.Load{l})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := sizing.Solve(f, sizing.Options{})
			if err != nil {
				t.Errorf("%s, %d spare: %v", name, spare, err)
				continue
			}
			x := plan.Pools[0]
			if most := f.Pools[0].WorstAt(10, 7); x.ReserveSize < 7 && most+20 <= plan.Servers[0].BudgetConns {
				t.Errorf("%s, %d spare: the reserve goes from 7 to %d, and there is room for %d in %d", name, spare, x.ReserveSize,
					most, plan.Servers[0].BudgetConns)
			}
		}
	}
}
