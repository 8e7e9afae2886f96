package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
)

// TestAnActOfUnknownFateIsSettledBeforeAnythingElse: the program died between the write of a file and the end of the
// action.
func TestAnActOfUnknownFateIsSettledBeforeAnythingElse(t *testing.T) {
	grant := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{{Process: "b/1", Alias: "db",
		Key: fleet.KeySize, From: 10, To: 14}}}
	inGrant := func(t *testing.T) *plannertest.Stage {
		s := plannertest.NewStage(0)
		s.Open(t)
		s.Act(t, state.Release)
		s.See(16, 16, 10, 10)
		s.See(16, 16, 10, 10)
		s.Record(state.Event{Kind: state.Intended, Action: &grant})
		s.Now = s.Now.Add(20 * time.Minute)
		s.Trail = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
		return s
	}
	t.Run("it is done again, whatever the process shows, and soaked from then on", func(t *testing.T) {
		for _, size := range []int{10, 14} {
			s := inGrant(t)
			for range 3 {
				s.See(16, 16, size, 10)
			}
			if a := s.Act(t, state.Grant); fmt.Sprint(a.Changes) != fmt.Sprint(grant.Changes) {
				t.Fatal(a)
			}
			s.See(16, 16, 14, 10)
			s.Act(t, state.Wait)
		}
	})
	t.Run("a grant that no longer fits is taken out of the file", func(t *testing.T) {
		s := inGrant(t)
		more := func(o *fleet.Observation) { o.Servers[0].Backends.DirectConns = 1 }
		for range 3 {
			s.See(16, 16, 10, 10, more)
		}
		if a := s.Act(t, state.Release); fmt.Sprint(a.Changes) != "[{b/1 db pool_size 14 10}]" {
			t.Fatal(a)
		}
		s.See(16, 16, 10, 10, more)
		s.See(16, 16, 10, 10, more)
		s.Act(t, state.TrimStep)
	})
	t.Run("a release is not undone for the time that nobody looked", func(t *testing.T) {
		s := plannertest.NewStage(0)
		s.Open(t)
		s.Act(t, state.Release)
		s.Now = s.Now.Add(20 * time.Minute)
		s.Trail = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
		for range 3 {
			s.See(16, 18, 10, 10)
		}
		s.Act(t, state.Wait)
	})
}

func TestAStepOfWhichNothingIsLeftEndsTheRunHeld(t *testing.T) {
	s := plannertest.NewStage(0)
	s.Open(t)
	s.Record(state.Event{Kind: state.StepTrimmed, Step: &state.Step{Kind: state.Forward}, Reason: "it no longer fits"})
	s.See(20, 18, 10, 10)
	s.Act(t, state.CompleteStep)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held || a.Reason != "it no longer fits" ||
		s.Memory.Steps != 0 {
		t.Fatalf("%+v after %d steps", a, s.Memory.Steps)
	}
}

func TestAnActThatFailsAgainAndAgainEndsTheRun(t *testing.T) {
	s := plannertest.NewStage(0)
	s.Open(t)
	fail := func(o state.Outcome) {
		s.Record(state.Event{Kind: state.Failed, Action: &state.Action{Kind: state.Release}, Outcome: o, Reason: "no space"})
	}
	begun := s.Now
	for s.Now.Sub(begun) < s.Policy.HoldFor {
		fail(state.Held)
		s.See(20, 18, 10, 10)
		if a := s.Next(); s.Now.Sub(begun) < s.Policy.HoldFor && a.Kind != state.Wait {
			t.Fatalf("after %v: %+v", s.Now.Sub(begun), a)
		}
		s.Now = s.Now.Add(5 * time.Second)
	}
	s.See(20, 18, 10, 10)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held || a.Reason != "no space" {
		t.Fatal(a)
	}
	fail(state.LockLost)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.LockLost {
		t.Fatal(a)
	}
}

func TestRollbackTakesTheStepInHandAlone(t *testing.T) {
	s := plannertest.NewStage(0)
	s.See(20, 18, 10, 10)
	step := func(from, to int) *state.Step {
		return &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: from, To: to}}}
	}
	s.Record(state.Event{Kind: state.StepBegan, Step: step(24, 20)})
	s.Record(state.Event{Kind: state.StepEnded})
	s.Record(state.Event{Kind: state.StepBegan, Step: step(20, 16)})
	way, any := control.Rollback(s.Memory, s.Fleet, 0)
	if !any || way.To != 3 || len(way.Goal.Pools) != 0 {
		t.Errorf("%+v", way)
	}
	if way, _ = control.Rollback(s.Memory, s.Fleet, 1); way.To != 1 || len(way.Goal.Pools) != 1 ||
		way.Goal.Pools[0].Size != 24 {
		t.Errorf("%+v", way)
	}
}

