package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestALineThatIsGoneKeepsNoWayBack: whatever kind of step is in hand, and whatever was being done when it was, a line that
// is no longer there is in no act, and every other line goes back.
func TestALineThatIsGoneKeepsNoWayBack(t *testing.T) {
	gone := Set{"old/1", "db", KeySize, 6, 2}
	forward := Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}, {"b/1", "db", KeySize, 10, 14}, gone}}
	backward := Step{Kind: Backward, Sets: []Set{{"a/1", "db", KeySize, 16, 20}, {"b/1", "db", KeySize, 14, 10}, gone.Back()}}
	for _, c := range []struct {
		name   string
		events func(s *stage)
		intent bool
	}{
		{"a step that is to go back", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal})
			s.record(Event{Kind: StepBegan, Step: &forward})
		}, false},
		{"a step that is to go back, in an act", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal})
			s.record(Event{Kind: StepBegan, Step: &forward})
		}, true},
		{"a step that goes back", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal})
			s.record(Event{Kind: StepBegan, Step: &forward})
			s.record(Event{Kind: StepAbort, Step: &backward})
		}, false},
		{"a step that goes back, in an act", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal})
			s.record(Event{Kind: StepBegan, Step: &forward})
			s.record(Event{Kind: StepAbort, Step: &backward})
		}, true},
		{"a step of a rollback", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal, To: 1})
			back := backward
			back.Kind = Forward
			s.record(Event{Kind: StepBegan, Step: &back})
		}, false},
		{"a step of a rollback, in an act", func(s *stage) {
			s.record(Event{Kind: RunBegan, Goal: &s.goal, To: 1})
			back := backward
			back.Kind = Forward
			s.record(Event{Kind: StepBegan, Step: &back})
		}, true},
	} {
		s := newStage(4)
		s.goal = Goal{}
		c.events(s)
		if c.intent {
			act := Act{Verb: Release, Sets: slices.Clone(s.memory.Step.Sets)}
			s.record(Event{Kind: Intended, Act: &act})
		}
		a, b := 16, 14
		look := func() { s.see(a, a, b, b) }
		for range 3 {
			look()
		}
		at := Situation{Fleet: s.fleet, AsMeasured: s.fleet, Look: s.look, Memory: s.memory.Bound(1), Policy: s.policy}
		if why := at.Drift(); why != "" {
			t.Errorf("%s: before a rollback: %s", c.name, why)
		}
		if sets := at.Back().Sets; len(sets) != 2 || slices.ContainsFunc(sets, gone.Same) {
			t.Errorf("%s: a rollback would begin with %v, want a and b", c.name, sets)
		}
		s.record(Event{Kind: RunBegan, Goal: &s.goal, To: 1})
		var last Act
		for range 400 {
			if last = s.next(); last.Verb == Stop {
				break
			}
			for _, x := range last.Sets {
				switch {
				case x.Same(gone):
					t.Fatalf("%s: %s of %v, which is gone", c.name, last.Verb, last.Sets)
				case x.Process == "a/1":
					a = x.To
				default:
					b = x.To
				}
			}
			switch last.Verb {
			case Abort, Open:
				s.record(Event{Kind: map[Verb]EventKind{Abort: StepAbort, Open: StepBegan}[last.Verb], Step: last.Step})
			case Close:
				s.record(Event{Kind: StepEnded})
			case Wait:
				s.now = s.now.Add(last.For)
			default:
				s.record(Event{Kind: Intended, Act: &last})
				s.record(Event{Kind: Acted, Act: &last})
			}
			look()
		}
		if last.Outcome != Done || a != 20 || b != 10 {
			t.Errorf("%s: ended %s (%s) at %d and %d, want done at 20 and 10", c.name, last.Outcome, last.Reason, a, b)
		}
	}
}

// TestAnActWhoseOnlyLineIsGoneCanBeWrittenDown: what is left of it is nothing, and the journal takes that.
func TestAnActWhoseOnlyLineIsGoneCanBeWrittenDown(t *testing.T) {
	gone := Set{"old/1", "db", KeySize, 2, 6}
	s := newStage(0)
	s.goal = Goal{}
	s.record(Event{Kind: RunBegan, Goal: &s.goal})
	s.record(Event{Kind: StepBegan, Step: &Step{Kind: Forward, Sets: []Set{gone.Back()}}})
	s.record(Event{Kind: StepAbort, Step: &Step{Kind: Backward, Sets: []Set{gone}}})
	s.record(Event{Kind: Intended, Act: &Act{Verb: Grant, Sets: []Set{gone}}})
	for range 3 {
		s.see(16, 16, 14, 14)
	}
	a := s.next()
	for _, kind := range []EventKind{Intended, Acted} {
		e := Event{Seq: s.memory.Seq + 1, At: s.now, Kind: kind, Act: &a}
		if err := s.memory.Refuses(e); err != nil || len(a.Sets) > 0 {
			t.Fatalf("%s of %v: %v", a.Verb, a.Sets, err)
		}
		s.memory = s.memory.After(e)
	}
	s.see(16, 16, 14, 14)
	s.act(t, Close)
}

