package sizing

import (
	"math"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

func TestTextsOfASavedPlanHaveNoExponent(t *testing.T) {
	for _, scale := range Scales {
		NoExponent(t, "saves", scale, (&Review{Excess: fleet.Float(scale), Moved: []string{"x"}}).judged(Saved{},
			budget.Fleet{}, Plan{}))
		NoExponent(t, "saves, nothing moved", scale, (&Review{Excess: fleet.Float(scale)}).judged(Saved{}, budget.Fleet{},
			Plan{}))
		NoExponent(t, "load", scale, movedLoad(scale))
	}
}

func movedLoad(scale float64) string {
	pool := budget.FleetPool{ID: "main/app"}
	pool.Load.Erlangs = load.Range{Lower: scale, Target: scale, Upper: scale}
	was := budget.Fleet{Pools: []budget.FleetPool{pool}}
	pool.Load.Erlangs = load.Range{Lower: 9 * scale, Target: 9 * scale, Upper: 9 * scale}
	var r Review
	r.comparePool(was, pool, math.MaxInt32)
	return strings.Join(r.Moved, ", ")
}
