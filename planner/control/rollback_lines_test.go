package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestARollbackGoesBackLineByLine: each line gets what it had before the first of the steps that wrote it, and a line
// that none of them wrote is left alone.
func TestARollbackGoesBackLineByLine(t *testing.T) {
	equal := state.Step{Kind: state.Equalise, Changes: slices.Concat(plannertest.Wrote(fleet.KeySize, 6, 5, "main/1"),
		plannertest.Wrote(fleet.KeySize, 4, 5, "main/2"),
		plannertest.Wrote(fleet.KeySize, 6, 5, "main/3"))}
	shrunk := state.Step{Kind: state.Forward, Changes: plannertest.Wrote(fleet.KeySize, 5, 3, "main/1", "main/2",
		"main/3")}
	raised := state.Step{Kind: state.Equalise, Changes: plannertest.Wrote(fleet.KeySize, 4, 6, "main/2")}
	undoStep := state.Step{Kind: state.Backward, Changes: plannertest.Wrote(fleet.KeySize, 5, 4, "main/2")}
	for _, c := range []struct {
		name  string
		m     state.JournalState
		to    int64
		u     *plannertest.UnevenFleet
		goal  string
		lines int // 0: all lines go to one size
		gone  string
	}{
		{"an equalisation", plannertest.Taken(equal), 10, plannertest.UnevenMain(60, 5, 5, 5),
			"main/app 6 (main/1, main/3), main/app 4 (main/2)",
			3, ""},
		{"a later step alone", plannertest.Taken(equal, shrunk), 20, plannertest.UnevenMain(60, 3, 3, 3), "main/app 5", 0,
			""},
		{"both", plannertest.Taken(equal, shrunk), 10, plannertest.UnevenMain(60, 3, 3, 3),
			"main/app 6 (main/1, main/3), main/app 4 (main/2)", 3,
			""},
		{"one line was raised", plannertest.Taken(raised), 10, plannertest.UnevenMain(60, 6, 6, 6), "main/app 4 (main/2)", 1,
			""},
		{"a process has come", plannertest.Taken(equal, shrunk), 20, plannertest.UnevenMain(60, 3, 3, 3, 3),
			"main/app 5 (main/1, main/2, main/3)",
			3, ""},
		{"a process is gone", plannertest.Taken(shrunk), 10, &plannertest.UnevenFleet{Lines: plannertest.UnevenMain(60, 3, 3,
			3).Lines, Budget: 60, Gone: []string{"main/2"}, Role: 0},
			"main/app 5", 0, "main/app in main/2"},
		{"given up while it goes back", state.JournalState{StepInHand: state.StepInHand{Step: &undoStep, StepSeq: 10,
			StepNumber: 1}}.GivenUp(), 10,
			plannertest.UnevenMain(60, 5, 5,
				5), "main/app 4 (main/2)", 1, ""},
	} {
		s := c.u.State(t, c.m, sizing.Goal{}, state.DefaultPolicy())
		rollback, any := control.Rollback(c.m, s.Fleet, c.to)
		if !any || rollback.Goal.Text() != c.goal || len(rollback.Goal.Lines) != c.lines ||
			strings.Join(rollback.Gone, ", ") != c.gone {
			t.Errorf("%s: to %q by %d lines, %v gone; want %q by %d, %q gone", c.name, rollback.Goal.Text(),
				len(rollback.Goal.Lines),
				rollback.Gone, c.goal, c.lines, c.gone)
		}
	}
}

