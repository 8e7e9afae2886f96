package planner

import (
	"strings"
	"testing"
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
