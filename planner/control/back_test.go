package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestRollbackTakesTheStepInHandAlone(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Observe(20, 18, 10, 10)
	step := func(from, to int) *state.Step {
		return &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: from, To: to}}}
	}
	s.Record(state.Event{Kind: state.StepBegan, Step: step(24, 20)})
	s.Record(state.Event{Kind: state.StepEnded})
	s.Record(state.Event{Kind: state.StepBegan, Step: step(20, 16)})
	rollback, any := control.Rollback(s.Journal, s.Fleet, 0)
	if !any || rollback.To != 3 || len(rollback.Goal.Pools) != 0 {
		t.Errorf("%+v", rollback)
	}
	if rollback, _ = control.Rollback(s.Journal, s.Fleet, 1); rollback.To != 1 || len(rollback.Goal.Pools) != 1 ||
		rollback.Goal.Pools[0].Size != 24 {
		t.Errorf("%+v", rollback)
	}
}

func TestAnUndoThatDoesNotFitIsKept(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	s.Observe(16, 16, 10, 10)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Grant)
	s.Observe(16, 16, 14, 14, plannertest.Waits("a", 2*time.Second))
	s.Do(t, state.AbortStep)
	s.Observe(16, 16, 14, 14)
	s.Do(t, state.Retreat)
	more := func(o *fleet.Observation) { o.Servers[0].Backends.DirectConns = 1 }
	s.Observe(16, 16, 10, 10, more)
	s.Observe(16, 16, 10, 10, more)
	if a := s.Do(t, state.Grant); fmt.Sprint(a.Changes) != "[{a/1 db pool_size 16 19}]" { // what fits goes back
		t.Fatal(a.Changes)
	}
	s.Observe(19, 19, 10, 10, more)
	if a := s.Do(t, state.Wait); !a.Held || !a.Reason.Is(verdict.BackNoRoom) ||
		s.Journal.Step == nil {
		t.Fatal(a)
	}
	s.Observe(19, 19, 10, 10)
	if a := s.Do(t, state.Grant); fmt.Sprint(a.Changes) != "[{a/1 db pool_size 19 20}]" { // from where its file is
		t.Fatal(a.Changes)
	}
	s.Observe(20, 20, 10, 10)
	s.Do(t, state.CompleteStep)
}

// TestAnUndoThatNeverFitsBarsNothing: a fleet over its budget only releases, and what it has released cannot be given
// back as a whole. What fits is; the rest is given up once it was waited for, another pool may release, and a rollback
// knows of it.
func TestAnUndoThatNeverFitsBarsNothing(t *testing.T) {
	s := plannertest.NewTwoPools(-1)
	s.Policy.HoldFor, s.Policy.Aborts = time.Minute, 3
	s.Goal.Pools[1].Size = 8
	s.Policy.Percent = 10 // first a, which has more than it needs, then b
	s.Begin(t)
	if a := s.Do(t, state.Release); a.Changes[0].Process != "a/1" {
		t.Fatal(a.Changes)
	}
	least := s.Journal.Step.Changes[0].To
	s.Observe(least, least, 10, 10)
	s.Observe(least, least, 10, 10, plannertest.Waits("a", 3*time.Second))
	abort := s.Do(t, state.AbortStep)
	if abort.Step.Changes[0] != (fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: least,
		To: 20}) {
		t.Fatal(abort.Step)
	}
	s.Observe(least, least, 10, 10)
	part := s.Do(t, state.Grant)
	if got := part.Changes[0]; got.To != 19 || len(part.Changes) != 1 {
		t.Fatalf("%v, want 19: one more is over the budget", part.Changes)
	}
	s.Observe(19, 19, 10, 10)
	if why := s.Do(t, state.Wait); !why.Held {
		t.Fatal(why)
	}
	s.Record(state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "it does not fit")})
	s.Now = s.Now.Add(max(s.Policy.HoldFor, s.Policy.DrainFor))
	s.Observe(19, 19, 10, 10)
	s.Do(t, state.TrimStep)
	s.Observe(19, 19, 10, 10)
	s.Do(t, state.CompleteStep)
	if r := s.Journal.Refused; len(r) != 1 || r[0].Pool != "a/db" || r[0].Least != 19 || s.Journal.Step != nil {
		t.Fatalf("%+v, want a/db not below 19", r)
	}
	rollback, any := control.Rollback(s.Journal, s.Fleet, 0)
	if !any || len(rollback.Goal.Pools) != 1 || rollback.Goal.Pools[0].Size != 20 {
		t.Errorf("a rollback goes to %+v, want a/db at 20", rollback.Goal)
	}
	for _, last := range []struct {
		steps, aborts int
		to            int64
	}{{1, 3, 0}, {0, 1, 0}, {0, 3, 1}} { // a single step, the last of aborts in a row, and a rollback end so
		end := control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Sample,
			Recent: s.Recent}, Journal: s.Journal, RunGoal: control.RunGoal{Goal: s.Goal, Steps: last.steps}, Policy: s.Policy}
		end.Policy.Aborts, end.Journal.RollTo, end.Journal.Steps = last.aborts, last.to, last.steps
		if a := control.Next(end); a.Kind != state.Stop || a.Outcome != state.Held ||
			!a.Reason.Is(verdict.RestLeft) {
			t.Errorf("%+v: %s %s %q, want held, with what is left", last, a.Kind, a.Outcome, a.Reason.Text())
		}
	}
	s.Now = s.Now.Add(s.Policy.Soak)
	s.Observe(19, 19, 10, 10)
	if begun := s.Do(t, state.BeginStep); len(begun.Step.Changes) != 1 || begun.Step.Changes[0].Process != "b/1" ||
		begun.Step.Changes[0].To >= 10 {
		t.Errorf("%v, want a release of b", begun.Step)
	}
}

