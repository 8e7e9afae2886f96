package control

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
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
		want        string
	}{
		{8, 8, "main/app has 8 connections open above its target"},
		{8, 1, "main/app has 1 connection open above its target"},
		{4, 0, "main/app had 4 connections open above its target at the last sample: a drain must be seen in two samples"},
		{0, 2, "main/app has 2 connections open above its target"},
		{0, 0, ""},
	} {
		if _, why := (State{Samples: Samples{Fleet: over(c.now),
			Before: over(c.before)}}).pinned(released); why.Text() != c.want {
			t.Errorf("%d, then %d: %q, want %q", c.before, c.now, why.Text(), c.want)
		}
	}
}
