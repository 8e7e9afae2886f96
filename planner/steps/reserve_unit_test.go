package steps_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestOneMoreInReserveIsWhatItsCopiesMayOpen: users with a size of their own have the line's reserve, those with a
// reserve of their own have not. What one more costs, of the step's percent and under a limit, is counted so.
func TestOneMoreInReserveIsWhatItsCopiesMayOpen(t *testing.T) {
	copies := []budget.LinePool{{Process: "g/1", User: "a", FixedConns: 4, OwnSize: true}, {Process: "g/1", User: "b",
		FixedConns: 4, OwnSize: true},
		{Process: "g/1", User: "c", FixedConns: 4, OwnSize: true}, {Process: "g/1", User: "d", OwnReserve: 2},
		{Process: "g/1", User: "e", FixedConns: 3, Bounded: true}}
	fl := func(b int, limits ...fleet.Limit) budget.Fleet {
		p := budget.FleetPool{ID: "g/d1", Alias: "d1", Server: "pg", LinePools: copies,
			Sizes: []budget.Size{{Process: "g/1", Conns: 5}},
			Rules: budget.Rules{Count: budget.CountWorst, Weight: 1}, Load: plannertest.GroupLoad("g")}
		p.Tally()
		return budget.Fleet{Pools: []budget.FleetPool{p}, Limits: limits,
			Servers: []budget.FleetServer{{Name: "pg", MaxConns: b, BudgetConns: b,
				Lines: []budget.Line{{Item: "max_connections", Conns: b}}}}}
	}
	goal := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "g/d1", Size: 5, Reserve: 4}}}
	steps := func(f budget.Fleet) (reserves []int, blocked verdict.Reason) {
		for range 10 {
			step, why := steps.Next(f, goal, state.Policy{Percent: 6}, nil)
			if len(step.Changes) == 0 {
				return reserves, why
			}
			if len(step.Changes) != 1 || step.Changes[0].Key != fleet.KeyReserve {
				t.Fatalf("%+v", step.Changes)
			}
			before := f.WorstConns("pg")
			f = f.With(step.Changes)
			if more := f.WorstConns("pg") - before; more > 6 {
				t.Errorf("a step of at most 6 connections takes %d", more)
			}
			reserves = append(reserves, step.Changes[0].To)
		}
		t.Error("no end")
		return reserves, verdict.Reason{}
	}
	if got, why := steps(fl(100)); len(got) != 2 || got[0] != 2 || got[1] != 4 || why.Any() {
		t.Errorf("reserves of %v, %q; want 2 and 4: 6 %% of 100 connections are two more of three copies", got,
			why.Text())
	}
	var members []fleet.Member
	for _, c := range copies[:3] {
		members = append(members, fleet.Member{Pool: "g/d1", Process: "g/1", User: c.User})
	}
	got, why := steps(fl(100, fleet.Limit{Kind: fleet.LimitRole, Conns: 12 + 5, Members: members}))
	if len(got) != 1 || got[0] != 1 || !why.Is(verdict.PathBarred) {
		t.Errorf("reserves of %v, %q; want 1: of 17 connections that the role may have 12 are in use, and one more takes 3",
			got, why.Text())
	}
}
