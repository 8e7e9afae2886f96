package planner

import (
	"strings"
	"testing"
	"time"
)

// TestTheEndOfARollbackIsSaidOfTheSizesOfBefore: at the end of a rollback nothing is as a plan wants it.
func TestTheEndOfARollbackIsSaidOfTheSizesOfBefore(t *testing.T) {
	for rollTo, want := range map[int64]string{0: "the sizes are those of the plan", 1: "the sizes are those of before"} {
		s := newStage(10)
		s.memory.RollTo = rollTo
		for range leastLooks {
			s.see(16, 9, 14, 9)
		}
		if a := s.next(); a.Verb != Stop || a.Outcome != Done || a.Reason != want {
			t.Errorf("to %d: %s %s %q; want it done, %q", rollTo, a.Verb, a.Outcome, a.Reason, want)
		}
	}
}

// TestAPauseIsTheReasonWhateverTheGateSays: while a person holds everything, no signal is what it waits for.
func TestAPauseIsTheReasonWhateverTheGateSays(t *testing.T) {
	const paused = "paused by anna@db7"
	for _, closed := range []bool{false, true} {
		s := newStage(10)
		for range leastLooks {
			s.see(20, 18, 10, 10)
			if closed {
				s.saturated()
			}
		}
		x := Situation{Now: s.now, Fleet: s.fleet, AsMeasured: s.fleet, Look: s.look, Trail: s.trail, Gate: s.gate, Goal: s.goal, Policy: s.policy}
		free := Next(x)
		if gated := strings.Contains(free.Reason, "cpu"); gated != closed {
			t.Errorf("gate closed %v, not paused: %s %q", closed, free.Verb, free.Reason)
		}
		x.Paused = paused
		if a := Next(x); a.Verb != Wait || a.Step != nil || a.Reason != paused || !a.Held {
			t.Errorf("gate closed %v, paused: %s %q, held %v; want to wait, %q", closed, a.Verb, a.Reason, a.Held, paused)
		}
	}
}

// TestWhatHoldsAStepIsKnownBeforeIt: HeldNow says at every moment of a step what Next then holds it for, and nothing
// where Next goes on.
func TestWhatHoldsAStepIsKnownBeforeIt(t *testing.T) {
	waits := func(group string) func(*Observation) { // half a second each, since noon
		return func(o *Observation) {
			for i := range o.Processes {
				if p := &o.Processes[i]; p.Group == group {
					p.Aliases[0].Counters.WaitTime = time.Duration(p.Aliases[0].Counters.Xacts) * 500 * time.Millisecond
				}
			}
		}
	}
	for _, c := range []struct {
		name      string
		saturated bool
		change    []func(*Observation)
		begins    string // what holds its beginning; empty: nothing
		releases  string
		grants    string
	}{
		{name: "nothing"},
		{name: "a signal", saturated: true, begins: "cpu", grants: "cpu"},
		{name: "the pool that is released waits", change: []func(*Observation){waits("a")}, begins: "a/db waits", releases: "a/db waits"},
		{name: "the pool that is granted waits", change: []func(*Observation){waits("b")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := func(s *stage) Situation {
				return Situation{Now: s.now, Fleet: s.fleet, AsMeasured: s.fleet, Before: s.before, Look: s.look, Trail: s.trail, Gate: s.gate,
					Memory: s.memory, Goal: s.goal, Policy: s.policy}
			}
			look := func(s *stage, sizeA, openA, sizeB int) {
				for range 4 {
					if s.see(sizeA, openA, sizeB, 10, c.change...); c.saturated { // above hold, below abort
						s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.now}},
							[]Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.now)
					}
				}
			}
			check := func(s *stage, step Step, verb Verb, want string) {
				t.Helper()
				x := at(s)
				a, held := Next(x), x.HeldNow(step)
				if want == "" && (held != "" || a.Verb != verb) || want != "" && (!strings.Contains(held, want) || a.Verb != Wait || a.Reason != held) {
					t.Errorf("%s: Next %s %q, held %q; want %q", verb, a.Verb, a.Reason, held, want)
				}
			}
			s := newStage(0)
			look(s, 20, 18, 10)
			step, _, _ := at(s).NextStep()
			check(s, step, Open, c.begins)
			s.memory = s.memory.After(Event{Seq: 1, At: s.now, Kind: StepBegan, Step: &step})
			check(s, step, Release, c.releases)
			s.memory.ReleasedAt = s.now
			look(s, 16, 9, 10)
			if c.releases == "" { // else it is undone
				check(s, step, Grant, c.grants)
			}
			s.memory.Unwind = true
			if held := at(s).HeldNow(step); held != "" {
				t.Errorf("on its way back it is held: %q", held)
			}
		})
	}
}