func TestOneOverTheBudgetDoesNotReleaseEverything(t *testing.T) {
	s := plannertest.NewStage(-1)
	s.Policy.Percent = 7 // two connections of 29
	s.Goal.Pools[0].Size = 2
	s.See(20, 18, 10, 10)
	step, _ := steps.Next(s.Fleet, s.Goal, s.Policy, nil)
	if step.Text() != "a/db 20 → 18" {
		t.Error(step.Text())
	}
}

func TestAWayBackThatDoesNotFitIsKept(t *testing.T) {
	s := plannertest.NewStage(0)
	s.Open(t)
	s.Act(t, state.Release)
	s.See(16, 16, 10, 10)
	s.See(16, 16, 10, 10)
	s.Act(t, state.Grant)
	s.See(16, 16, 14, 14, plannertest.Waits("a", 2*time.Second))
	s.Act(t, state.AbortStep)
	s.See(16, 16, 14, 14)
	s.Act(t, state.Retreat)
	more := func(o *fleet.Observation) { o.Servers[0].Backends.DirectConns = 1 }
	s.See(16, 16, 10, 10, more)
	s.See(16, 16, 10, 10, more)
	if a := s.Act(t, state.Grant); fmt.Sprint(a.Changes) != "[{a/1 db pool_size 16 19}]" { // what fits goes back
		t.Fatal(a.Changes)
	}
	s.See(19, 19, 10, 10, more)
	if a := s.Act(t, state.Wait); !a.Held || !strings.Contains(a.Reason, "the way back does not fit") ||
		s.Memory.Step == nil {
		t.Fatal(a)
	}
	s.See(19, 19, 10, 10)
	if a := s.Act(t, state.Grant); fmt.Sprint(a.Changes) != "[{a/1 db pool_size 19 20}]" { // from where its file is
		t.Fatal(a.Changes)
	}
	s.See(20, 20, 10, 10)
	s.Act(t, state.CompleteStep)
}

// TestAWayBackThatNeverFitsBarsNothing: a fleet over its budget only releases, and what it has released cannot be given
// back as a whole. What fits is; the rest is given up once it was waited for, another pool may release, and a rollback
// knows of it.
func TestAWayBackThatNeverFitsBarsNothing(t *testing.T) {
	s := plannertest.NewStage(-1)
	s.Policy.HoldFor, s.Policy.Aborts = time.Minute, 3
	s.Goal.Pools[1].Size = 8
	s.Policy.Percent = 10 // first a, which has more than it needs, then b
	s.Open(t)
	if a := s.Act(t, state.Release); a.Changes[0].Process != "a/1" {
		t.Fatal(a.Changes)
	}
	least := s.Memory.Step.Changes[0].To
	s.See(least, least, 10, 10)
	s.See(least, least, 10, 10, plannertest.Waits("a", 3*time.Second))
	abort := s.Act(t, state.AbortStep)
	if abort.Step.Changes[0] != (fleet.SettingChange{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: least,
		To: 20}) {
		t.Fatal(abort.Step)
	}
	s.See(least, least, 10, 10)
	part := s.Act(t, state.Grant)
	if got := part.Changes[0]; got.To != 19 || len(part.Changes) != 1 {
		t.Fatalf("%v, want 19: one more is over the budget", part.Changes)
	}
	s.See(19, 19, 10, 10)
	if why := s.Act(t, state.Wait); !why.Held {
		t.Fatal(why)
	}
	s.Record(state.Event{Kind: state.HoldBegan, Reason: "it does not fit"})
	s.Now = s.Now.Add(max(s.Policy.HoldFor, s.Policy.DrainFor))
	s.See(19, 19, 10, 10)
	s.Act(t, state.TrimStep)
	s.See(19, 19, 10, 10)
	s.Act(t, state.CompleteStep)
	if r := s.Memory.Refused; len(r) != 1 || r[0].Pool != "a/db" || r[0].Least != 19 || s.Memory.Step != nil {
		t.Fatalf("%+v, want a/db not below 19", r)
	}
	way, any := control.Rollback(s.Memory, s.Fleet, 0)
	if !any || len(way.Goal.Pools) != 1 || way.Goal.Pools[0].Size != 20 {
		t.Errorf("a rollback goes to %+v, want a/db at 20", way.Goal)
	}
	for _, last := range []struct {
		steps, aborts int
		to            int64
	}{{1, 3, 0}, {0, 1, 0}, {0, 3, 1}} { // a single step, the last of aborts in a row, and a rollback end so
		end := control.State{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Look, Recent: s.Trail, Journal: s.Memory,
			Goal: s.Goal, Policy: s.Policy,
			Steps: last.steps}
		end.Policy.Aborts, end.Journal.RollTo, end.Journal.Steps = last.aborts, last.to, last.steps
		if a := control.Next(end); a.Kind != state.Stop || a.Outcome != state.Held ||
			!strings.Contains(a.Reason, "pool_size a/db is at 19 of 20") ||
			!strings.Contains(a.Reason, "pgbudget rollback gives the rest back") {
			t.Errorf("%+v: %s %s %q, want held, with what is left", last, a.Kind, a.Outcome, a.Reason)
		}
	}
	s.Now = s.Now.Add(s.Policy.Soak)
	s.See(19, 19, 10, 10)
	if open := s.Act(t, state.BeginStep); len(open.Step.Changes) != 1 || open.Step.Changes[0].Process != "b/1" ||
		open.Step.Changes[0].To >= 10 {
		t.Errorf("%v, want a release of b", open.Step)
	}
}