// TestALostProcessLeavesItsSizeToNoOther: main/2 is lost and taken out of the config, a person has taken
// responsibility, and the process that was main/3 has its name.
func TestALostProcessLeavesItsSizeToNoOther(t *testing.T) {
	equal := state.Step{Kind: state.Equalise, Changes: slices.Concat(plannertest.Wrote(fleet.KeySize, 4, 5, "main/1"),
		plannertest.Wrote(fleet.KeySize, 9, 5, "main/2"),
		plannertest.Wrote(fleet.KeySize, 6, 5, "main/3"))}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: []state.Seen{{Process: "main/1", Console: "h1", Alias: "app"},
			{Process: "main/2", Console: "h2", Alias: "app"}, {Process: "main/3", Console: "h3", Alias: "app"}}})
	m.Past = plannertest.Taken(equal).Past
	m = m.After(state.Event{Kind: state.Accepted})
	m, _ = m.Placed(fleet.Observation{Processes: []fleet.Process{{ID: "main/1", Console: "h1"},
		{ID: "main/2", Console: "h3"}}})
	s := plannertest.UnevenMain(60, 5, 5).State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, any := control.Rollback(m, s.Fleet, 0)
	if got, gone := rollback.Goal.Text(), strings.Join(rollback.Gone, ", "); !any ||
		got != "main/app 4 (main/1), main/app 6 (main/2)" || gone != "main/app in main/2 at h2" {
		t.Errorf("to %q, %q gone", got, gone)
	}
}

// TestAnUndoThatFitsLineByLineIsPossible: 6/4/6 fits where three of 6 do not, and where none may grow above 6.
func TestAnUndoThatFitsLineByLineIsPossible(t *testing.T) {
	equal := state.Step{Kind: state.Equalise, Changes: slices.Concat(plannertest.Wrote(fleet.KeySize, 6, 5, "main/1"),
		plannertest.Wrote(fleet.KeySize, 4, 5, "main/2"),
		plannertest.Wrote(fleet.KeySize, 6, 5, "main/3"))}
	for _, c := range []struct {
		budget, max int
		fits        bool
		above       bool
	}{{16, 0, true, false}, {15, 0, false, false}, {16, 6, true, false}, {16, 5, true, true}} {
		u := plannertest.UnevenMain(c.budget, 5, 5, 5)
		s := u.State(t, plannertest.Taken(equal), sizing.Goal{}, state.DefaultPolicy())
		s.Fleet.Pools[0].Rules.Max = c.max
		rollback, _ := control.Rollback(s.Journal, s.Fleet, 10)
		if why := control.Reachable(s.Fleet, rollback.Goal); (!why.Any()) != c.fits {
			t.Errorf("%d connections: %q", c.budget, why.Text())
		}
		if why := control.AboveMax(s.Fleet, rollback.Goal); why.Is(verdict.LineAboveMax) != c.above || why.Any() != c.above {
			t.Errorf("max: %d: %q, above: %v", c.max, why.Text(), c.above)
		}
	}
}

// TestARollbackIsCalledPossibleLineByLine: the steps to a plan are judged by what a rollback of them all would do.
func TestARollbackIsCalledPossibleLineByLine(t *testing.T) {
	for _, c := range []struct {
		budget, max int
		want        verdict.Code
		numbers     string
	}{
		{16, 0, "", "[]"},
		{16, 6, "", "[]"},
		{16, 5, verdict.LineAboveMax, "[6 5]"}, // goes back to 6, above its max: 5
		{15, 0, verdict.Outsized, "[16 1 15]"}, // 16 connections, 1 more than the budget of 15
	} {
		s := plannertest.UnevenMain(c.budget, 6, 4, 6).State(t, state.JournalState{},
			sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "pg",
				Size: 5}}}, state.Policy{Percent: 7})
		s.Fleet.Pools[0].Rules.Max = c.max
		s.AsMeasured = s.Fleet
		path, _ := s.Forecast()
		if got := control.Unreturnable(path); got.Code != c.want ||
			fmt.Sprint(got.Numbers) != c.numbers || len(path) < 2 {
			t.Errorf("%d connections, max: %d: %q after %d steps, want %q %s", c.budget, c.max, got.Text(), len(path), c.want,
				c.numbers)
		}
	}
	if why := control.Unreturnable(nil); why.Any() {
		t.Errorf("of no step: %q", why.Text())
	}
}
