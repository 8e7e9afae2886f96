package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARollbackIsNotHeldByWhatItCures, and what it finds of unknown fate goes back, too.
func TestARollbackIsNotHeldByWhatItCures(t *testing.T) {
	s := plannertest.Shifting()
	increment := s.Due(t, state.ShiftTraffic)
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &increment, At: s.Now})
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, To: s.Journal.StepSeq, Goal: &sizing.Goal{}, At: s.Now})
	s.Readings[0].X = 50
	for range 2 {
		s.Now = s.Now.Add(time.Millisecond)
		s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
			[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
			s.Now)
	}
	if a := s.Do(t, state.ShiftTraffic); a.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}

func TestARollbackSetsTheSwitchBackToo(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, From: learn.Measure{Erlangs: 6.4, SD: 0.1},
		To: learn.Measure{Erlangs: 9.6, SD: 0.1}}
	s.Until(t, state.CompleteStep)
	s.ObserveWritten()
	rollback, any := control.Rollback(s.Journal, s.Fleet, 0)
	if !any || fmt.Sprint(rollback.Traffic) != "[{a/db:b/db 50 0}]" || len(rollback.Goal.Pools) == 0 {
		t.Fatalf("%+v", rollback)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Goal: &rollback.Goal, To: rollback.To, At: s.Now})
	s.Goal, s.Shifts[0].Until = rollback.Goal, 0
	begun := s.Until(t, state.BeginStep)
	if begun.Step.Traffic == nil || *begun.Step.Traffic != (shift.TrafficChange{Shift: "a/db:b/db", From: 50, To: 0}) ||
		len(begun.Step.Changes) != 0 {
		t.Fatalf("the traffic goes back first, over the sizes that stand: %+v", begun.Step)
	}
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 0
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db"}
	s.Until(t, state.CompleteStep)
	for range 60 {
		s.ObserveWritten()
		a := s.Next()
		if a.Kind == state.Stop {
			if a.Outcome != state.Done || s.Size("a") != 20 || s.Size("b") != 10 {
				t.Fatalf("%+v with %d and %d", a, s.Size("a"), s.Size("b"))
			}
			return
		}
		s.Do(t, a.Kind)
	}
	t.Fatal("it does not end")
}

// TestARollbackGoesOnWhileSaturated: what it takes back is not taken back, and begun again it goes the same path.
func TestARollbackGoesOnWhileSaturated(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, From: learn.Measure{Erlangs: 6.4, SD: 0.1},
		To: learn.Measure{Erlangs: 9.6, SD: 0.1}}
	s.Until(t, state.CompleteStep)
	first := s.Journal.Past[0].Seq
	rollback, _ := control.Rollback(s.Journal, s.Fleet, 0)
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Goal: &rollback.Goal, To: rollback.To, At: s.Now})
	s.Goal, s.Shifts[0].Until = rollback.Goal, 0
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 0
	s.Saturated()
	s.ObserveWritten()
	if a := s.Next(); a.Kind == state.AbortStep {
		t.Fatalf("%+v", a)
	}
	again, any := control.Rollback(s.Journal, s.Fleet, 0) // it was killed, and is typed again
	if !any || again.To != first || len(again.Traffic) != 1 || again.Traffic[0].To != 0 {
		t.Fatalf("%+v", again)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Goal: &again.Goal, To: again.To, At: s.Now})
	if s.Journal.Unwind {
		t.Error("its own step goes back")
	}
	s.Now = s.Now.Add(s.Policy.Soak)
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", Verdict: learn.NotMoved}
	s.Until(t, state.CompleteStep)
	s.Journal = s.Journal.After(state.Event{Kind: state.RunEnded, Outcome: state.Done, At: s.Now})
	if s.Journal.RollTo != 0 || len(s.Journal.Past) != 0 {
		t.Errorf("to %d, %d steps", s.Journal.RollTo, len(s.Journal.Past))
	}
}

// TestATrafficChangeBackThatFailsIsRepeatedAsOne, and one of unknown fate is taken as made where it goes back blind.
func TestATrafficChangeBackThatFailsIsRepeatedAsOne(t *testing.T) {
	s := plannertest.Shifting()
	increment := s.Due(t, state.ShiftTraffic)
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &increment, At: s.Now})
	blind := s.Journal
	s.Saturated()
	back := s.Next()
	if back.Kind != state.ShiftTraffic || back.Traffic.To != 0 {
		t.Fatalf("%+v", back)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &back, At: s.Now})
	if a := s.Next(); a.Kind != state.ShiftTraffic || a.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
	step := &state.Step{Kind: state.Backward, Traffic: &shift.TrafficChange{Shift: "a/db:b/db", From: 50, To: 0}}
	s.Journal = blind.After(state.Event{Kind: state.StepAbort, Step: step, At: s.Now})
	s.Readings[0].X = 50
	s.ObserveWritten()
	if a := s.Next(); a.Kind != state.ShiftTraffic || a.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}