func TestRefusedPoolsAreNotMadeEqualAgain(t *testing.T) {
	s := plannertest.NewStage(9)
	s.See(20, 18, 10, 10, func(o *fleet.Observation) {
		p := o.Processes[0]
		p.ID = "a/2"
		p.Aliases = []fleet.Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 16
		o.Processes = []fleet.Process{o.Processes[0], p, o.Processes[1]}
	})
	if step := steps.Equal(s.Fleet, s.Goal, s.Policy, nil); len(step.Changes) == 0 {
		t.Fatal("they are not made equal")
	}
	if step := steps.Equal(s.Fleet, s.Goal, s.Policy, []state.Refusal{{Pool: "a/db", Key: fleet.KeySize,
		Least: 20}}); len(step.Changes) != 0 {
		t.Error(step.Text())
	}
}

// TestSettlingObeysTheSignals: a grant of unknown fate is no way around a hold.
func TestSettlingObeysTheSignals(t *testing.T) {
	s := plannertest.NewStage(0)
	s.Open(t)
	s.Act(t, state.Release)
	s.See(16, 16, 10, 10)
	s.See(16, 16, 10, 10)
	grant := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{{Process: "b/1", Alias: "db",
		Key: fleet.KeySize, From: 10, To: 14}}}
	s.Record(state.Event{Kind: state.Intended, Action: &grant})
	s.Gate = s.Gate.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.Now}},
		[]control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.Now)
	s.See(16, 16, 10, 10)
	back := s.Next()
	if back.Kind != state.Release || fmt.Sprint(back.Changes) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(back)
	}
	// It dies in that, too, and what the first act has left in the process is no drift.
	s.Record(state.Event{Kind: state.Intended, Action: &back})
	s.See(16, 16, 14, 10)
	if a := s.Next(); a.Kind == state.Stop {
		t.Fatal(a)
	}
	s.Gate = control.SaturationGuard{}
	s.See(16, 16, 14, 10)
	if a := s.Act(t, state.Release); fmt.Sprint(a.Changes) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(a)
	}
}

// TestUnequalProcessesWithoutRoomWaitForReleases: what is too large elsewhere makes room for them first.
func TestUnequalProcessesWithoutRoomWaitForReleases(t *testing.T) {
	s := plannertest.NewStage(14)
	twice := func(o *fleet.Observation) {
		p := o.Processes[1]
		p.ID = "b/2"
		p.Aliases = []fleet.Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 14
		o.Processes = append(o.Processes, p)
	}
	for range 3 {
		s.See(20, 16, 10, 10, twice)
	}
	a := s.Next()
	if a.Kind != state.BeginStep || fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 16}]" {
		t.Fatalf("%+v", a)
	}
	for range 3 {
		s.See(16, 16, 10, 10, twice)
	}
	if a := s.Next(); a.Kind != state.BeginStep || fmt.Sprint(a.Step.Changes) != "[{b/1 db pool_size 10 14}]" {
		t.Fatalf("once there is room: %+v", a)
	}
	goal := s.Goal
	goal.Pools = goal.Pools[1:]
	s.Goal = goal
	for range 3 {
		s.See(20, 16, 10, 10, twice)
	}
	if a := s.Next(); !a.Held || !strings.Contains(a.Reason, "no room to make them the same") {
		t.Fatalf("nothing to release: %+v", a)
	}
}

