package control_test

import (
	"errors"
	"math"
	"strings"
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
	open := s.Until(t, state.BeginStep)
	if open.Step.Traffic == nil || open.Goal == nil || *open.Step.Traffic != (shift.TrafficChange{Shift: "a/db:b/db",
		From: 0, To: 50}) || len(open.Step.Changes) == 0 {
		t.Fatalf("%+v", open.Step)
	}
	flip := s.Until(t, state.ShiftTraffic)
	for _, x := range open.Step.Changes {
		if at, ok := s.Memory.Explains(x, x.To); !at || !ok {
			t.Errorf("%+v does not stand, and traffic moves", x)
		}
	}
	s.Sized() // it was told, and still says what it said
	if a := s.Next(); a.Kind != state.Wait || !strings.Contains(a.Reason.Text(), "still says 0 %") {
		t.Fatalf("%+v", a)
	}
	s.Readings[0].X = flip.Traffic.To
	begun := s.Now
	s.Point = nil
	for s.Now.Sub(begun) < s.Policy.Soak-2*time.Second {
		s.Sized()
		s.Act(t, state.Wait)
	}
	s.Sized()
	s.Sized()
	if a := s.Next(); a.Kind != state.Wait || !strings.Contains(a.Reason.Text(), "measured") {
		t.Fatalf("%+v", a)
	}
	s.Point = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.NotMoved, Text: "0 ± 1"}
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "says 50 %, and nothing moved: 0 ± 1") {
		t.Fatalf("%+v", a)
	}
	s.Point = &learn.SoakResult{Shift: "a/db:b/db", X: 50, From: learn.Measure{Erlangs: 6.4, SD: 0.1},
		To: learn.Measure{Erlangs: 9.6, SD: 0.1}, Verdict: learn.Moved}
	s.Act(t, state.CompleteStep)
	if len(s.Memory.Soaks) != 1 || s.Memory.Steps != 1 {
		t.Fatalf("%+v", s.Memory.Soaks)
	}
	if next := s.Until(t, state.BeginStep); next.Step.Traffic == nil || next.Step.Traffic.From != 50 ||
		next.Step.Traffic.To != 100 {
		t.Fatalf("%+v", next.Step)
	}
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 100
	s.Point.X = 100
	s.Until(t, state.CompleteStep)
	if aim := s.Until(t, state.SetGoal); len(aim.Goal.Pools) != 2 || s.Memory.Leg {
		t.Fatalf("%+v", aim.Goal)
	}
	s.Goal = *s.Memory.Goal
	for range 20 {
		s.Sized()
		a := s.Next()
		if a.Kind == state.Stop {
			if a.Outcome != state.Done {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.Act(t, a.Kind)
	}
	t.Fatal("it does not end")
}

// TestASignalHoldsTraffic: neither a step that moves nothing else begins, nor does the turn of one that has begun.
func TestASignalHoldsTraffic(t *testing.T) {
	high := func(s *plannertest.Stage) {
		for range 2 {
			s.Now = s.Now.Add(time.Millisecond)
			s.Gate = s.Gate.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
				[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
				s.Now)
		}
	}
	s := plannertest.Shifting()
	s.Policy.Percent = 5 // sizes of today do
	s.See(20, 9, 14, 9)
	s.See(20, 9, 14, 9)
	s.See(20, 9, 14, 9)
	high(s)
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "cpu") {
		t.Fatalf("%+v", a)
	}
	s = plannertest.Shifting()
	s.Until(t, state.Grant)
	s.Sized()
	high(s)
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "cpu") {
		t.Fatalf("%+v", a)
	}
}

// TestALaggingSwitchIsTurnedBackAllTheSame: it was told, and does not say so yet, and a signal calls for the way back.
func TestALaggingSwitchIsTurnedBackAllTheSame(t *testing.T) {
	for _, unread := range []bool{false, true} {
		s := plannertest.Shifting()
		s.Until(t, state.ShiftTraffic)
		s.Readings[0].X = 0
		if unread {
			s.Readings[0] = state.Reading{X: 50, Err: errors.New("the flag service is away")}
		}
		s.Sized()
		s.Saturated()
		if a := s.Act(t, state.AbortStep); a.Step.Traffic == nil || a.Step.Traffic.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
		s.Sized()
		if a := s.Act(t, state.ShiftTraffic); a.Traffic.To != 0 {
			t.Fatalf("unread %v: %+v", unread, a)
		}
	}
}

