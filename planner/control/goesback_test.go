package control_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestALineThatIsGoneKeepsNoUndo: whatever kind of step is in hand, and whatever was being done when it was, a line
// that is no longer there is in no action, and every other line goes back.
func TestALineThatIsGoneKeepsNoUndo(t *testing.T) {
	gone := fleet.SettingChange{Process: "old/1", Alias: "db", Key: fleet.KeySize, From: 6, To: 2}
	forward := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}, gone}}
	backward := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 16, To: 20}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10},
		gone.Back()}}
	for _, c := range []struct {
		name   string
		events func(s *plannertest.Stage)
		intent bool
	}{
		{"a step that is to go back", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
			s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
		}, false},
		{"a step that is to go back, in an action", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
			s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
		}, true},
		{"a step that goes back", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
			s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
			s.Record(state.Event{Kind: state.StepAbort, Step: &backward})
		}, false},
		{"a step that goes back, in an action", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
			s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
			s.Record(state.Event{Kind: state.StepAbort, Step: &backward})
		}, true},
		{"a step of a rollback", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal, To: 1})
			back := backward
			back.Kind = state.Forward
			s.Record(state.Event{Kind: state.StepBegan, Step: &back})
		}, false},
		{"a step of a rollback, in an action", func(s *plannertest.Stage) {
			s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal, To: 1})
			back := backward
			back.Kind = state.Forward
			s.Record(state.Event{Kind: state.StepBegan, Step: &back})
		}, true},
	} {
		s := plannertest.NewStage(4)
		s.Goal = sizing.Goal{}
		c.events(s)
		if c.intent {
			act := state.Action{Kind: state.Release, Changes: slices.Clone(s.Memory.Step.Changes)}
			s.Record(state.Event{Kind: state.Intended, Action: &act})
		}
		a, b := 16, 14
		look := func() { s.See(a, a, b, b) }
		for range 3 {
			look()
		}
		at := control.State{Samples: control.Samples{Fleet: s.Fleet, Sample: s.Look},
			TrafficNow: control.TrafficNow{AsMeasured: s.Fleet}, Journal: s.Memory.Bound(1), Policy: s.Policy}
		if why := at.Drift(); why.Any() {
			t.Errorf("%s: before a rollback: %s", c.name, why.Text())
		}
		if sets := at.Back().Changes; len(sets) != 2 || slices.ContainsFunc(sets, gone.Same) {
			t.Errorf("%s: a rollback would begin with %v, want a and b", c.name, sets)
		}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal, To: 1})
		var last state.Action
		for range 400 {
			if last = s.Next(); last.Kind == state.Stop {
				break
			}
			for _, x := range last.Changes {
				switch {
				case x.Same(gone):
					t.Fatalf("%s: %s of %v, which is gone", c.name, last.Kind, last.Changes)
				case x.Process == "a/1":
					a = x.To
				default:
					b = x.To
				}
			}
			switch last.Kind {
			case state.AbortStep, state.BeginStep:
				s.Record(state.Event{Kind: map[state.ActionKind]state.EventKind{state.AbortStep: state.StepAbort,
					state.BeginStep: state.StepBegan}[last.Kind], Step: last.Step})
			case state.CompleteStep:
				s.Record(state.Event{Kind: state.StepEnded})
			case state.Wait:
				s.Now = s.Now.Add(last.For)
			default:
				s.Record(state.Event{Kind: state.Intended, Action: &last})
				s.Record(state.Event{Kind: state.Acted, Action: &last})
			}
			look()
		}
		if last.Outcome != state.Done || a != 20 || b != 10 {
			t.Errorf("%s: ended %s (%s) at %d and %d, want done at 20 and 10", c.name, last.Outcome, last.Reason.Text(), a, b)
		}
	}
}