// TestAheadIsTheWayThatIsTaken counts the steps to the goal and ends there.
func TestAheadIsTheWayThatIsTaken(t *testing.T) {
	s := plannertest.NewStage(0)
	s.See(20, 20, 10, 10)
	s.Policy.Percent = 7 // 2 of 30
	steps, _ := control.State{Fleet: s.Fleet, Goal: s.Goal, Policy: s.Policy}.Forecast()
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
	if steps, _ := (control.State{Fleet: f, Goal: s.Goal, Policy: s.Policy}).Forecast(); len(steps) != 0 {
		t.Errorf("%d steps more", len(steps))
	}
	if took := control.Takes(s.Policy, 2); took < 30*time.Minute || took > 31*time.Minute {
		t.Error(took)
	}
}

// TestUnequalProcessesHoldTheirOwnServerAlone: what has no room on one server is no reason to starve another.
func TestUnequalProcessesHoldTheirOwnServerAlone(t *testing.T) {
	pool := func(id, server string, sizes ...int) budget.FleetPool {
		p := budget.FleetPool{ID: id, Group: id[:1], Alias: "db", Server: server, Rules: budget.Rules{Min: 1, Weight: 1,
			Utilization: 0.9, MaxWaitMean: time.Second, MaxWaitP99: time.Second, Count: budget.CountWorst},
			Load: plannertest.StageLoad(id[:1])}
		for i, n := range sizes {
			process := fmt.Sprintf("%s/%d", id[:1], i+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: process, Conns: n, CapConns: 0})
			p.Copies = append(p.Copies, budget.Copy{Process: process, User: "u", Share: 1 / float64(len(sizes))})
		}
		p.Tally()
		return p
	}
	f := budget.Fleet{Servers: []budget.FleetServer{{Name: "one", BudgetConns: 18}, {Name: "two", BudgetConns: 30}},
		Pools: []budget.FleetPool{pool("a/db", "one", 8, 10), pool("b/db", "two", 20), pool("c/db", "two", 10)}}
	g := sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db", Server: "one", Size: 11, Reserve: 0, MeanWait: 0.001},
		{Pool: "b/db", Server: "two", Size: 10, Reserve: 0, MeanWait: 0.001}, {Pool: "c/db", Server: "two", Size: 20,
			Reserve: 0, MeanWait: 0.001}}}
	policy := state.DefaultPolicy()
	policy.Percent = 100
	steps, _ := control.State{Fleet: f, Goal: g, Policy: policy}.Forecast()
	for _, s := range steps {
		f = f.With(s.Step.Changes).Drained()
	}
	b, _ := f.Pool("b/db")
	c, _ := f.Pool("c/db")
	if b.Sizes[0].Conns != 10 || c.Sizes[0].Conns != 20 {
		t.Errorf("after %d steps b has %d and c %d", len(steps), b.Sizes[0].Conns, c.Sizes[0].Conns)
	}
}

// TestARollbackRepeatsNothing: an action of unknown fate, of a step that a person takes back, is not done first. It may
// have failed, and would fail again.
func TestARollbackRepeatsNothing(t *testing.T) {
	grant, release := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{{Process: "b/1", Alias: "db",
		Key: fleet.KeySize, From: 10, To: 14}}}, state.Action{Kind: state.Release,
		Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}}}
	for _, c := range []struct {
		name         string
		intent       state.Action
		released     bool
		sizeA, sizeB int
		want         string
	}{
		{"a grant that was not done", grant, true, 16, 10, "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 10}]"},
		{"a grant that was done", grant, true, 16, 14, "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 10}]"},
		{"a release that was not done", release, false, 20, 10, "[{a/1 db pool_size 16 20}]"},
		{"a release that was done", release, false, 16, 10, "[{a/1 db pool_size 16 20}]"},
	} {
		s := plannertest.NewStage(0)
		s.Open(t)
		if c.released {
			s.Act(t, state.Release)
			s.See(16, 16, 10, 10)
			s.See(16, 16, 10, 10)
		}
		s.Record(state.Event{Kind: state.Intended, Action: &c.intent})
		s.Trail = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: s.Memory.StepSeq})
		for range 3 {
			s.See(c.sizeA, 16, c.sizeB, 10)
		}
		a := s.Next()
		if a.Kind != state.AbortStep || a.Step.Kind != state.Backward || fmt.Sprint(a.Step.Changes) != c.want {
			t.Errorf("%s: %s %v of %+v, want its way back %s", c.name, a.Kind, a.Changes, a.Step, c.want)
		}
	}
}

