package allocate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAGapIsNeverBelowTheTruthWhenTheSearchIsCutOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		draw   func(*rand.Rand) Problem
		within limits
	}{
		{"one row, no exact search", drawOneRow, limits{}},
		{"one row, a few states", drawOneRow, limits{effort: 20}},
		{"roles, the root only", drawNestedLinePools, limits{}},
		{"mixed, the root only", drawMixed, limits{}},
		{"mixed, a few nodes", drawMixed, limits{work: 3000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(70, 70))
			var gaps, excess []float64 // relative to the objective
			for len(gaps) < 5000 {
				p := c.draw(rng)
				got, err := solve(p, c.within)
				if err != nil {
					t.Fatal(err)
				}
				if got.Gap == 0 && rng.IntN(4) > 0 {
					continue // most are proved all the same; a quarter of them is enough
				}
				best, at := brute(p)
				if !fits(p, got.N) {
					t.Fatalf("%v does not fit\n%+v", got.N, p)
				}
				truth := got.Objective - best
				if truth < -1e-9*best || truth > got.Gap+1e-9*best {
					t.Fatalf("%s: gap %v, true gap %v; %v, best %v\n%+v", got.Method, got.Gap, truth, got.N, at, p)
				}
				if got.Gap > 0 && best > 0 {
					gaps = append(gaps, got.Gap/best)
					excess = append(excess, truth/best)
				}
			}
			slices.Sort(gaps)
			slices.Sort(excess)
			at := func(s []float64, q float64) float64 { return s[int(q*float64(len(s)-1))] }
			t.Logf("gap / objective: median %.2g, 9 of 10 below %.2g; true gap: median %.2g, 9 of 10 below %.2g",
				at(gaps, 0.5), at(gaps, 0.9), at(excess, 0.5), at(excess, 0.9))
		})
	}
}