// TestNothingMovedOutlivesTheProgram: looks from before the turn are gone with it.
func TestNothingMovedOutlivesTheProgram(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.Now = s.Now.Add(s.Policy.Soak)
	s.Sized()
	s.Point = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.NotMoved, Text: "0 ± 1"}
	a := s.Next()
	if a.Soak == nil {
		t.Fatalf("%+v", a)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.HoldBegan, Reason: a.Reason, Soak: a.Soak, At: s.Now})
	s.Memory = s.Memory.After(state.Event{Kind: state.RunBegan, Goal: &s.Goal, At: s.Now})
	s.Now = s.Now.Add(s.Policy.Soak)
	s.Sized()
	s.Point = &learn.SoakResult{Shift: "a/db:b/db", X: 50, Verdict: learn.CannotTell}
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "nothing moved: 0 ± 1") {
		t.Fatalf("%+v", a)
	}
	risen := *s.Point
	risen.Risen = true // the loads say so, whatever the arrivals of one sample did
	still := *s
	still.Point = &risen
	still.Act(t, state.CompleteStep)
	s.Point.Verdict = learn.Moved
	s.Act(t, state.CompleteStep)
}

// TestAnIncrementByItselfIsHeldLikeAStep: a step that changes no size asks the signals, too.
func TestAnIncrementByItselfIsHeldLikeAStep(t *testing.T) {
	s := plannertest.Shifting()
	s.Policy.Percent, s.Policy.Soak = 1, 0
	for range 200 { // to where the sizes serve the next percentage as they are
		s.Sized()
		a := s.Next()
		if a.Kind == state.BeginStep && len(a.Step.Changes) == 0 {
			s.Gate = s.Gate.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
				[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
				s.Now)
			if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "cpu") {
				t.Fatalf("%+v", a)
			}
			return
		}
		s.Act(t, a.Kind)
		if a.Kind == state.ShiftTraffic {
			s.Readings[0].X = a.Traffic.To
			s.Point = &learn.SoakResult{Shift: "a/db:b/db", X: a.Traffic.To, From: learn.Measure{Erlangs: 7, SD: 0.1},
				To: learn.Measure{Erlangs: 9, SD: 0.1}}
		}
	}
	t.Fatal("every turn needs a size")
}

// TestTrafficGoesBackThoughNothingIsSeen: the switch is no part of what does not answer.
func TestTrafficGoesBackThoughNothingIsSeen(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X, s.Shifts[0].At = 50, 50
	blind := control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet}, Journal: s.Memory, Policy: s.Policy,
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
		len(abort.Step.Changes) != len(s.Memory.Written) {
		t.Fatalf("%v %+v", due, abort)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.StepAbort, Step: abort.Step, At: s.Now})
	blind.Journal = s.Memory
	flip, due := control.Unseen(blind)
	if !due || flip.Kind != state.ShiftTraffic || flip.Traffic.To != 0 {
		t.Fatalf("%v %+v", due, flip)
	}
}

func TestASwitchThatSomebodyElseTurnsIsDriftAndOneThatDoesNotAnswerHolds(t *testing.T) {
	s := plannertest.Shifting()
	s.Sized()
	s.Sized()
	s.Readings[0].X = 30
	s.Sized()
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted ||
		!strings.Contains(a.Reason.Text(), "says 30 %, and the journal 0 %") {
		t.Fatalf("%+v", a)
	}
	s.Readings[0] = state.Reading{X: 0, Err: errors.New("flag: exit status 1")}
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "is not known: flag: exit status 1") {
		t.Fatalf("%+v", a)
	}
	s.Readings[0] = state.Reading{X: 0, Said: true}
	s.Until(t, state.ShiftTraffic)
	s.Sized()
	s.Act(t, state.Wait) // what it said before the turn is explained, and not for ever
	s.Now = s.Now.Add(s.Policy.Stale)
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason.Text(), "still says 0 %") {
		t.Fatalf("%+v", a)
	}
	s.Readings[0].X = 30
	if a := s.Next(); a.Outcome != state.Drifted {
		t.Fatalf("%+v", a)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.Accepted}) // a person says that it is right
	if a := s.Next(); a.Outcome == state.Drifted {
		t.Fatalf("%+v", a)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.RunBegan, Switches: []state.Switch{{Shift: "a/db:b/db", X: 30,
		Or: 30}}})
	if sw, _ := s.Memory.Switch("a/db:b/db"); sw.X != 30 || sw.Any {
		t.Errorf("%+v", sw)
	}
}