// TestNoSignalReversesWhatGoesBack: a pool that gets back what it had gets it, though the guard is held, as it is after
// an abort.
func TestNoSignalReversesWhatGoesBack(t *testing.T) {
	s := plannertest.NewStage(0)
	s.Open(t)
	s.Act(t, state.Release)
	back := state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 16, To: 20}}}
	grant := state.Action{Kind: state.Grant, Changes: back.Changes}
	s.Record(state.Event{Kind: state.StepAbort, Step: &back, Reason: "cpu"})
	s.Record(state.Event{Kind: state.Intended, Action: &grant})
	s.Gate = s.Gate.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.Now}},
		[]control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.Now)
	s.See(16, 16, 10, 10)
	if a := s.Next(); a.Kind != state.Grant || fmt.Sprint(a.Changes) != fmt.Sprint(back.Changes) {
		t.Errorf("%s %v: %s; want what goes back again", a.Kind, a.Changes, a.Reason)
	}
}

// TestAPoolThatIsGoneKeepsNoOtherFromGoingBack: neither one of a step that was taken, nor one of the step in hand.
func TestAPoolThatIsGoneKeepsNoOtherFromGoingBack(t *testing.T) {
	s := plannertest.NewStage(0)
	s.See(16, 16, 10, 10)
	gone := fleet.SettingChange{Process: "old/1", Alias: "db", Key: fleet.KeySize, From: 6, To: 2}
	s.Memory.Past = []state.Past{{Number: 1, Seq: 5, Step: state.Step{Kind: state.Forward,
		Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}, gone}}}}
	way, any := control.Rollback(s.Memory, s.Fleet, 5)
	if !any || len(way.Goal.Pools) != 1 || way.Goal.Pools[0].Pool != "a/db" || fmt.Sprint(way.Gone) != "[old/db]" {
		t.Errorf("%+v, want a/db alone, and old/db named", way)
	}

	s = plannertest.NewStage(0)
	s.Open(t)
	s.Memory.Step.Changes = append(s.Memory.Step.Changes, gone)
	s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
	for range 3 {
		s.See(20, 18, 10, 10)
	}
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted {
		t.Errorf("on its way forward: %s %s, want an end", a.Kind, a.Reason)
	}
	if way, any := control.Rollback(s.Memory, s.Fleet, 0); !any || fmt.Sprint(way.Gone) != "[old/db]" {
		t.Errorf("of the step in hand: %+v, want old/db named", way)
	}
	s.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: s.Memory.StepSeq})
	s.See(16, 16, 10, 10)
	if a := s.Act(t, state.AbortStep); fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 16 20}]" {
		t.Errorf("%+v, want a/db back", a.Step)
	}
	s.See(16, 16, 10, 10)
	s.Act(t, state.Grant)
}

// TestASoakIsTimeThatWasWatched: what a console that does not answer, a pause of the host or a clock that is set leaves
// out is no time of it.
func TestASoakIsTimeThatWasWatched(t *testing.T) {
	for name, gap := range map[string]func(s *plannertest.Stage){
		"no sample succeeds":  func(s *plannertest.Stage) { s.Trail = s.Trail.Broken() },
		"the host is stopped": func(s *plannertest.Stage) {},
	} {
		s := plannertest.NewStage(0)
		s.Open(t)
		s.Act(t, state.Release)
		s.See(16, 16, 10, 10)
		s.See(16, 16, 10, 10)
		s.Act(t, state.Grant)
		s.See(16, 16, 14, 14)
		s.Act(t, state.Wait)
		gap(s)
		s.Now = s.Now.Add(s.Policy.Soak)
		looks := 0
		for s.See(16, 16, 14, 14); s.Next().Kind == state.Wait && looks < 2*int(s.Policy.Soak/time.Second); looks++ {
			s.See(16, 16, 14, 14)
		}
		if least := int(s.Policy.Soak/time.Second) - 5; looks < least || looks > least+6 {
			t.Errorf("%s: closed after %d seconds of samples, want about %v", name, looks, s.Policy.Soak)
		}
	}
}