// TestAStepThatIsGivenUpCanBeRolledBack: a person accepts the sizes that are there while a step is in hand, and goes back all
// the same.
func TestAStepThatIsGivenUpCanBeRolledBack(t *testing.T) {
	forward := Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}, {"b/1", "db", KeySize, 10, 14}}, Turn: &Turn{"a/db:b/db", 0, 10}}
	back := forward.Turn.Back()
	backward := Step{Kind: Backward, Sets: []Set{{"a/1", "db", KeySize, 16, 20}}, Turn: &back}
	for name, aborted := range map[string]bool{"forward": false, "on its way back": true} {
		s := newStage(0)
		s.record(Event{Kind: RunBegan, Goal: &s.goal})
		s.record(Event{Kind: StepBegan, Step: &forward})
		if aborted {
			s.record(Event{Kind: StepAbort, Step: &backward})
		}
		s.record(Event{Kind: Accepted})
		s.see(16, 16, 14, 14)
		way, any := Rollback(s.memory, s.fleet, 0)
		want := "[{a/db pg 20 0 NaN} {b/db pg 10 0 NaN}]"
		if aborted {
			want = "[{a/db pg 20 0 NaN}]"
		}
		if got := fmt.Sprint(way.Goal.Pools); !any || got != want || fmt.Sprint(way.Turns) != "[{a/db:b/db 10 0}]" {
			t.Errorf("%s: %v %v %v, want %s and the traffic from 10 to 0", name, any, got, way.Turns, want)
		}
		if numbers := s.memory.Numbers(); fmt.Sprint(numbers) != "[1]" || s.memory.Step != nil {
			t.Errorf("%s: steps %v, %v in hand, want 1 and none", name, numbers, s.memory.Step)
		}
	}
	s := newStage(0)
	s.record(Event{Kind: RunBegan, Goal: &s.goal, To: 1})
	s.record(Event{Kind: StepBegan, Step: &forward})
	s.record(Event{Kind: Accepted})
	if len(s.memory.Past) > 0 {
		t.Errorf("a step of a rollback is among those that were taken: %v", s.memory.Past)
	}
}

// TestARollbackIsNotHeldByWhatNobodyKnows: Prometheus may be what went wrong. What was read holds it, and a run that goes
// forward is held by both.
func TestARollbackIsNotHeldByWhatNobodyKnows(t *testing.T) {
	rules := []Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}, {Name: "other", Hold: 0.85, Resume: 0.8, Abort: 1}}
	for _, c := range []struct {
		name     string
		values   []Float // of cpu, look by look
		rollback bool
		held     bool
	}{
		{"unknown", []Float{Unknown(), Unknown(), Unknown()}, true, false},
		{"unknown, forward", []Float{Unknown(), Unknown(), Unknown()}, false, true},
		{"low, then unknown", []Float{0.2, Unknown(), Unknown()}, true, false},
		{"high", []Float{0.9, 0.9, 0.9}, true, true},
		{"high, then unknown", []Float{0.9, 0.9, Unknown()}, true, true},
		{"low", []Float{0.2, 0.2, 0.2}, true, false},
	} {
		s := newStage(4)
		s.goal = Goal{Pools: []GoalPool{{"b/db", "pg", 12, 0, Unknown()}}}
		s.memory.Running = true
		if c.rollback {
			s.memory.RollTo = 1
		}
		for _, v := range c.values {
			s.see(20, 18, 10, 10)
			signals := []Signal{{Name: "cpu", Server: "pg", Value: v, At: s.now}, {Name: "other", Server: "pg", Value: 0.1, At: s.now}}
			if !v.Known() {
				signals = signals[1:] // as where Prometheus has no answer
			}
			s.gate = s.gate.Add(signals, rules, []string{"pg"}, time.Minute, s.now)
		}
		if a := s.next(); (a.Verb != Open) != c.held {
			t.Errorf("%s: %s %s, held: %v wanted", c.name, a.Verb, a.Reason, c.held)
		}
	}
}

// TestASoakThatNobodyWatchesSaysSo: where every look takes longer than counts as watched, the soak would never end. One
// that was lost is none of that.
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
		s := newStage(0)
		s.policy.HoldFor, s.policy.Soak = time.Hour, time.Hour
		s.open(t)
		s.act(t, Release)
		s.see(16, 16, 10, 10)
		s.see(16, 16, 10, 10)
		s.act(t, Grant)
		s.readings, s.shifts = []Reading{{X: 100, Error: "get: it takes long"}}, []Shift{{From: "c/db", To: "d/db", Until: 100}}
		for _, d := range c.apart {
			s.now = s.now.Add(d - time.Second)
			s.see(16, 16, 14, 14)
		}
		a := s.next()
		if a.Verb != Wait || a.Held != c.holds {
			t.Errorf("%s: %s, held %v (%s), want held %v", c.name, a.Verb, a.Held, a.Reason, c.holds)
		}
		if c.holds && (!strings.Contains(a.Reason, "3m0s apart") || !strings.Contains(a.Reason, "get: it takes long")) {
			t.Errorf("%s: %q names neither number nor cause", c.name, a.Reason)
		}
	}
}

