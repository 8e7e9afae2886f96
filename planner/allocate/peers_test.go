package allocate_test

import (
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/bench/fleets"
	"github.com/pgbudget/pgbudget/planner/allocate"
)

// TestCrossingCopiesCostWhatASolverSays holds rows of unequal copies that cross to
// what cbc 2.10.8 proved optimal for the same fleets (fixtures/bench/peers).
func TestCrossingCopiesCostWhatASolverSays(t *testing.T) {
	for _, c := range []struct {
		pools, conns, rows int
		optima             []float64 // of seeds 1, 2, …
	}{
		{100, 3000, 8, []float64{304.79221831, 292.82580847, 259.77205045, 256.04449730, 383.39088646, 310.34079050,
			352.08516346, 410.05702161, 276.97054183, 314.89082189}},
		{300, 8000, 12, []float64{882.50020418, 782.10017720, 689.04832732}},
	} {
		for i, want := range c.optima {
			seed := uint64(i + 1)
			t.Run(fmt.Sprintf("%d pools, seed %d", c.pools, seed), func(t *testing.T) {
				if testing.Short() && (c.pools > 100 || i > 3) {
					t.Skip("takes a while")
				}
				t.Parallel()
				p := fleets.Grouped(seed, fleets.One(seed, c.pools, c.conns, 8), c.rows, c.rows, true)
				sol, err := allocate.Solve(p)
				if err != nil {
					t.Fatal(err)
				}
				if off := sol.Objective/want - 1; off > 5e-4 || off < -1e-9 {
					t.Errorf("got %.8f, want %.8f: %+.4f %%", sol.Objective, want, 100*off)
				}
				if sol.Objective-sol.Gap > want*(1+1e-9) {
					t.Errorf("got %.8f - %.8f as the bound, and %.8f costs less", sol.Objective, sol.Gap, want)
				}
			})
		}
	}
}
