package sizing_test

import (
	"math"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func TestTextsOfASavedPlanHaveNoExponent(t *testing.T) {
	for _, scale := range plannertest.Scales {
		plannertest.NoExponent(t, "saves", scale,
			(&sizing.Review{Excess: fleet.Float(scale), Moved: []string{"x"}}).Judged(sizing.Saved{},
				budget.Fleet{}, sizing.Plan{}))
		plannertest.NoExponent(t, "saves, nothing moved", scale,
			(&sizing.Review{Excess: fleet.Float(scale)}).Judged(sizing.Saved{}, budget.Fleet{},
				sizing.Plan{}))
		plannertest.NoExponent(t, "load", scale, movedLoad(scale))
	}
}

func movedLoad(scale float64) string {
	pool := budget.FleetPool{ID: "main/app"}
	pool.Load.Erlangs = load.Range{Lower: scale, Target: scale, Upper: scale}
	was := budget.Fleet{Pools: []budget.FleetPool{pool}}
	pool.Load.Erlangs = load.Range{Lower: 9 * scale, Target: 9 * scale, Upper: 9 * scale}
	var r sizing.Review
	r.ComparePool(was, pool, math.MaxInt32)
	return strings.Join(r.Moved, ", ")
}
