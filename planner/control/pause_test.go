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

// TestAPauseHoldsAStepAndEndsNothing takes a step through a pause in its soak: it is neither undone nor taken back,
// also where a signal of the waiting is above its abort level.
func TestAPauseHoldsAStepAndEndsNothing(t *testing.T) {
	s := plannertest.NewTwoPools(0)
	s.Begin(t)
	s.Do(t, state.Release)
	s.Observe(16, 16, 10, 10)
	s.Observe(16, 16, 10, 10)
	s.Do(t, state.Grant)
	s.Observe(16, 16, 14, 14)
	s.Do(t, state.Wait)
	rule := []control.Threshold{{Name: "waiting", Hold: 20, Resume: 10, Abort: 40}}
	signal := func(v float64) {
		s.Guard = s.Guard.Add([]fleet.Signal{{Name: "waiting", Server: "pg", Value: fleet.Float(v), At: s.Now}}, rule,
			[]string{"pg"}, time.Minute, s.Now)
	}
	stuck := func(seconds int64) func(*fleet.Observation) { // what has arrived waits, and nothing is done
		return func(o *fleet.Observation) {
			for i := range o.Processes {
				g := &o.Processes[i].Aliases[0].Pools[0]
				g.ClientsWaiting, g.MaxWait = int(100*seconds), time.Duration(seconds)*time.Second+100*time.Millisecond
			}
		}
	}
	s.Observe(16, 16, 14, 14, stuck(1))
	signal(200)
	s.Do(t, state.Wait)
	s.Observe(16, 16, 14, 14, stuck(2))
	signal(400)
	if a := s.Do(t, state.Wait); !a.Held || !a.Reason.Is(verdict.ServerPaused) {
		t.Error(a)
	}
	for range 3 {
		s.Observe(16, 16, 14, 14)
		signal(0)
	}
	if a := s.Do(t, state.Wait); a.Held {
		t.Error(a)
	}
	for range 6 {
		s.Observe(16, 16, 14, 14)
		signal(0)
	}
	for i := range int64(3) { // one that does not end is what it looks like
		s.Observe(16, 16, 14, 14, stuck(i+1))
		signal(200)
	}
	if a := s.Next(); a.Kind != state.AbortStep && a.Kind != state.Undo {
		t.Error(a)
	}
}