// TestNoStepBeginsThatNobodyWasAskedFor: what came up after the question ends the run, and what was in hand goes on.
func TestNoStepBeginsThatNobodyWasAskedFor(t *testing.T) {
	s := newStage(0)
	for range 3 {
		s.see(20, 18, 10, 10)
	}
	at := Situation{Now: s.now, Fleet: s.fleet, AsMeasured: s.fleet, Before: s.before, Look: s.look, Trail: s.trail, Goal: s.goal, Policy: s.policy,
		Unasked: "nobody was asked"}
	if a := Next(at); a.Verb != Stop || a.Outcome != Held || a.Reason != "nobody was asked" {
		t.Errorf("%s %s %s, want an end", a.Verb, a.Outcome, a.Reason)
	}
	at.Memory.Step = &Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}}}
	if a := Next(at); a.Verb != Release {
		t.Errorf("of the step in hand: %s %s, want its release", a.Verb, a.Reason)
	}
	at.Memory, at.Goal = Memory{}, Goal{}
	if a := Next(at); a.Verb != Stop || a.Outcome != Done {
		t.Errorf("with nothing to do: %s %s, want done", a.Outcome, a.Reason)
	}
}

// TestARollbackThatDoesNotFitIsForeseen: what was released on a fleet that is over its budget cannot be given back.
func TestARollbackThatDoesNotFitIsForeseen(t *testing.T) {
	for spare, fits := range map[int]bool{0: true, -1: false} {
		s := newStage(spare)
		s.open(t)
		s.act(t, Release)
		s.see(16, 16, 10, 10)
		at := Situation{Fleet: s.fleet, AsMeasured: s.fleet, Look: s.look, Memory: s.memory.Bound(s.memory.StepSeq), Policy: s.policy}
		if why, none := at.Barred(); (why == "") != fits || none {
			t.Errorf("%d spare: %q, none of it: %v, fits: %v", spare, why, none, fits)
		}
	}
}

// TestAWayBackOfWhichNothingFitsIsForeseen: one that has traffic or a release is worth it all the same.
func TestAWayBackOfWhichNothingFitsIsForeseen(t *testing.T) {
	grant, release := Set{"a/1", "db", KeySize, 16, 20}, Set{"b/1", "db", KeySize, 14, 10}
	for _, c := range []struct {
		name string
		step Step
		none bool
	}{
		{"a grant alone", Step{Kind: Backward, Sets: []Set{grant}}, true},
		{"and a turn", Step{Kind: Backward, Sets: []Set{grant}, Turn: &Turn{"a/db:b/db", 10, 0}}, false},
		{"and a release", Step{Kind: Backward, Sets: []Set{grant, release}}, false},
	} {
		s := newStage(-10)
		s.see(16, 16, 14, 14)
		at := Situation{Fleet: s.fleet, AsMeasured: s.fleet, Look: s.look, Memory: Memory{Step: &c.step}, Policy: s.policy}
		if why, none := at.Barred(); why == "" || none != c.none {
			t.Errorf("%s: %q, none of it: %v, want %v", c.name, why, none, c.none)
		}
	}
}

// TestWhoComesDuringARunIsRemembered: after a restart of the process, which forgets who came, his pool still counts.
func TestWhoComesDuringARunIsRemembered(t *testing.T) {
	s := newStage(0)
	s.see(20, 18, 10, 10)
	s.record(Event{Kind: RunBegan, Goal: &s.goal, Seen: SeenIn(s.look)})
	if came := s.memory.New(s.look); len(came) > 0 {
		t.Errorf("%v are new of a look that is known", came)
	}
	look := s.look
	look.Processes = slices.Clone(look.Processes)
	look.Processes[0].Aliases = []Alias{look.Processes[0].Aliases[0], {Name: "other", Pools: []PoolGauges{{User: "x"}}}}
	look.Processes[0].Aliases[0].Pools = []PoolGauges{{User: "app"}, {User: "night"}}
	look.Processes[1].Aliases = append(slices.Clone(look.Processes[1].Aliases), Alias{Name: "other", Pools: []PoolGauges{{User: "x"}}})
	came := s.memory.New(look)
	if got := SeenText(came); got != "seen for the first time: night came to db in a/1; x came to other in a/1, b/1" {
		t.Error(got)
	}
	s.record(Event{Kind: Noted, Seen: came})
	if came := s.memory.New(look); len(came) > 0 {
		t.Errorf("%v are new, and were noted", came)
	}
	if back := s.memory.Recall(s.look); len(back.Processes[0].Aliases[0].Pools) != 2 {
		t.Errorf("%v after a restart, want app and night", back.Processes[0].Aliases[0].Pools)
	}
}
