package control_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestTrafficMovesOnceItsSizesStandAndSoaks(t *testing.T) {
	s := plannertest.Shifting()
	begun := s.Until(t, state.BeginStep)
	if begun.Step.Traffic == nil || begun.Goal == nil || *begun.Step.Traffic != (shift.TrafficChange{Shift: "a/db:b/db",
		From: 0, To: 50}) || len(begun.Step.Changes) == 0 {
		t.Fatalf("%+v", begun.Step)
	}
	increment := s.Until(t, state.ShiftTraffic)
	for _, x := range begun.Step.Changes {
		if at, ok := s.Journal.Explains(x, x.To); !at || !ok {
			t.Errorf("%+v does not stand, and traffic moves", x)
		}
	}
	s.ObserveWritten() // it was told, and still says what it said
	if a := s.Next(); a.Kind != state.Wait || !a.Reason.Is(verdict.StillSays) {
		t.Fatalf("%+v", a)
	}
	s.Readings[0].X = increment.Traffic.To
	since := s.Now
	s.Soak = nil
	for s.Now.Sub(since) < s.Policy.Soak-2*time.Second {
		s.ObserveWritten()
		s.Do(t, state.Wait)
	}
	s.ObserveWritten()
	s.ObserveWritten()
	if a := s.Next(); a.Kind != state.Wait || !a.Reason.Is(verdict.Measuring) {
		t.Fatalf("%+v", a)
	}
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.NotMoved, Why: verdict.Of(verdict.Figures, "", 0,
		1, 3, 5)}
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.NothingMoved) ||
		fmt.Sprint(a.Reason.Numbers) != "[50 0 1 3 5]" {
		t.Fatalf("%+v", a)
	}
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, From: learn.Measure{Erlangs: 6.4, SD: 0.1},
		To: learn.Measure{Erlangs: 9.6, SD: 0.1}, Verdict: learn.Moved}
	s.Do(t, state.CompleteStep)
	if len(s.Journal.Soaks) != 1 || s.Journal.Steps != 1 {
		t.Fatalf("%+v", s.Journal.Soaks)
	}
	if next := s.Until(t, state.BeginStep); next.Step.Traffic == nil || next.Step.Traffic.From != 50 ||
		next.Step.Traffic.To != 100 {
		t.Fatalf("%+v", next.Step)
	}
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 100
	s.Soak.X = 100
	s.Until(t, state.CompleteStep)
	if goal := s.Until(t, state.SetGoal); len(goal.Goal.Pools) != 2 || s.Journal.GoalOfStep {
		t.Fatalf("%+v", goal.Goal)
	}
	s.Goal = *s.Journal.Goal
	for range 20 {
		s.ObserveWritten()
		a := s.Next()
		if a.Kind == state.Stop {
			if a.Outcome != state.Done {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.Do(t, a.Kind)
	}
	t.Fatal("it does not end")
}

// TestASignalHoldsTraffic: neither a step that moves nothing else begins, nor does the traffic change of one that has
// begun.
func TestASignalHoldsTraffic(t *testing.T) {
	high := func(s *plannertest.TwoPools) {
		for range 2 {
			s.Now = s.Now.Add(time.Millisecond)
			s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
				[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
				s.Now)
		}
	}
	s := plannertest.Shifting()
	s.Policy.Percent = 5 // sizes of today do
	s.Observe(20, 9, 14, 9)
	s.Observe(20, 9, 14, 9)
	s.Observe(20, 9, 14, 9)
	high(s)
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.SignalHolds) {
		t.Fatalf("%+v", a)
	}
	s = plannertest.Shifting()
	s.Until(t, state.Grant)
	s.ObserveWritten()
	high(s)
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.SignalHolds) {
		t.Fatalf("%+v", a)
	}
}

// TestALaggingSwitchIsSetBackAllTheSame: it was set, and does not say so yet, and a signal calls for the undo.
func TestALaggingSwitchIsSetBackAllTheSame(t *testing.T) {
	for _, unread := range []bool{false, true} {
		s := plannertest.Shifting()
		s.Until(t, state.ShiftTraffic)
		s.Readings[0].X = 0
		if unread {
			s.Readings[0] = state.Reading{X: 50, Err: errors.New("the flag service is away")}
		}
		s.ObserveWritten()
		s.Saturated()
		if a := s.Do(t, state.AbortStep); a.Step.Traffic == nil || a.Step.Traffic.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
		s.ObserveWritten()
		if a := s.Do(t, state.ShiftTraffic); a.Traffic.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
	}
}

