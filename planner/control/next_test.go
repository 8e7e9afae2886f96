package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestNextReleasesSeesTheDrainOnTwoLooksGrantsAndSoaks(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	if a := s.Do(t, state.Release); fmt.Sprint(a.Changes) != "[{a/1 db pool_size 20 16}]" {
		t.Fatal(a.Changes)
	}
	s.Observe(16, 18, 10, 10) // two are still busy
	s.Do(t, state.Wait)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Wait) // seen once
	s.Observe(16, 16, 10, 10)
	if a := s.Do(t, state.Grant); fmt.Sprint(a.Changes) != "[{b/1 db pool_size 10 14}]" {
		t.Fatal(a.Changes)
	}
	granted := s.Now
	for s.Now.Sub(granted) < s.Policy.Soak-time.Second {
		s.Observe(16, 16, 14, 14)
		s.Do(t, state.Wait)
	}
	s.Observe(16, 16, 14, 14)
	s.Do(t, state.CompleteStep)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Done {
		t.Fatal(a)
	}
}

func TestNextUndoesAReleaseThatDoesNotDrain(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	released := s.Now
	for s.Now.Sub(released) < s.Policy.DrainFor-time.Second {
		s.Observe(16, 17, 10, 10)
		s.Do(t, state.Wait)
	}
	s.Observe(16, 17, 10, 10, func(o *fleet.Observation) {
		o.Servers[0].Holders = []fleet.Holder{{PID: 77, User: "app", Application: "cron", Age: time.Minute, Pool: "a/db"}}
	})
	a := s.Do(t, state.Undo)
	if fmt.Sprint(a.Changes) != "[{a/1 db pool_size 16 20}]" || !a.Reason.Has(verdict.IdleInTransaction) {
		t.Fatal(a)
	}
	s.Observe(20, 17, 10, 10)
	s.Do(t, state.TrimStep) // b's grant no longer fits
	for range int(s.Policy.Soak / time.Second) {
		s.Observe(20, 17, 10, 10)
	}
	s.Do(t, state.CompleteStep)
	s.Observe(20, 17, 10, 10)
	if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held ||
		!a.Reason.Is(verdict.NotDrained) {
		t.Fatal(a)
	}
}

func TestNextHoldsWhatCanHarmAndNothingElse(t *testing.T) {
	t.Run("a grant by its server's signals, not the release before it", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		rules := []control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
		read := func(v float64) {
			s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: fleet.Float(v), At: s.Now}}, rules,
				[]string{"pg"}, time.Minute, s.Now)
		}
		read(0.9)
		s.Do(t, state.Release)
		s.Observe(16, 16, 10, 10)
		s.Observe(16, 16, 10, 10)
		read(0.9)
		if a := s.Do(t, state.Wait); !a.Held || !a.Reason.Is(verdict.SignalHolds) {
			t.Fatal(a)
		}
		for range 3 {
			s.Observe(16, 16, 10, 10)
			read(0.5)
		}
		s.Do(t, state.Grant)
	})
	t.Run("a release by its pool's waiting", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		for range 3 {
			s.Observe(20, 20, 10, 10, plannertest.Waits("a", 3*time.Second))
		}
		if a := s.Do(t, state.Wait); !a.Held || !a.Reason.Is(verdict.ClientWaits) {
			t.Fatal(a)
		}
	})
	t.Run("for as long as it may, and then it ends", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		for range 3 {
			s.Observe(20, 20, 10, 10, plannertest.Waits("a", 3*time.Second))
		}
		s.Journal.HeldAt = s.Now.Add(-s.Policy.HoldFor)
		if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Held {
			t.Fatal(a)
		}
	})
}

func TestNextStopsAtWhatItDidNotWrite(t *testing.T) {
	t.Run("in the step", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		s.Observe(18, 18, 10, 10)
		if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted ||
			!a.Reason.Is(verdict.LineOfStep) {
			t.Fatal(a)
		}
	})
	t.Run("after it", func(t *testing.T) {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		s.Journal = s.Journal.After(state.Event{Kind: state.StepTrimmed, Step: &state.Step{Kind: state.Forward,
			Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}}}})
		s.Journal = s.Journal.After(state.Event{Kind: state.StepEnded})
		s.Observe(20, 18, 10, 10)
		if a := s.Next(); a.Kind != state.Stop || a.Outcome != state.Drifted ||
			!a.Reason.Is(verdict.LineChanged) {
			t.Fatal(a)
		}
	})
	t.Run("but not at an action of which it does not know whether it was done", func(t *testing.T) {
		for _, size := range []int{20, 16} {
			s := plannertest.NewTwoPools(0)
			s.Begin(t)
			s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Release,
				Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}}}})
			s.Observe(size, 16, 10, 10)
			if a := s.Next(); a.Kind == state.Stop {
				t.Fatalf("at %d: %+v", size, a)
			}
		}
	})
}

func TestPromiseCountsWhatIsOpenAndNothingThatShrinks(t *testing.T) {
	s := plannertest.NewTwoPools(2)
	s.Observe(20, 20, 10, 10)
	grant := func(to int) verdict.Reason {
		return control.Broken(s.Fleet, []fleet.SettingChange{{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10,
			To: to}})
	}
	if why := grant(12); why.Any() {
		t.Error(why.Text())
	}
	if why := grant(13); !why.Is(verdict.NoRoom) || why.Subject != "pg" || fmt.Sprint(why.Numbers) != "[33 32 30]" {
		t.Errorf("%+v, want 33 of 32 connections, 30 now", why)
	}
	if why := control.Broken(s.Fleet, []fleet.SettingChange{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20,
		To: 10}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 13}}); !why.Any() {
		t.Error("a release that has not been seen pays for a grant")
	}
	s.Observe(10, 19, 10, 10) // a was made smaller and has not drained
	if why := grant(13); why.Any() {
		t.Error(why.Text())
	}
	if why := grant(14); !why.Any() {
		t.Error("connections that are open do not count")
	}
}
