package control_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAPauseOnAConsoleIsNamed, and how it ends, wherever the waiting that it makes is the reason for anything.
func TestAPauseOnAConsoleIsNamed(t *testing.T) {
	for want, stop := range map[verdict.Code]func(*fleet.Alias){
		verdict.AliasPaused:   func(a *fleet.Alias) { a.Paused = true },
		verdict.AliasDisabled: func(a *fleet.Alias) { a.Disabled = true },
	} {
		s := plannertest.NewTwoPools(0)
		s.Begin(t)
		s.Do(t, state.Release)
		waited := false
		for n := range 20 {
			s.Observe(16, 16, 10, 10, func(o *fleet.Observation) {
				a := &o.Processes[0].Aliases[0]
				a.Counters.Xacts = 1000
				a.Pools[0].ClientsWaiting, a.Pools[0].MaxWait = 5*n, time.Duration(n)*time.Second
				stop(a)
			})
			why := s.Next().Reason
			if why.Is(verdict.ClientWaits, verdict.PoolWaits, verdict.QueueGrows) {
				waited = true
				if !why.Has(want) {
					t.Errorf("%s, want %s as well", why.Text(), want)
				}
			}
		}
		if !waited {
			t.Errorf("nothing is said of the waiting: want %s", want)
		}
		if got := control.Stopped("a/1", fleet.Alias{Name: "db"}); got.Any() {
			t.Error(got.Text())
		}
	}
}

// TestASoakOfAStoppedPoolShowsNothing: a step is not done while somebody keeps one of its pools from being served.
func TestASoakOfAStoppedPoolShowsNothing(t *testing.T) {
	pause := func(o *fleet.Observation) { o.Processes[1].Aliases[0].Paused = true }
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	for s.Observe(16, 9, 10, 10); s.Next().Kind == state.Wait; s.Observe(16, 9, 10, 10) {
	}
	s.Do(t, state.Grant)
	soaked := func(change ...func(*fleet.Observation)) state.Action {
		for range int(s.Policy.Soak/time.Second) + 2 {
			s.Observe(16, 9, 14, 10, change...)
		}
		return s.Next()
	}
	if a := soaked(pause); a.Kind != state.Wait || !a.Held ||
		!a.Reason.Is(verdict.UnseenThere) || !a.Reason.Has(verdict.AliasPaused) {
		t.Errorf("%s, held %v: %q; want it held", a.Kind, a.Held, a.Reason.Text())
	}
	s.Journal.RollTo = 1
	if a := s.Next(); a.Held {
		t.Errorf("a rollback waits for a pool that somebody has stopped: %q", a.Reason.Text())
	}
	s.Journal.RollTo = 0
	s.Observe(16, 9, 14, 10)
	s.Do(t, state.CompleteStep)
}
