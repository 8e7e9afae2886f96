package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// record writes an event into the stage's memory.
func (s *stage) record(e Event) {
	e.Seq, e.At = s.memory.Seq+1, s.now
	s.memory = s.memory.After(e)
}

// TestAnActOfUnknownFateIsSettledBeforeAnythingElse: the program died between the write of a file and the end of the act.
func TestAnActOfUnknownFateIsSettledBeforeAnythingElse(t *testing.T) {
	grant := Act{Verb: Grant, Sets: []Set{{"b/1", "db", KeySize, 10, 14}}}
	inGrant := func(t *testing.T) *stage {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		s.see(16, 16, 10, 10)
		s.see(16, 16, 10, 10)
		s.record(Event{Kind: Intended, Act: &grant})
		s.now = s.now.Add(20 * time.Minute)
		s.trail = Trail{}
		s.record(Event{Kind: RunBegan, Goal: &s.goal})
		return s
	}
	t.Run("it is done again, whatever the process shows, and soaked from then on", func(t *testing.T) {
		for _, size := range []int{10, 14} {
			s := inGrant(t)
			for range 3 {
				s.see(16, 16, size, 10)
			}
			if a := s.act(t, Grant); fmt.Sprint(a.Sets) != fmt.Sprint(grant.Sets) {
				t.Fatal(a)
			}
			s.see(16, 16, 14, 10)
			s.act(t, Wait)
		}
	})
	t.Run("a grant that no longer fits is taken out of the file", func(t *testing.T) {
		s := inGrant(t)
		more := func(o *Observation) { o.Servers[0].Backends.DirectConns = 1 }
		for range 3 {
			s.see(16, 16, 10, 10, more)
		}
		if a := s.act(t, Release); fmt.Sprint(a.Sets) != "[{b/1 db pool_size 14 10}]" {
			t.Fatal(a)
		}
		s.see(16, 16, 10, 10, more)
		s.see(16, 16, 10, 10, more)
		s.act(t, Cut)
	})
	t.Run("a release is not undone for the time that nobody looked", func(t *testing.T) {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		s.now = s.now.Add(20 * time.Minute)
		s.trail = Trail{}
		s.record(Event{Kind: RunBegan, Goal: &s.goal})
		for range 3 {
			s.see(16, 18, 10, 10)
		}
		s.act(t, Wait)
	})
}

func TestAStepOfWhichNothingIsLeftEndsTheRunHeld(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.record(Event{Kind: StepCut, Step: &Step{Kind: Forward}, Reason: "it no longer fits"})
	s.see(20, 18, 10, 10)
	s.act(t, Close)
	if a := s.next(); a.Verb != Stop || a.Outcome != Held || a.Reason != "it no longer fits" || s.memory.Steps != 0 {
		t.Fatalf("%+v after %d steps", a, s.memory.Steps)
	}
}

func TestAnActThatFailsAgainAndAgainEndsTheRun(t *testing.T) {
	s := newStage(0)
	s.open(t)
	fail := func(o Outcome) {
		s.record(Event{Kind: Failed, Act: &Act{Verb: Release}, Outcome: o, Reason: "no space"})
	}
	begun := s.now
	for s.now.Sub(begun) < s.policy.HoldFor {
		fail(Held)
		s.see(20, 18, 10, 10)
		if a := s.next(); s.now.Sub(begun) < s.policy.HoldFor && a.Verb != Wait {
			t.Fatalf("after %v: %+v", s.now.Sub(begun), a)
		}
		s.now = s.now.Add(5 * time.Second)
	}
	s.see(20, 18, 10, 10)
	if a := s.next(); a.Verb != Stop || a.Outcome != Held || a.Reason != "no space" {
		t.Fatal(a)
	}
	fail(LockLost)
	if a := s.next(); a.Verb != Stop || a.Outcome != LockLost {
		t.Fatal(a)
	}
}

