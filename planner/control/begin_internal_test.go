package control

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestTheEndOfARollbackIsSaidOfTheSizesOfBefore: at the end of a rollback nothing is as a plan wants it.
func TestTheEndOfARollbackIsSaidOfTheSizesOfBefore(t *testing.T) {
	for rollTo, want := range map[int64]verdict.Code{0: verdict.AsPlanned, 1: verdict.AsBefore} {
		s := NewTwoPools(10)
		s.Journal.RollTo = rollTo
		for range leastSamples {
			s.Observe(16, 9, 14, 9)
		}
		if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Done || !a.Reason.Is(want) {
			t.Errorf("to %d: %s %s %q; want it done, %q", rollTo, a.Kind, a.Outcome, a.Reason.Text(), want)
		}
	}
}

// TestAPauseIsTheReasonWhateverTheGuardSays: while a person holds everything, no signal is what it waits for.
func TestAPauseIsTheReasonWhateverTheGuardSays(t *testing.T) {
	paused := verdict.Of(verdict.PausedBy, "anna@db7")
	for _, closed := range []bool{false, true} {
		s := NewTwoPools(10)
		for range leastSamples {
			s.Observe(20, 18, 10, 10)
			if closed {
				s.Saturated()
			}
		}
		x := State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Sample: s.Sample, Recent: s.Recent, Guard: s.Guard},
			TrafficNow: TrafficNow{AsMeasured: s.Fleet}, RunGoal: RunGoal{Goal: s.Goal}, Policy: s.Policy}
		free := Next(x)
		if gated := free.Reason.Is(verdict.SignalAborts, verdict.SignalHolds); gated != closed {
			t.Errorf("guard closed %v, not paused: %s %q", closed, free.Kind, free.Reason.Text())
		}
		x.Paused = paused
		if a := Next(x); a.Kind != state.Wait || a.Step != nil || !a.Reason.Is(verdict.PausedBy) || !a.Held {
			t.Errorf("guard closed %v, paused: %s %q, held %v; want to wait, %q", closed, a.Kind, a.Reason.Text(), a.Held,
				paused.Text())
		}
	}
}