// TestAnActWhoseOnlyLineIsGoneCanBeWrittenDown: what is left of it is nothing, and the journal takes that.
func TestAnActWhoseOnlyLineIsGoneCanBeWrittenDown(t *testing.T) {
	gone := fleet.SettingChange{Process: "old/1", Alias: "db", Key: fleet.KeySize, From: 2, To: 6}
	s := plannertest.NewStage(0)
	s.Goal = sizing.Goal{}
	s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
	s.Record(state.Event{Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward,
		Changes: []fleet.SettingChange{gone.Back()}}})
	s.Record(state.Event{Kind: state.StepAbort, Step: &state.Step{Kind: state.Backward,
		Changes: []fleet.SettingChange{gone}}})
	s.Record(state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Grant,
		Changes: []fleet.SettingChange{gone}}})
	for range 3 {
		s.See(16, 16, 14, 14)
	}
	a := s.Next()
	for _, kind := range []state.EventKind{state.Intended, state.Acted} {
		e := state.Event{Seq: s.Memory.Seq + 1, At: s.Now, Kind: kind, Action: &a}
		if err := s.Memory.Refuses(e); err != nil || len(a.Changes) > 0 {
			t.Fatalf("%s of %v: %v", a.Kind, a.Changes, err)
		}
		s.Memory = s.Memory.After(e)
	}
	s.See(16, 16, 14, 14)
	s.Act(t, state.CompleteStep)
}

// TestAStepThatIsGivenUpCanBeRolledBack: a person accepts the sizes that are there while a step is in hand, and goes
// back all the same.
func TestAStepThatIsGivenUpCanBeRolledBack(t *testing.T) {
	forward := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}},
		Traffic: &shift.TrafficChange{Shift: "a/db:b/db", From: 0, To: 10}}
	back := forward.Traffic.Back()
	backward := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 16, To: 20}}, Traffic: &back}
	for name, aborted := range map[string]bool{"forward": false, "on its way back": true} {
		s := plannertest.NewStage(0)
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
		s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
		if aborted {
			s.Record(state.Event{Kind: state.StepAbort, Step: &backward})
		}
		s.Record(state.Event{Kind: state.Accepted})
		s.See(16, 16, 14, 14)
		way, any := control.Rollback(s.Memory, s.Fleet, 0)
		want := "[{a/db pg 20 0 NaN} {b/db pg 10 0 NaN}]"
		if aborted {
			want = "[{a/db pg 20 0 NaN}]"
		}
		if got := fmt.Sprint(way.Goal.Pools); !any || got != want || fmt.Sprint(way.Traffic) != "[{a/db:b/db 10 0}]" {
			t.Errorf("%s: %v %v %v, want %s and the traffic from 10 to 0", name, any, got, way.Traffic, want)
		}
		if numbers := s.Memory.Numbers(); fmt.Sprint(numbers) != "[1]" || s.Memory.Step != nil {
			t.Errorf("%s: steps %v, %v in hand, want 1 and none", name, numbers, s.Memory.Step)
		}
	}
	s := plannertest.NewStage(0)
	s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal, To: 1})
	s.Record(state.Event{Kind: state.StepBegan, Step: &forward})
	s.Record(state.Event{Kind: state.Accepted})
	if len(s.Memory.Past) > 0 {
		t.Errorf("a step of a rollback is among those that were taken: %v", s.Memory.Past)
	}
}

// TestARollbackIsNotHeldByWhatNobodyKnows: Prometheus may be what went wrong. What was read holds it, and a run that
// goes forward is held by both.
func TestARollbackIsNotHeldByWhatNobodyKnows(t *testing.T) {
	rules := []control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}, {Name: "other", Hold: 0.85, Resume: 0.8,
		Abort: 1}}
	for _, c := range []struct {
		name     string
		values   []fleet.Float // of cpu, look by look
		rollback bool
		held     bool
	}{
		{"unknown", []fleet.Float{fleet.Unknown(), fleet.Unknown(), fleet.Unknown()}, true, false},
		{"unknown, forward", []fleet.Float{fleet.Unknown(), fleet.Unknown(), fleet.Unknown()}, false, true},
		{"low, then unknown", []fleet.Float{0.2, fleet.Unknown(), fleet.Unknown()}, true, false},
		{"high", []fleet.Float{0.9, 0.9, 0.9}, true, true},
		{"high, then unknown", []fleet.Float{0.9, 0.9, fleet.Unknown()}, true, true},
		{"low", []fleet.Float{0.2, 0.2, 0.2}, true, false},
	} {
		s := plannertest.NewStage(4)
		s.Goal = sizing.Goal{Pools: []sizing.GoalPool{{Pool: "b/db", Server: "pg", Size: 12, Reserve: 0,
			MeanWait: fleet.Unknown()}}}
		s.Memory.Running = true
		if c.rollback {
			s.Memory.RollTo = 1
		}
		for _, v := range c.values {
			s.See(20, 18, 10, 10)
			signals := []fleet.Signal{{Name: "cpu", Server: "pg", Value: v, At: s.Now}, {Name: "other", Server: "pg", Value: 0.1,
				At: s.Now}}
			if !v.Known() {
				signals = signals[1:] // as where Prometheus has no answer
			}
			s.Gate = s.Gate.Add(signals, rules, []string{"pg"}, time.Minute, s.Now)
		}
		if a := s.Next(); (a.Kind != state.BeginStep) != c.held {
			t.Errorf("%s: %s %s, held: %v wanted", c.name, a.Kind, a.Reason.Text(), c.held)
		}
	}
}