func TestRollbackTakesTheStepInHandAlone(t *testing.T) {
	s := newStage(0)
	s.see(20, 18, 10, 10)
	step := func(from, to int) *Step {
		return &Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, from, to}}}
	}
	s.record(Event{Kind: StepBegan, Step: step(24, 20)})
	s.record(Event{Kind: StepEnded})
	s.record(Event{Kind: StepBegan, Step: step(20, 16)})
	way, any := Rollback(s.memory, s.fleet, 0)
	if !any || way.To != 3 || len(way.Goal.Pools) != 0 {
		t.Errorf("%+v", way)
	}
	if way, _ = Rollback(s.memory, s.fleet, 1); way.To != 1 || len(way.Goal.Pools) != 1 || way.Goal.Pools[0].Size != 24 {
		t.Errorf("%+v", way)
	}
}

func TestOneOverTheBudgetDoesNotReleaseEverything(t *testing.T) {
	s := newStage(-1)
	s.policy.Percent = 7 // two connections of 29
	s.goal.Pools[0].Size = 2
	s.see(20, 18, 10, 10)
	step, _ := Waypoint(s.fleet, s.goal, s.policy, nil)
	if step.Text() != "a/db 20 → 18" {
		t.Error(step.Text())
	}
}

func TestAWayBackThatDoesNotFitIsKept(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	s.see(16, 16, 10, 10)
	s.see(16, 16, 10, 10)
	s.act(t, Grant)
	s.see(16, 16, 14, 14, waits("a", 2*time.Second))
	s.act(t, Abort)
	s.see(16, 16, 14, 14)
	s.act(t, Retreat)
	more := func(o *Observation) { o.Servers[0].Backends.DirectConns = 1 }
	s.see(16, 16, 10, 10, more)
	s.see(16, 16, 10, 10, more)
	if a := s.act(t, Grant); fmt.Sprint(a.Sets) != "[{a/1 db pool_size 16 19}]" { // what fits goes back
		t.Fatal(a.Sets)
	}
	s.see(19, 19, 10, 10, more)
	if a := s.act(t, Wait); !a.Held || !strings.Contains(a.Reason, "the way back does not fit") || s.memory.Step == nil {
		t.Fatal(a)
	}
	s.see(19, 19, 10, 10)
	if a := s.act(t, Grant); fmt.Sprint(a.Sets) != "[{a/1 db pool_size 19 20}]" { // from where its file is
		t.Fatal(a.Sets)
	}
	s.see(20, 20, 10, 10)
	s.act(t, Close)
}

