package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAStepOfWhichNothingIsLeftEndsTheRunHeld(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Record(state.Event{Kind: state.StepTrimmed, Step: &state.Step{Kind: state.Forward},
		Reason: verdict.Of(verdict.NoLongerFits, "")})
	s.Observe(20, 18, 10, 10)
	s.Do(t, state.CompleteStep)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held || !a.Reason.Is(verdict.NoLongerFits) ||
		s.Journal.Steps != 0 {
		t.Fatalf("%+v after %d steps", a, s.Journal.Steps)
	}
}

func TestAnActionThatFailsAgainAndAgainEndsTheRun(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	fail := func(o state.Outcome) {
		s.Record(state.Event{Kind: state.Failed, Action: &state.Action{Kind: state.Release}, Outcome: o,
			Reason: verdict.Of(verdict.ActionFailed, "no space")})
	}
	begun := s.Now
	for s.Now.Sub(begun) < s.Policy.HoldFor {
		fail(state.Held)
		s.Observe(20, 18, 10, 10)
		if a := s.Next(); s.Now.Sub(begun) < s.Policy.HoldFor && a.Kind != state.Wait {
			t.Fatalf("after %v: %+v", s.Now.Sub(begun), a)
		}
		s.Now = s.Now.Add(5 * time.Second)
	}
	s.Observe(20, 18, 10, 10)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held || !a.Reason.Is(verdict.ActionFailed) {
		t.Fatal(a)
	}
	fail(state.LockLost)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.LockLost {
		t.Fatal(a)
	}
}

func TestOneOverTheBudgetDoesNotReleaseEverything(t *testing.T) {
	s := plannertest.NewTwoPools(-1)
	s.Policy.Percent = 7 // two connections of 29
	s.Goal.Pools[0].Size = 2
	s.Observe(20, 18, 10, 10)
	step, _ := steps.Next(s.Fleet, s.Goal, s.Policy, nil)
	if step.Text() != "a/db 20 → 18" {
		t.Error(step.Text())
	}
}

// TestForecastIsThePathThatIsTaken counts the steps to the goal and ends there.
func TestForecastIsThePathThatIsTaken(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Observe(20, 20, 10, 10)
	s.Policy.Percent = 7 // 2 of 30
	steps, _ := control.State{Samples: control.Samples{Fleet: s.Fleet}, RunGoal: control.RunGoal{Goal: s.Goal},
		Policy: s.Policy}.Forecast()
	f := s.Fleet
	for _, x := range steps {
		step := x.Step
		if err := control.Promise(f.With(step.Changes).Drained(), nil); err != nil {
			t.Fatal(err)
		}
		f = f.With(step.Changes).Drained()
		if spare := f.SpareConns("pg"); spare < 0 {
			t.Errorf("%s: %d spare", step.Text(), spare)
		}
	}
	a, _ := f.Pool("a/db")
	b, _ := f.Pool("b/db")
	if len(steps) != 2 || a.Sizes[0].Conns != 16 || b.Sizes[0].Conns != 14 || a.SeenConns != 16 {
		t.Errorf("%d steps to %d and %d", len(steps), a.Sizes[0].Conns, b.Sizes[0].Conns)
	}
	if steps, _ := (control.State{Samples: control.Samples{Fleet: f}, RunGoal: control.RunGoal{Goal: s.Goal},
		Policy: s.Policy}).Forecast(); len(steps) != 0 {
		t.Errorf("%d steps more", len(steps))
	}
	if took := control.Takes(s.Policy, 2); took < 30*time.Minute || took > 31*time.Minute {
		t.Error(took)
	}
}

// TestASoakIsTimeThatWasWatched: what a console that does not answer, a pause of the host or a clock that is set leaves
// out is no time of it.
func TestASoakIsTimeThatWasWatched(t *testing.T) {
	for name, gap := range map[string]func(s *plannertest.TwoPools){
		"no sample succeeds":  func(s *plannertest.TwoPools) { s.Recent = s.Recent.Broken() },
		"the host is stopped": func(s *plannertest.TwoPools) {},
	} {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		s.Observe(16, 16, 10, 10)
		s.Observe(16, 16, 10, 10)
		s.Do(t, state.Grant)
		s.Observe(16, 16, 14, 14)
		s.Do(t, state.Wait)
		gap(s)
		s.Now = s.Now.Add(s.Policy.Soak)
		samples := 0
		for s.Observe(16, 16, 14, 14); s.Next().Kind == state.Wait && samples < 2*int(s.Policy.Soak/time.Second); samples++ {
			s.Observe(16, 16, 14, 14)
		}
		if least := int(s.Policy.Soak/time.Second) - 5; samples < least || samples > least+6 {
			t.Errorf("%s: closed after %d seconds of samples, want about %v", name, samples, s.Policy.Soak)
		}
	}
}
