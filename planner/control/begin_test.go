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

// TestWhatHoldsAStepIsKnownBeforeIt: HeldNow says at every moment of a step what Next then holds it for, and nothing
// where Next goes on.
func TestWhatHoldsAStepIsKnownBeforeIt(t *testing.T) {
	waits := func(group string) func(*fleet.Observation) { // half a second each, since noon
		return func(o *fleet.Observation) {
			for i := range o.Processes {
				if p := &o.Processes[i]; p.Group == group {
					p.Aliases[0].Counters.WaitTime = time.Duration(p.Aliases[0].Counters.Xacts) * 500 * time.Millisecond
				}
			}
		}
	}
	for _, c := range []struct {
		name      string
		saturated bool
		change    []func(*fleet.Observation)
		begins    verdict.Code // what holds its beginning; empty: nothing
		releases  verdict.Code
		grants    verdict.Code
	}{
		{name: "nothing"},
		{name: "a signal", saturated: true, begins: verdict.SignalHolds, grants: verdict.SignalHolds},
		{name: "the pool that is released waits", change: []func(*fleet.Observation){waits("a")}, begins: verdict.PoolWaits,
			releases: verdict.PoolWaits},
		{name: "the pool that is granted waits", change: []func(*fleet.Observation){waits("b")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := func(s *plannertest.TwoPools) control.State {
				return control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Sample,
					Recent: s.Recent, Guard: s.Guard}, TrafficNow: control.TrafficNow{AsMeasured: s.Fleet}, Journal: s.Journal,
					RunGoal: control.RunGoal{Goal: s.Goal}, Policy: s.Policy}
			}
			observe := func(s *plannertest.TwoPools, sizeA, openA, sizeB int) {
				for range 4 {
					if s.Observe(sizeA, openA, sizeB, 10, c.change...); c.saturated { // above hold, below abort
						s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.85, At: s.Now}},
							[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"},
							time.Minute, s.Now)
					}
				}
			}
			check := func(s *plannertest.TwoPools, step state.Step, kind state.ActionKind, want verdict.Code) {
				t.Helper()
				x := at(s)
				a, held := control.Next(x), x.HeldNow(step)
				if want == "" && (held.Any() || a.Kind != kind) || want != "" && (!held.Is(want) ||
					a.Kind != state.Wait || a.Reason.Code != held.Code) {
					t.Errorf("%s: Next %s %q, held %q; want %q", kind, a.Kind, a.Reason.Text(), held.Text(), want)
				}
			}
			s := plannertest.NewTwoPools(0)
			observe(s, 20, 18, 10)
			step, _, _ := at(s).NextStep()
			check(s, step, state.BeginStep, c.begins)
			s.Journal = s.Journal.After(state.Event{Seq: 1, At: s.Now, Kind: state.StepBegan, Step: &step})
			check(s, step, state.Release, c.releases)
			s.Journal.ReleasedAt = s.Now
			observe(s, 16, 9, 10)
			if c.releases == "" { // else it is undone
				check(s, step, state.Grant, c.grants)
			}
			s.Journal.Unwind = true
			if held := at(s).HeldNow(step); held.Any() {
				t.Errorf("while it goes back, it is held: %q", held.Text())
			}
		})
	}
}