// TestASoakThatNobodyWatchesSaysSo: where every sample takes longer than counts as watched, the soak would never end.
// One that was lost is none of that.
func TestASoakThatNobodyWatchesSaysSo(t *testing.T) {
	for _, c := range []struct {
		name  string
		apart []time.Duration
		holds bool
	}{
		{"late each time", []time.Duration{3 * time.Minute, 3 * time.Minute, 3 * time.Minute}, true},
		{"one was lost", []time.Duration{time.Second, 3 * time.Minute, time.Second}, false},
		{"one was lost just now", []time.Duration{time.Second, time.Second, 3 * time.Minute}, false},
		{"late, and watched again", []time.Duration{3 * time.Minute, 3 * time.Minute, time.Second}, false},
		{"two were lost", []time.Duration{3 * time.Minute, time.Second, 3 * time.Minute}, false},
		{"as often as wanted", []time.Duration{20 * time.Second, 20 * time.Second, 20 * time.Second}, false},
	} {
		s := plannertest.NewStage(0)
		s.Policy.HoldFor, s.Policy.Soak = time.Hour, time.Hour
		s.Open(t)
		s.Act(t, state.Release)
		s.See(16, 16, 10, 10)
		s.See(16, 16, 10, 10)
		s.Act(t, state.Grant)
		s.Readings, s.Shifts = []state.Reading{{X: 100, Err: errors.New("get: it takes long")}},
			[]shift.Shift{{From: "c/db", To: "d/db", Until: 100}}
		for _, d := range c.apart {
			s.Now = s.Now.Add(d - time.Second)
			s.See(16, 16, 14, 14)
		}
		a := s.Next()
		if a.Kind != state.Wait || a.Held != c.holds {
			t.Errorf("%s: %s, held %v (%s), want held %v", c.name, a.Kind, a.Held, a.Reason.Text(), c.holds)
		}
		if c.holds && (!strings.Contains(a.Reason.Text(), "3m0s apart") || !strings.Contains(a.Reason.Text(),
			"get: it takes long")) {
			t.Errorf("%s: %q names neither number nor cause", c.name, a.Reason.Text())
		}
	}
}

// TestNoStepBeginsThatNobodyWasAskedFor: what came up after the question ends the run, and what was in hand goes on.
func TestNoStepBeginsThatNobodyWasAskedFor(t *testing.T) {
	s := plannertest.NewStage(0)
	for range 3 {
		s.See(20, 18, 10, 10)
	}
	at := control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Look,
		Recent: s.Trail}, TrafficNow: control.TrafficNow{AsMeasured: s.Fleet}, Aim: control.Aim{Goal: s.Goal},
		Policy: s.Policy, Bars: control.Bars{Unasked: verdict.Of(verdict.Note, "nobody was asked")}}
	if a := control.Next(at); a.Kind != state.Stop || a.Outcome != state.Held || a.Reason.Text() != "nobody was asked" {
		t.Errorf("%s %s %s, want an end", a.Kind, a.Outcome, a.Reason.Text())
	}
	at.Journal.Step = &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 20, To: 16}}}
	if a := control.Next(at); a.Kind != state.Release {
		t.Errorf("of the step in hand: %s %s, want its release", a.Kind, a.Reason.Text())
	}
	at.Journal, at.Goal = state.JournalState{}, sizing.Goal{}
	if a := control.Next(at); a.Kind != state.Stop || a.Outcome != state.Done {
		t.Errorf("with nothing to do: %s %s, want done", a.Outcome, a.Reason.Text())
	}
}

