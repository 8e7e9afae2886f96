package control_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestARollbackGrowsNoPoolAboveItsMax refuses growth beyond max: alone: an undo that makes a pool smaller is open,
// however far above its max: the pool stays.
func TestARollbackGrowsNoPoolAboveItsMax(t *testing.T) {
	for _, c := range []struct {
		at, max, back int
		refused       bool
	}{{6, 8, 12, true}, {6, 8, 8, false}, {20, 8, 12, false}, {20, 8, 21, true}, {6, 0, 12, false}} {
		d := plannertest.WhatIf(200)
		d.Pools[1].Size, d.Pools[1].Max = plannertest.Ptr(c.at), c.max
		f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		why := control.AboveMax(f, sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Size: c.back}}})
		if (why.Any()) != c.refused {
			t.Errorf("from %d back to %d with max: %d: %q", c.at, c.back, c.max, why.Text())
		}
	}
}