// TestAWayBackThatNeverFitsBarsNothing: a fleet over its budget only releases, and what it has released cannot be given back
// as a whole. What fits is; the rest is given up once it was waited for, another pool may release, and a rollback knows of it.
func TestAWayBackThatNeverFitsBarsNothing(t *testing.T) {
	s := newStage(-1)
	s.policy.HoldFor, s.policy.Aborts = time.Minute, 3
	s.goal.Pools[1].Size = 8
	s.policy.Percent = 10 // first a, which has more than it needs, then b
	s.open(t)
	if a := s.act(t, Release); a.Sets[0].Process != "a/1" {
		t.Fatal(a.Sets)
	}
	least := s.memory.Step.Sets[0].To
	s.see(least, least, 10, 10)
	s.see(least, least, 10, 10, waits("a", 3*time.Second))
	abort := s.act(t, Abort)
	if abort.Step.Sets[0] != (Set{"a/1", "db", KeySize, least, 20}) {
		t.Fatal(abort.Step)
	}
	s.see(least, least, 10, 10)
	part := s.act(t, Grant)
	if got := part.Sets[0]; got.To != 19 || len(part.Sets) != 1 {
		t.Fatalf("%v, want 19: one more is over the budget", part.Sets)
	}
	s.see(19, 19, 10, 10)
	if why := s.act(t, Wait); !why.Held {
		t.Fatal(why)
	}
	s.record(Event{Kind: HoldBegan, Reason: "it does not fit"})
	s.now = s.now.Add(max(s.policy.HoldFor, s.policy.DrainFor))
	s.see(19, 19, 10, 10)
	s.act(t, Cut)
	s.see(19, 19, 10, 10)
	s.act(t, Close)
	if r := s.memory.Refused; len(r) != 1 || r[0].Pool != "a/db" || r[0].Least != 19 || s.memory.Step != nil {
		t.Fatalf("%+v, want a/db not below 19", r)
	}
	way, any := Rollback(s.memory, s.fleet, 0)
	if !any || len(way.Goal.Pools) != 1 || way.Goal.Pools[0].Size != 20 {
		t.Errorf("a rollback goes to %+v, want a/db at 20", way.Goal)
	}
	for _, last := range []struct {
		steps, aborts int
		to            int64
	}{{1, 3, 0}, {0, 1, 0}, {0, 3, 1}} { // a single step, the last of aborts in a row, and a rollback end so
		end := Situation{Now: s.now, Fleet: s.fleet, Before: s.before, Look: s.look, Trail: s.trail, Memory: s.memory, Goal: s.goal, Policy: s.policy,
			Steps: last.steps}
		end.Policy.Aborts, end.Memory.RollTo, end.Memory.Steps = last.aborts, last.to, last.steps
		if a := Next(end); a.Verb != Stop || a.Outcome != Held || !strings.Contains(a.Reason, "pool_size a/db is at 19 of 20") ||
			!strings.Contains(a.Reason, "pgbudget rollback gives the rest back") {
			t.Errorf("%+v: %s %s %q, want held, with what is left", last, a.Verb, a.Outcome, a.Reason)
		}
	}
	s.now = s.now.Add(s.policy.Soak)
	s.see(19, 19, 10, 10)
	if open := s.act(t, Open); len(open.Step.Sets) != 1 || open.Step.Sets[0].Process != "b/1" || open.Step.Sets[0].To >= 10 {
		t.Errorf("%v, want a release of b", open.Step)
	}
}

func TestRefusedPoolsAreNotMadeEqualAgain(t *testing.T) {
	s := newStage(9)
	s.see(20, 18, 10, 10, func(o *Observation) {
		p := o.Processes[0]
		p.ID = "a/2"
		p.Aliases = []Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 16
		o.Processes = []Process{o.Processes[0], p, o.Processes[1]}
	})
	if step := Equal(s.fleet, s.goal, s.policy, nil); len(step.Sets) == 0 {
		t.Fatal("they are not made equal")
	}
	if step := Equal(s.fleet, s.goal, s.policy, []Refusal{{Pool: "a/db", Key: KeySize, Least: 20}}); len(step.Sets) != 0 {
		t.Error(step.Text())
	}
}

func TestTheTimeGivenEndsTheRunBeforeItsNextStep(t *testing.T) {
	s := newStage(0)
	for range 3 {
		s.see(20, 18, 10, 10)
	}
	a := Next(Situation{Now: s.now, Fleet: s.fleet, Before: s.before, Look: s.look, Trail: s.trail, Goal: s.goal, Policy: s.policy, Over: "it is over"})
	if a.Verb != Stop || a.Outcome != Done || a.Reason != "it is over" {
		t.Error(a)
	}
	s = newStage(-2) // the sizes of today are over the budget
	for range leastLooks {
		s.see(20, 18, 10, 10)
	}
	a = Next(Situation{Now: s.now, Fleet: s.fleet, Before: s.before, Look: s.look, Trail: s.trail, Goal: s.goal, Policy: s.policy, Over: "it is over"})
	if a.Verb != Stop || a.Outcome != Held || !strings.Contains(a.Reason, "it is over; pg: the worst case of today's sizes is 30 connections, 2 over the budget of 28") {
		t.Errorf("over the budget: %s %s %q, want held", a.Verb, a.Outcome, a.Reason)
	}
}

