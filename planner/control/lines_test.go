package control_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestReservesThatDifferByNowGoBackByLine: all were 2 before, and one of them is again.
func TestReservesThatDifferByNowGoBackByLine(t *testing.T) {
	u := plannertest.UnevenMain(60, 6, 6)
	u.Lines[plannertest.ReserveLine("main/1")], u.Lines[plannertest.ReserveLine("main/2")] = 1, 2
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: plannertest.Wrote(fleet.KeyReserve, 2, 1, "main/1",
		"main/2")})
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := control.Rollback(m, s.Fleet, 10)
	s = u.State(t, m, rollback.Goal, state.DefaultPolicy())
	if step, _, _ := s.NextStep(); fmt.Sprint(step.Changes) != "[{main/1 app reserve_pool 1 2}]" {
		t.Errorf("%v", step.Changes)
	}
}

// TestALineThatIsGoneTakesNothingOfAStep: the samples before still showed it.
func TestALineThatIsGoneTakesNothingOfAStep(t *testing.T) {
	u := plannertest.UnevenMain(60, 2, 2)
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: append(plannertest.Wrote(fleet.KeySize, 3, 2,
		"main/2"), plannertest.Wrote(fleet.KeySize, 6, 2, "main/1")...)})
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := control.Rollback(m, s.Fleet, 10)
	for _, gone := range []string{"main/1", "main/2"} {
		s = u.State(t, m, rollback.Goal, state.Policy{Percent: 1})
		u.Gone = []string{gone}
		s.Sample = u.Sample(plannertest.Noon)
		if step, _, _ := s.NextStep(); len(step.Changes) != 1 || step.Changes[0].Process == gone {
			t.Errorf("%s is gone: %v", gone, step.Changes)
		}
		u.Gone = nil
	}
}

// TestALineCostsItsOwnConnectionsAlone: three lines of one user take three connections of a step, one each.
func TestALineCostsItsOwnConnectionsAlone(t *testing.T) {
	u := plannertest.UnevenMain(100, 5, 4, 3)
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: slices.Concat(plannertest.Wrote(fleet.KeySize, 6, 5,
		"main/1"), plannertest.Wrote(fleet.KeySize, 5, 4, "main/2"),
		plannertest.Wrote(fleet.KeySize, 4, 3, "main/3"))})
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := control.Rollback(m, s.Fleet, 10)
	s = u.State(t, m, rollback.Goal, state.Policy{Percent: 3})
	if step, _, _ := s.NextStep(); len(step.Changes) != 3 || step.Note.Any() {
		t.Errorf("%v %s", step.Changes, step.Note.Text())
	}
}

// TestAReserveGoesBackAsFarAsItFits: the largest counts for each of two lines.
func TestAReserveGoesBackAsFarAsItFits(t *testing.T) {
	u := plannertest.UnevenMain(14, 6, 6)
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: append(plannertest.Wrote(fleet.KeyReserve, 3, 0,
		"main/1"), plannertest.Wrote(fleet.KeyReserve, 1, 0,
		"main/2")...)})
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := control.Rollback(m, s.Fleet, 10)
	s = u.State(t, m, rollback.Goal, state.Policy{Percent: 100})
	step, _, _ := s.NextStep()
	if fmt.Sprint(step.Changes) != "[{main/1 app reserve_pool 0 1} {main/2 app reserve_pool 0 1}]" {
		t.Errorf("%v", step.Changes)
	}
	u.Write(step.Changes)
	s = u.State(t, m, rollback.Goal, state.Policy{Percent: 100})
	if step, _, blocked := s.NextStep(); len(step.Changes) > 0 || !blocked.Is(verdict.NoRoom) ||
		fmt.Sprint(blocked.Numbers) != "[18 14 14]" {
		t.Errorf("%v, %q", step.Changes, blocked.Text())
	}
}

// TestLinesOfTrafficThatGoesBackReturnWithIt: its sizes in between are those of all processes, the others' too.
func TestLinesOfTrafficThatGoesBackReturnWithIt(t *testing.T) {
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: plannertest.Wrote(fleet.KeySize, 4, 6, "main/2"),
		Traffic: &shift.TrafficChange{Shift: "main/app:ci/app", From: 0, To: 5}})
	s := plannertest.UnevenMain(60, 6, 6, 3).State(t, m, sizing.Goal{}, state.DefaultPolicy())
	if rollback, _ := control.Rollback(m, s.Fleet,
		10); rollback.Goal.Text() != "main/app 6 (main/1), main/app 4 (main/2), main/app 3 (main/3)" {
		t.Error(rollback.Goal.Text())
	}
}

// TestAPoolWhoseOnlyLineIsGoneIsLeftAlone: the others of it were never written.
func TestAPoolWhoseOnlyLineIsGoneIsLeftAlone(t *testing.T) {
	u := plannertest.UnevenMain(60, 5, 3)
	m := plannertest.Taken(state.Step{Kind: state.Forward, Changes: plannertest.Wrote(fleet.KeySize, 6, 3, "main/2")})
	s := u.State(t, m, sizing.Goal{}, state.DefaultPolicy())
	rollback, _ := control.Rollback(m, s.Fleet, 10)
	s = u.State(t, m, rollback.Goal, state.DefaultPolicy())
	u.Gone = []string{"main/2"}
	s.Sample = u.Sample(plannertest.Noon)
	if step, _, blocked := s.NextStep(); len(step.Changes) > 0 || blocked.Any() {
		t.Errorf("%v %q", step.Changes, blocked.Text())
	}
}
