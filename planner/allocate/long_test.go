package allocate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// relaxation returns the least cost of one row when units may be cut, and what
// the unit that is cut would have gained.
func relaxation(p Problem) (cost, cut float64) {
	type unit struct {
		gain, rate float64
		coef       int
	}
	var units []unit
	left := p.Rows[0].Cap
	for _, t := range p.Rows[0].Terms {
		it := p.Items[t.Item]
		left -= t.Coef * it.Lo
		cost += it.Cost.Cost(it.Lo)
		for _, g := range it.Cost.(stepsCurve).gains {
			units = append(units, unit{g, g / float64(t.Coef), t.Coef})
		}
	}
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(b.rate, a.rate) })
	for _, u := range units {
		if u.coef > left {
			return cost - u.rate*float64(left), u.gain
		}
		cost -= u.gain
		left -= u.coef
	}
	return cost, 0
}

func TestALongRowIsSolvedAsWellAsAShortOne(t *testing.T) {
	const n = manyTerms + 517
	every := n / sampled // the items that the first shadow price is taken from
	for _, c := range []struct {
		name      string
		linePools int
		scale     float64 // of the gains of the sampled items
	}{
		{"units", 1, 1},
		{"units, the sample is poor", 1, 1e-3},
		{"units, the sample is rich", 1, 1e3},
		{"coefficients", 8, 1},
		{"coefficients, the sample is poor", 8, 1e-3},
		{"coefficients, the sample is rich", 8, 1e3},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(4) {
				rng := rand.New(rand.NewPCG(seed, 80))
				p := Problem{Rows: []Row{{Name: "budget"}}}
				for i := range n {
					lo := rng.IntN(3)
					curve := stepsCurve{from: lo, gains: make([]float64, 12)}
					g := rng.Float64()
					if i%every == 0 {
						g *= c.scale
					}
					for k := range curve.gains {
						curve.gains[k] = g
						g *= 0.2 + 0.8*rng.Float64()
					}
					coef := 1 + rng.IntN(c.linePools)
					p.Items = append(p.Items, Item{ID: "pool", Lo: lo, Hi: lo + 12, Cost: curve})
					p.Rows[0].Terms = append(p.Rows[0].Terms, Term{i, coef})
					p.Rows[0].Cap += coef * (lo + rng.IntN(8))
				}
				sol, err := Solve(p)
				if err != nil || sol.Gap != 0 || !fits(p, sol.N) {
					t.Fatalf("seed %d: gap %v, %v", seed, sol.Gap, err)
				}
				bound, cut := relaxation(p)
				if c.linePools == 1 {
					cut = 0
				}
				if excess := sol.Objective - bound; excess < -1e-9*bound || excess > cut+1e-9*bound {
					t.Errorf("seed %d: objective %v, the relaxation costs %v and cuts a unit that gains %v", seed, sol.Objective,
						bound, cut)
				}
			}
		})
	}
}