// TestNoSignalReversesWhatGoesBack: a pool that gets back what it had gets it, though the guard is held, as it is after
// an abort.
func TestNoSignalReversesWhatGoesBack(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	back := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 16, To: 20}}}
	grant := state.Action{Kind: state.Grant, Changes: back.Changes}
	s.Record(state.Event{Kind: state.StepAbort, Step: &back, Reason: verdict.Of(verdict.Note, "cpu")})
	s.Record(state.Event{Kind: state.Intended, Action: &grant})
	s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.Now}},
		[]control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.Now)
	s.Observe(16, 16, 10, 10)
	if a := s.Next(); a.Kind != state.Grant || fmt.Sprint(a.Changes) != fmt.Sprint(back.Changes) {
		t.Errorf("%s %v: %s; want what goes back again", a.Kind, a.Changes, a.Reason.Text())
	}
}

// TestAPoolThatIsGoneKeepsNoOtherFromGoingBack: neither one of a step that was taken, nor one of the step in hand.
func TestAPoolThatIsGoneKeepsNoOtherFromGoingBack(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Observe(16, 16, 10, 10)
	gone := fleet.SettingChange{Process: "old/1", Alias: "db", Key: fleet.KeySize, From: 6, To: 2}
	s.Journal.Past = []state.Past{{Number: 1, Seq: 5, Step: state.Step{Kind: state.Forward,
		Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}, gone}}}}
	rollback, any := control.Rollback(s.Journal, s.Fleet, 5)
	if !any || len(rollback.Goal.Pools) != 1 || rollback.Goal.Pools[0].Pool != "a/db" ||
		fmt.Sprint(rollback.Gone) != "[old/db]" {
		t.Errorf("%+v, want a/db alone, and old/db named", rollback)
	}

	s = plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Journal.Step.Changes = append(s.Journal.Step.Changes, gone)
	s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
	for range 3 {
		s.Observe(20, 18, 10, 10)
	}
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted {
		t.Errorf("going forward: %s %s, want an end", a.Kind, a.Reason.Text())
	}
	if rollback, any := control.Rollback(s.Journal, s.Fleet, 0); !any || fmt.Sprint(rollback.Gone) != "[old/db]" {
		t.Errorf("of the step in hand: %+v, want old/db named", rollback)
	}
	s.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: s.Journal.StepSeq})
	s.Observe(16, 16, 10, 10)
	if a := s.Do(t, state.AbortStep); fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 16 20}]" {
		t.Errorf("%+v, want a/db back", a.Step)
	}
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Grant)
}