// TestSettlingObeysTheSignals: a grant of unknown fate is no way around a hold.
func TestSettlingObeysTheSignals(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	s.see(16, 16, 10, 10)
	s.see(16, 16, 10, 10)
	grant := Act{Verb: Grant, Sets: []Set{{"b/1", "db", KeySize, 10, 14}}}
	s.record(Event{Kind: Intended, Act: &grant})
	s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.now}}, []Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.now)
	s.see(16, 16, 10, 10)
	back := s.next()
	if back.Verb != Release || fmt.Sprint(back.Sets) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(back)
	}
	// It dies in that, too, and what the first act has left in the process is no drift.
	s.record(Event{Kind: Intended, Act: &back})
	s.see(16, 16, 14, 10)
	if a := s.next(); a.Verb == Stop {
		t.Fatal(a)
	}
	s.gate = Gate{}
	s.see(16, 16, 14, 10)
	if a := s.act(t, Release); fmt.Sprint(a.Sets) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(a)
	}
}

// TestUnequalProcessesWithoutRoomWaitForReleases: what is too large elsewhere makes room for them first.
func TestUnequalProcessesWithoutRoomWaitForReleases(t *testing.T) {
	s := newStage(14)
	twice := func(o *Observation) {
		p := o.Processes[1]
		p.ID = "b/2"
		p.Aliases = []Alias{p.Aliases[0]}
		p.Aliases[0].SizeConns = 14
		o.Processes = append(o.Processes, p)
	}
	for range 3 {
		s.see(20, 16, 10, 10, twice)
	}
	a := s.next()
	if a.Verb != Open || fmt.Sprint(a.Step.Sets) != "[{a/1 db pool_size 20 16}]" {
		t.Fatalf("%+v", a)
	}
	for range 3 {
		s.see(16, 16, 10, 10, twice)
	}
	if a := s.next(); a.Verb != Open || fmt.Sprint(a.Step.Sets) != "[{b/1 db pool_size 10 14}]" {
		t.Fatalf("once there is room: %+v", a)
	}
	goal := s.goal
	goal.Pools = goal.Pools[1:]
	s.goal = goal
	for range 3 {
		s.see(20, 16, 10, 10, twice)
	}
	if a := s.next(); !a.Held || !strings.Contains(a.Reason, "no room to make them the same") {
		t.Fatalf("nothing to release: %+v", a)
	}
}

// TestAheadIsTheWayThatIsTaken counts the steps to the goal and ends there.
func TestAheadIsTheWayThatIsTaken(t *testing.T) {
	s := newStage(0)
	s.see(20, 20, 10, 10)
	s.policy.Percent = 7 // 2 of 30
	steps, _ := Situation{Fleet: s.fleet, Goal: s.goal, Policy: s.policy}.Ahead()
	f := s.fleet
	for _, x := range steps {
		step := x.Step
		if err := Promise(f.With(step.Sets).Drained(), nil); err != nil {
			t.Fatal(err)
		}
		f = f.With(step.Sets).Drained()
		if spare := f.SpareConns("pg"); spare < 0 {
			t.Errorf("%s: %d spare", step.Text(), spare)
		}
	}
	a, _ := f.pool("a/db")
	b, _ := f.pool("b/db")
	if len(steps) != 2 || a.Sizes[0].Conns != 16 || b.Sizes[0].Conns != 14 || a.SeenConns != 16 {
		t.Errorf("%d steps to %d and %d", len(steps), a.Sizes[0].Conns, b.Sizes[0].Conns)
	}
	if steps, _ := (Situation{Fleet: f, Goal: s.goal, Policy: s.policy}).Ahead(); len(steps) != 0 {
		t.Errorf("%d steps more", len(steps))
	}
	if took := s.policy.Takes(2); took < 30*time.Minute || took > 31*time.Minute {
		t.Error(took)
	}
}

