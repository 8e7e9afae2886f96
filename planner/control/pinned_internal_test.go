package control

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestWhatADrainWaitsForIsSaidAsOfItsSample: the newest sample's worst case stands beside it, and must not say
// something else.
func TestWhatADrainWaitsForIsSaidAsOfItsSample(t *testing.T) {
	over := func(conns int) budget.Fleet {
		return budget.Fleet{Pools: []budget.FleetPool{{ID: "main/app", OverConns: conns}}}
	}
	released := []fleet.SettingChange{{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: 15, To: 13}}
	for _, c := range []struct {
		before, now int
		want        verdict.Code
		conns       float64
	}{
		{8, 8, verdict.StillOpen, 8},
		{8, 1, verdict.StillOpen, 1},
		{4, 0, verdict.WasOpen, 4},
		{0, 2, verdict.StillOpen, 2},
		{0, 0, "", 0},
	} {
		if _, why := (State{Samples: Samples{Fleet: over(c.now),
			Before: over(c.before)}}).pinned(released); why.Code != c.want ||
			why.Any() && why.Numbers[0] != c.conns {
			t.Errorf("%d, then %d: %q, want %q of %v", c.before, c.now, why.Text(), c.want, c.conns)
		}
	}
}