// TestARollbackThatDoesNotFitIsForeseen: what was released on a fleet that is over its budget cannot be given back.
func TestARollbackThatDoesNotFitIsForeseen(t *testing.T) {
	for spare, fits := range map[int]bool{0: true, -1: false} {
		s := plannertest.NewStage(spare)
		s.Open(t)
		s.Act(t, state.Release)
		s.See(16, 16, 10, 10)
		at := control.State{Samples: control.Samples{Fleet: s.Fleet, Sample: s.Look},
			TrafficNow: control.TrafficNow{AsMeasured: s.Fleet}, Journal: s.Memory.Bound(s.Memory.StepSeq), Policy: s.Policy}
		if why, none := at.Barred(); (!why.Any()) != fits || none {
			t.Errorf("%d spare: %q, none of it: %v, fits: %v", spare, why.Text(), none, fits)
		}
	}
}

// TestAnUndoOfWhichNothingFitsIsForeseen: one that has traffic or a release is worth it all the same.
func TestAnUndoOfWhichNothingFitsIsForeseen(t *testing.T) {
	grant, release := fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 16, To: 20},
		fleet.SettingChange{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10}
	for _, c := range []struct {
		name string
		step state.Step
		none bool
	}{
		{"a grant alone", state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{grant}}, true},
		{"and a turn", state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{grant},
			Traffic: &shift.TrafficChange{Shift: "a/db:b/db", From: 10, To: 0}}, false},
		{"and a release", state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{grant, release}}, false},
	} {
		s := plannertest.NewStage(-10)
		s.See(16, 16, 14, 14)
		at := control.State{Samples: control.Samples{Fleet: s.Fleet, Sample: s.Look},
			TrafficNow: control.TrafficNow{AsMeasured: s.Fleet},
			Journal:    state.JournalState{StepInHand: state.StepInHand{Step: &c.step}}, Policy: s.Policy}
		if why, none := at.Barred(); !why.Any() || none != c.none {
			t.Errorf("%s: %q, none of it: %v, want %v", c.name, why.Text(), none, c.none)
		}
	}
}

// TestWhoComesDuringARunIsRemembered: after a restart of the process, which forgets who came, his pool still counts.
func TestWhoComesDuringARunIsRemembered(t *testing.T) {
	s := plannertest.NewStage(0)
	s.See(20, 18, 10, 10)
	s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal, Seen: state.SeenIn(s.Look)})
	if came := s.Memory.New(s.Look); len(came) > 0 {
		t.Errorf("%v are new of a sample that is known", came)
	}
	look := s.Look
	look.Processes = slices.Clone(look.Processes)
	look.Processes[0].Aliases = []fleet.Alias{look.Processes[0].Aliases[0],
		{Name: "other", Pools: []fleet.PoolGauges{{User: "x"}}}}
	look.Processes[0].Aliases[0].Pools = []fleet.PoolGauges{{User: "app"}, {User: "night"}}
	look.Processes[1].Aliases = append(slices.Clone(look.Processes[1].Aliases), fleet.Alias{Name: "other",
		Pools: []fleet.PoolGauges{{User: "x"}}})
	came := s.Memory.New(look)
	if got := state.Came(came).Text(); got != "seen for the first time: night came to db in a/1; x came to other in a/1, "+
		"b/1" {
		t.Error(got)
	}
	s.Record(state.Event{Kind: state.Noted, Seen: came})
	if came := s.Memory.New(look); len(came) > 0 {
		t.Errorf("%v are new, and were noted", came)
	}
	if back := s.Memory.Recall(s.Look); len(back.Processes[0].Aliases[0].Pools) != 2 {
		t.Errorf("%v after a restart, want app and night", back.Processes[0].Aliases[0].Pools)
	}
}