// TestUnequalProcessesHoldTheirOwnServerAlone: what has no room on one server is no reason to starve another.
func TestUnequalProcessesHoldTheirOwnServerAlone(t *testing.T) {
	pool := func(id, server string, sizes ...int) FleetPool {
		p := FleetPool{ID: id, Group: id[:1], Alias: "db", Server: server, Rules: Rules{Min: 1, Weight: 1, Utilization: 0.9, MaxWaitMean: time.Second, MaxWaitP99: time.Second, Count: CountWorst}, Load: stageLoad(id[:1])}
		for i, n := range sizes {
			process := fmt.Sprintf("%s/%d", id[:1], i+1)
			p.Sizes = append(p.Sizes, Size{process, n, 0})
			p.Copies = append(p.Copies, Copy{Process: process, User: "u", Share: 1 / float64(len(sizes))})
		}
		p.tally()
		return p
	}
	f := Fleet{Servers: []FleetServer{{Name: "one", BudgetConns: 18}, {Name: "two", BudgetConns: 30}},
		Pools: []FleetPool{pool("a/db", "one", 8, 10), pool("b/db", "two", 20), pool("c/db", "two", 10)}}
	g := Goal{Pools: []GoalPool{{"a/db", "one", 11, 0, 0.001}, {"b/db", "two", 10, 0, 0.001}, {"c/db", "two", 20, 0, 0.001}}}
	policy := DefaultPolicy()
	policy.Percent = 100
	steps, _ := Situation{Fleet: f, Goal: g, Policy: policy}.Ahead()
	for _, s := range steps {
		f = f.With(s.Step.Sets).Drained()
	}
	b, _ := f.pool("b/db")
	c, _ := f.pool("c/db")
	if b.Sizes[0].Conns != 10 || c.Sizes[0].Conns != 20 {
		t.Errorf("after %d steps b has %d and c %d", len(steps), b.Sizes[0].Conns, c.Sizes[0].Conns)
	}
}

// TestARollbackRepeatsNothing: an act of unknown fate, of a step that a person takes back, is not done first. It may have
// failed, and would fail again.
func TestARollbackRepeatsNothing(t *testing.T) {
	grant, release := Act{Verb: Grant, Sets: []Set{{"b/1", "db", KeySize, 10, 14}}}, Act{Verb: Release, Sets: []Set{{"a/1", "db", KeySize, 20, 16}}}
	for _, c := range []struct {
		name         string
		intent       Act
		released     bool
		sizeA, sizeB int
		want         string
	}{
		{"a grant that was not done", grant, true, 16, 10, "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 10}]"},
		{"a grant that was done", grant, true, 16, 14, "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 10}]"},
		{"a release that was not done", release, false, 20, 10, "[{a/1 db pool_size 16 20}]"},
		{"a release that was done", release, false, 16, 10, "[{a/1 db pool_size 16 20}]"},
	} {
		s := newStage(0)
		s.open(t)
		if c.released {
			s.act(t, Release)
			s.see(16, 16, 10, 10)
			s.see(16, 16, 10, 10)
		}
		s.record(Event{Kind: Intended, Act: &c.intent})
		s.trail = Trail{}
		s.record(Event{Kind: RunBegan, Goal: &Goal{}, To: s.memory.StepSeq})
		for range 3 {
			s.see(c.sizeA, 16, c.sizeB, 10)
		}
		a := s.next()
		if a.Verb != Abort || a.Step.Kind != Backward || fmt.Sprint(a.Step.Sets) != c.want {
			t.Errorf("%s: %s %v of %+v, want its way back %s", c.name, a.Verb, a.Sets, a.Step, c.want)
		}
	}
}

// TestNoSignalReversesWhatGoesBack: a pool that gets back what it had gets it, though the gate is held, as it is after an abort.
func TestNoSignalReversesWhatGoesBack(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	back := Step{Kind: Backward, Sets: []Set{{"a/1", "db", KeySize, 16, 20}}}
	grant := Act{Verb: Grant, Sets: back.Sets}
	s.record(Event{Kind: StepAbort, Step: &back, Reason: "cpu"})
	s.record(Event{Kind: Intended, Act: &grant})
	s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.now}}, []Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.now)
	s.see(16, 16, 10, 10)
	if a := s.next(); a.Verb != Grant || fmt.Sprint(a.Sets) != fmt.Sprint(back.Sets) {
		t.Errorf("%s %v: %s; want what goes back again", a.Verb, a.Sets, a.Reason)
	}
}

