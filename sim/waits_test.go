package sim

import (
	"errors"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// TestARunThatWaitsHearsOfItsJournal: held, in a soak or paused, it records nothing for long; once its journal is not in its
// place it ends at the next look.
func TestARunThatWaitsHearsOfItsJournal(t *testing.T) {
	moved := errors.New("the file was moved away")
	for _, c := range []struct {
		name   string
		paused bool
		soak   time.Duration
	}{{"paused", true, time.Second}, {"in a soak", false, time.Hour}} {
		x := embarkWith(t, 5, func(spec *Spec) { spec.Faults = nil })
		x.policy.Soak, x.policy.HoldFor, x.policy.Percent = c.soak, 24*time.Hour, 100
		x.goal.Pools = x.goal.Pools[:1]
		x.goal.Pools[0].Size-- // a release, whatever the plan is
		r := x.rebalancer()
		if c.paused {
			r.Paused = func() string { return "paused by ann" }
		}
		looks, at := 0, 0
		r.Seen = func(planner.Situation, planner.Act) { looks++ }
		r.Recordable = func() error {
			if last := len(x.events) - 1; at == 0 && looks > 5 && (x.events[last].Kind == planner.HoldBegan || x.events[last].Kind == planner.Acted) {
				at = looks
			}
			if at > 0 && looks > at+10 {
				return moved
			}
			return nil
		}
		report, err := r.Run(t.Context(), x.goal, planner.Memory{})
		if !errors.Is(err, moved) || at == 0 || looks > at+12 {
			t.Errorf("%s: %v (%s %s) after %d looks, %d of them waiting; want an end with the journal's error", c.name, err, report.Outcome,
				report.Reason, looks, looks-at)
		}
	}
}
