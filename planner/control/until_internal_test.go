package control

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestTheTimeGivenEndsTheRunBeforeItsNextStep(t *testing.T) {
	s := NewTwoPools(0)
	for range 3 {
		s.Observe(20, 18, 10, 10)
	}
	a := Next(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Sample, Recent: s.Recent},
		RunGoal: RunGoal{Goal: s.Goal}, Policy: s.Policy, Bars: Bars{Over: verdict.Of(verdict.UntilOver, "2h")}})
	if a.Kind != state.Stop || a.Outcome != state.Done || !a.Reason.Is(verdict.UntilOver) {
		t.Error(a)
	}
	s = NewTwoPools(-2) // the sizes of today are over the budget
	for range leastSamples {
		s.Observe(20, 18, 10, 10)
	}
	a = Next(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Sample, Recent: s.Recent},
		RunGoal: RunGoal{Goal: s.Goal}, Policy: s.Policy, Bars: Bars{Over: verdict.Of(verdict.UntilOver, "2h")}})
	if a.Kind != state.Stop || a.Outcome != state.Held ||
		!a.Reason.Is(verdict.UntilOver) || !a.Reason.Has(verdict.OverBudget) {
		t.Errorf("over the budget: %s %s %q, want held", a.Kind, a.Outcome, a.Reason.Text())
	}
}