// TestAPoolOfSizeZeroKeepsIt: no step may write the 0 again.
func TestAPoolOfSizeZeroKeepsIt(t *testing.T) {
	for version, limit := range map[string]int{"1.18.0": 0, "1.24.1": 30} {
		a := seenAlias("app", 0, 0, 1, "app1")
		a.MaxConns = limit
		o, _ := seenFleet(a)
		o.Processes[0].Version = version
		if p, _ := modelled(t, o).pool("main/app"); !strings.Contains(p.Frozen, "pool_size is 0 in main/1") {
			t.Errorf("%s: frozen because %q", version, p.Frozen)
		}
	}
}

// TestAPoolThatIsGoneKeepsNoOtherFromGoingBack: neither one of a step that was taken, nor one of the step in hand.
func TestAPoolThatIsGoneKeepsNoOtherFromGoingBack(t *testing.T) {
	s := newStage(0)
	s.see(16, 16, 10, 10)
	gone := Set{"old/1", "db", KeySize, 6, 2}
	s.memory.Past = []Past{{Number: 1, Seq: 5, Step: Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}, gone}}}}
	way, any := Rollback(s.memory, s.fleet, 5)
	if !any || len(way.Goal.Pools) != 1 || way.Goal.Pools[0].Pool != "a/db" || fmt.Sprint(way.Gone) != "[old/db]" {
		t.Errorf("%+v, want a/db alone, and old/db named", way)
	}

	s = newStage(0)
	s.open(t)
	s.memory.Step.Sets = append(s.memory.Step.Sets, gone)
	s.record(Event{Kind: RunBegan, Goal: &s.goal})
	for range 3 {
		s.see(20, 18, 10, 10)
	}
	if a := s.next(); a.Verb != Stop || a.Outcome != Drifted {
		t.Errorf("on its way forward: %s %s, want an end", a.Verb, a.Reason)
	}
	if way, any := Rollback(s.memory, s.fleet, 0); !any || fmt.Sprint(way.Gone) != "[old/db]" {
		t.Errorf("of the step in hand: %+v, want old/db named", way)
	}
	s.record(Event{Kind: RunBegan, Goal: &Goal{}, To: s.memory.StepSeq})
	s.see(16, 16, 10, 10)
	if a := s.act(t, Abort); fmt.Sprint(a.Step.Sets) != "[{a/1 db pool_size 16 20}]" {
		t.Errorf("%+v, want a/db back", a.Step)
	}
	s.see(16, 16, 10, 10)
	s.act(t, Grant)
}

// TestASoakIsTimeThatWasWatched: what a console that does not answer, a pause of the host or a clock that is set leaves out
// is no time of it.
func TestASoakIsTimeThatWasWatched(t *testing.T) {
	for name, gap := range map[string]func(s *stage){
		"no look succeeds":    func(s *stage) { s.trail = s.trail.Broken() },
		"the host is stopped": func(s *stage) {},
	} {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		s.see(16, 16, 10, 10)
		s.see(16, 16, 10, 10)
		s.act(t, Grant)
		s.see(16, 16, 14, 14)
		s.act(t, Wait)
		gap(s)
		s.now = s.now.Add(s.policy.Soak)
		looks := 0
		for s.see(16, 16, 14, 14); s.next().Verb == Wait && looks < 2*int(s.policy.Soak/time.Second); looks++ {
			s.see(16, 16, 14, 14)
		}
		if least := int(s.policy.Soak/time.Second) - 5; looks < least || looks > least+6 {
			t.Errorf("%s: closed after %d seconds of looks, want about %v", name, looks, s.policy.Soak)
		}
	}
}