// TestAnIncrementOfUnknownFateIsMadeAgain: a switch without get: does not tell whether it was.
func TestAnIncrementOfUnknownFateIsMadeAgain(t *testing.T) {
	s := plannertest.Shifting()
	s.Readings[0].Said = false
	flip := s.Due(t, state.ShiftTraffic)
	s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Action: &flip, At: s.Now})
	s.Sized()
	if a := s.Next(); a.Kind != state.ShiftTraffic || *a.Traffic != *flip.Traffic {
		t.Fatalf("%+v", a)
	}
	// it may not be made now
	s.Gate = s.Gate.Add(nil, []control.Threshold{{Name: "cpu", Hold: 0.8, Resume: 0.7, Abort: math.Inf(1)}},
		[]string{"pg"}, time.Minute, s.Now)
	if a := s.Next(); a.Kind != state.ShiftTraffic || a.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}

func TestAPersonWhoTurnsTheSwitchIsWaitedFor(t *testing.T) {
	s := plannertest.Shifting()
	s.Shifts[0].ByHand = true
	s.Policy.FlipFor = time.Minute
	s.Until(t, state.BeginStep)
	for a := s.Next(); !strings.Contains(a.Reason.Text(),
		"turn the traffic of a/db:b/db from 0 to 50 % now"); a = s.Next() {
		if a.Kind == state.ShiftTraffic {
			t.Fatalf("%+v", a)
		}
		s.Act(t, a.Kind)
		s.Sized()
	}
	waiting := *s
	s.Readings = []state.Reading{{X: 50, Said: true}}
	s.Sized()
	if a := s.Act(t, state.ShiftTraffic); a.Reason.Text() != "by hand" {
		t.Fatalf("%+v", a)
	}
	if sw, _ := s.Memory.Switch("a/db:b/db"); sw.X != 50 {
		t.Errorf("%+v", sw)
	}
	waiting.Readings = []state.Reading{{X: 0, Said: true}}
	waiting.Now = waiting.Now.Add(time.Minute)
	if a := waiting.Next(); a.Kind != state.Stop || a.Outcome != state.Held ||
		!strings.Contains(a.Reason.Text(), "nobody turned") {
		t.Fatalf("%+v", a)
	}
	waiting.Readings = []state.Reading{{X: 70, Said: true}} // somewhere else
	if a := waiting.Next(); a.Outcome != state.Drifted {
		t.Fatalf("%+v", a)
	}
}

// TestAnActThatDoesNotSucceedKeepsNoTraffic: a size that cannot be written is no reason to leave traffic where it
// saturates.
func TestAnActThatDoesNotSucceedKeepsNoTraffic(t *testing.T) {
	s := plannertest.Shifting()
	s.Until(t, state.ShiftTraffic)
	s.Readings[0].X = 50
	s.Sized()
	undo := state.Action{Kind: state.Undo, Pool: "a/db", Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: s.Size("a"), To: s.Size("a") + 1}}}
	s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Action: &undo, At: s.Now})
	s.Memory = s.Memory.After(state.Event{Kind: state.Failed, Action: &undo, At: s.Now, Outcome: state.Held,
		Reason: verdict.Of(verdict.Note, "a full disk")})
	s.Saturated()
	if a := s.Act(t, state.AbortStep); a.Step.Traffic == nil || a.Step.Traffic.To != 0 {
		t.Fatalf("%+v", a)
	}
}

// TestAPersonIsNotAskedWhileASignalHolds to turn the switch.
func TestAPersonIsNotAskedWhileASignalHolds(t *testing.T) {
	s := plannertest.Shifting()
	s.Shifts[0].ByHand, s.Policy.FlipFor = true, time.Minute
	s.Until(t, state.Grant)
	s.Sized()
	s.Saturated()
	s.Gate = s.Gate.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now.Add(time.Millisecond)}},
		[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.99}}, []string{"pg"}, time.Minute,
		s.Now)
	for range 4 {
		s.Sized()
		if a := s.Next(); strings.Contains(a.Reason.Text(), "turn the traffic") {
			t.Fatalf("%+v", a)
		}
	}
}