// TestNothingMovedOutlivesTheProgram: samples from before the traffic change are gone with it.
func TestNothingMovedOutlivesTheProgram(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.Now = s.Now.Add(s.Policy.Soak)
	s.ObserveWritten()
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.NotMoved, Why: verdict.Of(verdict.Figures, "", 0,
		1, 3, 5)}
	a := s.Next()
	if a.Soak == nil {
		t.Fatalf("%+v", a)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.HoldBegan, Reason: a.Reason, Soak: a.Soak, At: s.Now})
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Goal: &s.Goal, At: s.Now})
	s.Now = s.Now.Add(s.Policy.Soak)
	s.ObserveWritten()
	s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.CannotTell}
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.NothingMoved) {
		t.Fatalf("%+v", a)
	}
	risen := *s.Soak
	risen.Risen = true // the loads say so, whatever the arrivals of one sample did
	still := *s
	still.Soak = &risen
	still.Do(t, state.CompleteStep)
	s.Soak.Verdict = learn.Moved
	s.Do(t, state.CompleteStep)
}

// TestAnIncrementByItselfIsHeldLikeAStep: a step that changes no size asks the signals, too.
func TestAnIncrementByItselfIsHeldLikeAStep(t *testing.T) {
	s := plannertest.Shifting()
	s.Policy.Percent, s.Policy.Soak = 1, 0
	for range 200 { // to where the sizes serve the next percentage as they are
		s.ObserveWritten()
		a := s.Next()
		if a.Kind == state.BeginStep && len(a.Step.Changes) == 0 {
			s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
				[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
				s.Now)
			if a := s.Next(); !a.Held || !a.Reason.Is(verdict.SignalHolds) {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.Do(t, a.Kind)
		if a.Kind == state.ShiftTraffic {
			s.Readings[0].X = a.Traffic.To
			s.Soak = &learn.SoakResult{Shift: "a/db:b/db", X: a.Traffic.To, From: learn.Measure{Erlangs: 7, SD: 0.1},
				To: learn.Measure{Erlangs: 9, SD: 0.1}}
		}
	}
	t.Fatal("every traffic change needs a size")
}

// TestTrafficGoesBackThoughNothingIsSeen: the switch is no part of what does not answer.
func TestTrafficGoesBackThoughNothingIsSeen(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X, s.Shifts[0].At = 50, 50
	blind := control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet}, Journal: s.Journal, Policy: s.Policy,
		TrafficNow: control.TrafficNow{Shifts: s.Shifts, Readings: s.Readings}}
	if _, due := control.Unseen(blind); due {
		t.Fatal("nothing calls for it")
	}
	for range 2 {
		s.Now = s.Now.Add(time.Second)
		blind.Guard = blind.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.Now}},
			[]control.Threshold{{Name: "cpu", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.Now)
	}
	abort, due := control.Unseen(blind)
	if !due || abort.Kind != state.AbortStep || abort.Step.Traffic.To != 0 ||
		len(abort.Step.Changes) != len(s.Journal.Written) {
		t.Fatalf("%v %+v", due, abort)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.StepAbort, Step: abort.Step, At: s.Now})
	blind.Journal = s.Journal
	increment, due := control.Unseen(blind)
	if !due || increment.Kind != state.ShiftTraffic || increment.Traffic.To != 0 {
		t.Fatalf("%v %+v", due, increment)
	}
}

func TestASwitchThatSomebodyElseSetsIsDriftAndOneThatDoesNotAnswerHolds(t *testing.T) {
	s := plannertest.Shifting()
	s.ObserveWritten()
	s.ObserveWritten()
	s.Readings[0].X = 30
	s.ObserveWritten()
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted ||
		!a.Reason.Is(verdict.SwitchChanged) || fmt.Sprint(a.Reason.Numbers) != "[30 0]" {
		t.Fatalf("%+v", a)
	}
	s.Readings[0] = state.Reading{X: 0, Err: errors.New("flag: exit status 1")}
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.SwitchUnknown) {
		t.Fatalf("%+v", a)
	}
	s.Readings[0] = state.Reading{X: 0, Said: true}
	s.Until(t, state.ShiftTraffic)
	s.ObserveWritten()
	s.Do(t, state.Wait) // what it said before the change is explained, and not for ever
	s.Now = s.Now.Add(s.Policy.Stale)
	if a := s.Next(); !a.Held || !a.Reason.Is(verdict.StillSays) {
		t.Fatalf("%+v", a)
	}
	s.Readings[0].X = 30
	if a := s.Next(); a.Outcome != state.Drifted {
		t.Fatalf("%+v", a)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.Accepted}) // a person says that it is right
	if a := s.Next(); a.Outcome == state.Drifted {
		t.Fatalf("%+v", a)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Switches: []state.Switch{{Shift: "a/db:b/db", X: 30,
		Or: 30}}})
	if sw, _ := s.Journal.Switch("a/db:b/db"); sw.X != 30 || sw.Any {
		t.Errorf("%+v", sw)
	}
}

