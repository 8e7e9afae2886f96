package control

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestTheTimeGivenEndsTheRunBeforeItsNextStep(t *testing.T) {
	s := NewStage(0)
	for range 3 {
		s.See(20, 18, 10, 10)
	}
	a := Next(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Look, Recent: s.Trail},
		Aim: Aim{Goal: s.Goal}, Policy: s.Policy, Bars: Bars{Over: verdict.Of(verdict.Note, "it is over")}})
	if a.Kind != state.Stop || a.Outcome != state.Done || a.Reason.Text() != "it is over" {
		t.Error(a)
	}
	s = NewStage(-2) // the sizes of today are over the budget
	for range leastSamples {
		s.See(20, 18, 10, 10)
	}
	a = Next(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Look, Recent: s.Trail},
		Aim: Aim{Goal: s.Goal}, Policy: s.Policy, Bars: Bars{Over: verdict.Of(verdict.Note, "it is over")}})
	if a.Kind != state.Stop || a.Outcome != state.Held ||
		!strings.Contains(a.Reason.Text(),
			"it is over; pg: the worst case of today's sizes is 30 connections, 2 over the budget of 28") {
		t.Errorf("over the budget: %s %s %q, want held", a.Kind, a.Outcome, a.Reason.Text())
	}
}
