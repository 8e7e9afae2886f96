package control

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestNothingIsDoneThatASampleDenies: the fleet would count the line as it was before.
func TestNothingIsDoneThatASampleDenies(t *testing.T) {
	u := UnevenMain(60, 6, 4)
	m := Taken(state.Step{Kind: state.Equalise, Changes: Wrote(fleet.KeySize, 4, 6, "main/2")})
	m.RollTo = 10
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := Rollback(m, s.Fleet, 10)
	s.Goal, s.Target = rollback.Goal, rollback.Goal
	u.Lines[SizeLine("main/2")] = 5
	s.Sample = u.Sample(Noon)
	s.Policy.HoldFor = 0
	if a := s.begin(); a.Outcome != state.Held || !a.Reason.Is(verdict.LineNotBack) ||
		fmt.Sprint(a.Reason.Numbers) != "[5 4]" {
		t.Errorf("%s %s %q", a.Kind, a.Outcome, a.Reason.Text())
	}
}

// TestLinesBelongToAGoal: two goals of other lines are not the same, and a promise that is broken names a pool once.
func TestLinesBelongToAGoal(t *testing.T) {
	a := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app"}},
		Lines: []sizing.GoalLine{{Process: "main/1", Alias: "app", Key: fleet.KeySize, To: 4}}}
	b := a
	b.Lines = []sizing.GoalLine{{Process: "main/2", Alias: "app", Key: fleet.KeySize, To: 4}}
	if a.SameSizes(b) || !a.SameSizes(a) {
		t.Error("the lines are not compared")
	}
	changes := append(Wrote(fleet.KeySize, 4, 6, "main/1"), Wrote(fleet.KeySize, 5, 6, "main/2")...)
	if got := grown(changes).String(); got != "main/app to 6" {
		t.Error(got)
	}
}

// TestWhereOtherPoolsDifferNoLineGrows: releases make the room in which they are made equal.
func TestWhereOtherPoolsDifferNoLineGrows(t *testing.T) {
	u := UnevenMain(60, 6, 4)
	u.Lines[SizeLine("ci/1")], u.Lines[SizeLine("ci/2")] = 3, 5
	g := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "ci/app", Size: 9}, {Pool: "main/app", Size: 8}},
		Lines: []sizing.GoalLine{{Process: "main/1",
			Alias: "app", Key: fleet.KeySize, To: 5}, {Process: "main/2", Alias: "app", Key: fleet.KeySize, To: 8}}}
	if got := roomFirst(u.State(t, state.JournalState{}, g, state.DefaultPolicy()).Fleet,
		g); fmt.Sprint(got.Lines) != "[{main/1 app pool_size 5} {main/2 app pool_size 4}]" || len(got.Pools) != 1 {
		t.Errorf("%+v", got)
	}
}