// TestAnIncrementOfUnknownFateIsMadeAgain: a switch without get: does not tell whether it was.
func TestAnIncrementOfUnknownFateIsMadeAgain(t *testing.T) {
	s := plannertest.Shifting()
	s.Readings[0].Said = false
	increment := s.Due(t, state.ShiftTraffic)
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &increment, At: s.Now})
	s.ObserveWritten()
	if a := s.Next(); a.Kind != state.ShiftTraffic || *a.Traffic != *increment.Traffic {
		t.Fatalf("%+v", a)
	}
	// it may not be made now
	s.Guard = s.Guard.Add(nil, []control.Threshold{{Name: "cpu", Hold: 0.8, Resume: 0.7, Abort: math.Inf(1)}},
		[]string{"pg"}, time.Minute, s.Now)
	if a := s.Next(); a.Kind != state.ShiftTraffic || a.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}

func TestAPersonWhoSetsTheSwitchIsWaitedFor(t *testing.T) {
	s := plannertest.Shifting()
	s.Shifts[0].ByHand = true
	s.Policy.SwitchFor = time.Minute
	s.Until(t, state.BeginStep)
	for a := s.Next(); !a.Reason.Is(verdict.SetSwitchNow); a = s.Next() {
		if a.Kind == state.ShiftTraffic {
			t.Fatalf("%+v", a)
		}
		s.Do(t, a.Kind)
		s.ObserveWritten()
	}
	waiting := *s
	s.Readings = []state.Reading{{X: 50, Said: true}}
	s.ObserveWritten()
	if a := s.Do(t, state.ShiftTraffic); !a.Reason.Is(verdict.ByHand) {
		t.Fatalf("%+v", a)
	}
	if sw, _ := s.Journal.Switch("a/db:b/db"); sw.X != 50 {
		t.Errorf("%+v", sw)
	}
	waiting.Readings = []state.Reading{{X: 0, Said: true}}
	waiting.Now = waiting.Now.Add(time.Minute)
	if a := waiting.Next(); a.Kind != state.Stop || a.Outcome != state.Held ||
		!a.Reason.Is(verdict.SwitchNotSet) {
		t.Fatalf("%+v", a)
	}
	waiting.Readings = []state.Reading{{X: 70, Said: true}} // somewhere else
	if a := waiting.Next(); a.Outcome != state.Drifted {
		t.Fatalf("%+v", a)
	}
}

// TestAnActionThatDoesNotSucceedKeepsNoTraffic: a size that cannot be written is no reason to leave traffic where it
// saturates.
func TestAnActionThatDoesNotSucceedKeepsNoTraffic(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.ObserveWritten()
	undo := state.Action{Kind: state.Undo, Pool: "a/db", Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: s.Size("a"), To: s.Size("a") + 1}}}
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &undo, At: s.Now})
	s.Journal = s.Journal.After(state.Event{Kind: state.Failed, Action: &undo, At: s.Now, Outcome: state.Held,
		Reason: verdict.Of(verdict.ActionFailed, "a full disk")})
	s.Saturated()
	if a := s.Do(t, state.AbortStep); a.Step.Traffic == nil || a.Step.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}

// TestAPersonIsNotAskedWhileASignalHolds to set the switch.
func TestAPersonIsNotAskedWhileASignalHolds(t *testing.T) {
	s := plannertest.Shifting()
	s.Shifts[0].ByHand, s.Policy.SwitchFor = true, time.Minute
	s.Until(t, state.Grant)
	s.ObserveWritten()
	s.Saturated()
	s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now.Add(time.Millisecond)}},
		[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.99}}, []string{"pg"}, time.Minute,
		s.Now)
	for range 4 {
		s.ObserveWritten()
		if a := s.Next(); a.Reason.Is(verdict.SetSwitchNow) {
			t.Fatalf("%+v", a)
		}
	}
}
