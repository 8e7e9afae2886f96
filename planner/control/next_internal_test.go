package control

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestNextTakesTheStepBackWhereAReleaseCannotBeUndone(t *testing.T) {
	s := NewStage(0)
	s.Open(t)
	s.Act(t, state.Release)
	s.See(16, 16, 10, 10)
	s.See(16, 16, 10, 10)
	s.Act(t, state.Grant)
	s.See(16, 16, 14, 14, Waits("a", 2*time.Second))
	if a := s.Act(t, state.AbortStep); fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 "+
		"10}]" {
		t.Fatal(a.Step.Changes)
	}
	s.See(16, 16, 14, 14)
	s.Act(t, state.Retreat)
	s.See(16, 16, 10, 14)
	s.Act(t, state.Wait)
	s.See(16, 16, 10, 10)
	s.Act(t, state.Wait)
	s.See(16, 16, 10, 10)
	s.Act(t, state.Grant)
	s.See(20, 16, 10, 10)
	s.Act(t, state.CompleteStep)
	s.Policy.Aborts = 1
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Aborted ||
		!a.Reason.Is(verdict.ClientWaits) {
		t.Fatal(a)
	}
	s.Policy.Aborts = 2
	if a := s.Next(); a.Kind != state.Wait || !a.Held || !a.Reason.Is(verdict.SoakAfterAbort) ||
		!a.Reason.Has(verdict.ClientWaits) {
		t.Fatal(a)
	}
	s.Now = s.Now.Add(s.Policy.Soak)
	s.Trail = RecentSamples{}
	for range leastSamples { // half as large: of 30 connections 5 % instead of 10 %
		s.Policy.Percent = 10
		s.See(20, 16, 10, 10)
	}
	if a := s.Next(); a.Kind != state.BeginStep ||
		fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 19} {b/1 db pool_size 10 11}]" {
		t.Fatal(a, a.Step)
	}
	s.Memory.Aborts = 0 // a step that stands ends the row
	if a := s.Next(); a.Kind != state.BeginStep ||
		fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 17} {b/1 db pool_size 10 13}]" {
		t.Fatal(a, a.Step)
	}
}
