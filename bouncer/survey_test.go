package bouncer_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestSamplesBeforeARunJudgeItsFirstStep(t *testing.T) {
	s := good(t, bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}, &pools{}, bouncer.ToPlan)
	if reflect.DeepEqual(s.Recent, control.RecentSamples{}) {
		t.Error("no sample is recent")
	}
}

func TestTheStateBeforeARunForgetsRefusalsAndEndsWhereItRollsBackTo(t *testing.T) {
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	m := state.JournalState{Run: state.Run{Refused: []state.Refusal{{Pool: "main/app", Least: 9}}}}
	for seq, kind := range []state.EventKind{state.RunBegan, state.StepBegan, state.StepEnded} {
		e := state.Event{Seq: int64(seq + 1), Kind: kind, At: epoch.Add(time.Duration(seq) * time.Minute)}
		if kind == state.StepBegan {
			e.Step = &step
		}
		m = m.After(e)
	}
	m.Refused = []state.Refusal{{Pool: "main/app", Least: 9}}
	m.Aborts = 2
	s := bouncer.Survey{Goal: sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Size: 9}}}, RollTo: 2}
	got := s.State(state.DefaultPolicy(), m)
	if got.Journal.Aborts != 0 {
		t.Errorf("its first step is to be a quarter as large, after %d aborts of the run before", got.Journal.Aborts)
	}
	if len(got.Journal.Refused) != 0 {
		t.Errorf("refusals of the run before hold: %+v", got.Journal.Refused)
	}
	if want := m.Bound(2); got.Journal.RollTo != want.RollTo || want.RollTo != 2 {
		t.Errorf("it goes to event %d, want 2", got.Journal.RollTo)
	}
	if !reflect.DeepEqual(got.Goal, s.Goal) || !reflect.DeepEqual(got.Target, s.Goal) {
		t.Errorf("goal %+v, target %+v", got.Goal, got.Target)
	}
}

func TestARollbackSetsEachSwitchBackAsFarAsItsSteps(t *testing.T) {
	const id = "main/app:main/ci"
	move := func(kind state.StepKind, from, to int) *state.Step {
		return &state.Step{Kind: kind, Traffic: &shift.TrafficChange{Shift: id, From: from, To: to}}
	}
	back := func(from, to int) []shift.TrafficChange {
		return []shift.TrafficChange{{Shift: id, From: from, To: to}}
	}
	for _, c := range []struct {
		name    string
		at      int
		traffic []shift.TrafficChange
		inHand  *state.Step
		until   int
		stays   bool
	}{
		{"sizes alone", 40, nil, nil, 40, true},
		{"a step in hand", 40, nil, move(state.Forward, 20, 40), 20, false},
		{"a step in hand that goes back", 40, nil, move(state.Backward, 40, 20), 20, false},
		{"older steps", 40, back(40, 0), nil, 0, false},
		{"a step in hand and older ones", 40, back(20, 0), move(state.Forward, 20, 40), 0, false},
		{"one that was not finished is past it", 10, back(40, 20), nil, 10, false},
		{"another shift", 40, []shift.TrafficChange{{Shift: "x/a:x/b", From: 5, To: 0}}, nil, 40, true},
	} {
		s := bouncer.Survey{Traffic: split(switchAt{}), RollTo: 0}
		s.Shifts = []shift.Shift{s.Traffic[0].Shift}
		s.Shifts[0].At = c.at
		got := s.Backwards(control.RollbackTo{To: 7, Traffic: c.traffic}, c.inHand)
		if x := got.Traffic[0]; x.Until != c.until || x.Stays != c.stays || got.Shifts[0].Until != c.until ||
			got.RollTo != 7 {
			t.Errorf("%s: until %d, stays %v, the shift until %d; want %d, %v", c.name, x.Until, x.Stays, got.Shifts[0].Until,
				c.until, c.stays)
		}
		if s.Traffic[0].Until != 100 || s.Shifts[0].Until != 100 {
			t.Errorf("%s: the survey before has changed", c.name)
		}
	}
}
