package control

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestNextTakesTheStepBackWhereAReleaseCannotBeUndone(t *testing.T) {
	s := NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	s.Observe(16, 16, 10, 10)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Grant)
	s.Observe(16, 16, 14, 14, Waits("a", 2*time.Second))
	if a := s.Do(t, state.AbortStep); fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 "+
		"10}]" {
		t.Fatal(a.Step.Changes)
	}
	s.Observe(16, 16, 14, 14)
	s.Do(t, state.Retreat)
	s.Observe(16, 16, 10, 14)
	s.Do(t, state.Wait)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Wait)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Grant)
	s.Observe(20, 16, 10, 10)
	s.Do(t, state.CompleteStep)
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
	s.Recent = RecentSamples{}
	for range leastSamples { // half as large: of 30 connections 5 % instead of 10 %
		s.Policy.Percent = 10
		s.Observe(20, 16, 10, 10)
	}
	if a := s.Next(); a.Kind != state.BeginStep ||
		fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 19} {b/1 db pool_size 10 11}]" {
		t.Fatal(a, a.Step)
	}
	s.Journal.Aborts = 0 // a step that stands ends the row
	if a := s.Next(); a.Kind != state.BeginStep ||
		fmt.Sprint(a.Step.Changes) != "[{a/1 db pool_size 20 17} {b/1 db pool_size 10 13}]" {
		t.Fatal(a, a.Step)
	}
}
