package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAnActOfUnknownFateIsSettledBeforeAnythingElse: the program died between the write of a file and the end of the
// action.
func TestAnActOfUnknownFateIsSettledBeforeAnythingElse(t *testing.T) {
	grant := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{{Process: "b/1", Alias: "db",
		Key: fleet.KeySize, From: 10, To: 14}}}
	inGrant := func(t *testing.T) *plannertest.TwoPools {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		s.Observe(16, 16, 10, 10)
		s.Observe(16, 16, 10, 10)
		s.Record(state.Event{Kind: state.Intended, Action: &grant})
		s.Now = s.Now.Add(20 * time.Minute)
		s.Recent = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
		return s
	}
	t.Run("it is done again, whatever the process shows, and soaked from then on", func(t *testing.T) {
		for _, size := range []int{10, 14} {
			s := inGrant(t)
			for range 3 {
				s.Observe(16, 16, size, 10)
			}
			if a := s.Do(t, state.Grant); fmt.Sprint(a.Changes) != fmt.Sprint(grant.Changes) {
				t.Fatal(a)
			}
			s.Observe(16, 16, 14, 10)
			s.Do(t, state.Wait)
		}
	})
	t.Run("a grant that no longer fits is taken out of the file", func(t *testing.T) {
		s := inGrant(t)
		more := func(o *fleet.Observation) { o.Servers[0].Backends.DirectConns = 1 }
		for range 3 {
			s.Observe(16, 16, 10, 10, more)
		}
		if a := s.Do(t, state.Release); fmt.Sprint(a.Changes) != "[{b/1 db pool_size 14 10}]" {
			t.Fatal(a)
		}
		s.Observe(16, 16, 10, 10, more)
		s.Observe(16, 16, 10, 10, more)
		s.Do(t, state.TrimStep)
	})
	t.Run("a release is not undone for the time that nobody looked", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		s.Now = s.Now.Add(20 * time.Minute)
		s.Recent = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &s.Goal})
		for range 3 {
			s.Observe(16, 18, 10, 10)
		}
		s.Do(t, state.Wait)
	})
}

// TestSettlingObeysTheSignals: a grant of unknown fate is no way around a hold.
func TestSettlingObeysTheSignals(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	s.Observe(16, 16, 10, 10)
	s.Observe(16, 16, 10, 10)
	grant := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{{Process: "b/1", Alias: "db",
		Key: fleet.KeySize, From: 10, To: 14}}}
	s.Record(state.Event{Kind: state.Intended, Action: &grant})
	s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.Now}},
		[]control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 1}}, []string{"pg"}, time.Minute, s.Now)
	s.Observe(16, 16, 10, 10)
	back := s.Next()
	if back.Kind != state.Release || fmt.Sprint(back.Changes) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(back)
	}
	// It dies in that, too, and what the first action has left in the process is no drift.
	s.Record(state.Event{Kind: state.Intended, Action: &back})
	s.Observe(16, 16, 14, 10)
	if a := s.Next(); a.Kind == state.Stop {
		t.Fatal(a)
	}
	s.Guard = control.SaturationGuard{}
	s.Observe(16, 16, 14, 10)
	if a := s.Do(t, state.Release); fmt.Sprint(a.Changes) != "[{b/1 db pool_size 14 10}]" {
		t.Fatal(a)
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
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		if c.released {
			s.Do(t, state.Release)
			s.Observe(16, 16, 10, 10)
			s.Observe(16, 16, 10, 10)
		}
		s.Record(state.Event{Kind: state.Intended, Action: &c.intent})
		s.Recent = control.RecentSamples{}
		s.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: s.Journal.StepSeq})
		for range 3 {
			s.Observe(c.sizeA, 16, c.sizeB, 10)
		}
		a := s.Next()
		if a.Kind != state.AbortStep || a.Step.Kind != state.Backward || fmt.Sprint(a.Step.Changes) != c.want {
			t.Errorf("%s: %s %v of %+v, want its way back %s", c.name, a.Kind, a.Changes, a.Step, c.want)
		}
	}
}
