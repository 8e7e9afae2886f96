package shift_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAShiftBackIsSizedForTheMostThatMayCome: whatever the fraction may be, the giving pool is sized for the load that
// is left of it then, and the receiving one for what has come.
func TestAShiftBackIsSizedForTheMostThatMayCome(t *testing.T) {
	f, s, _ := plannertest.RandomShift(rand.New(rand.NewPCG(1, 9)))
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 10))
		whole, own := 1+99*r.Float64(), 10*r.Float64()
		truth, x, z := 0.05+0.95*r.Float64(), r.IntN(101), r.IntN(101)
		if seed%10 == 0 {
			truth, x = 1, 100 // nothing is left to measure
		}
		at := func(x int) (from, to float64) {
			return whole * (1 - truth*float64(x)/100), own + whole*truth*float64(x)/100
		}
		s.LoadsAt, s.Fraction = x, load.Range{Lower: truth * r.Float64(), Target: truth, Upper: min(1, truth*(1+r.Float64()))}
		a, b := at(x)
		for i, e := range []float64{a, b} {
			f.Pools[i].Load.Erlangs = load.Range{Lower: e, Target: e, Upper: e}
			f.Pools[i].Load.PerSec = e / 0.01
		}
		from, to := s.Pair(f, z)
		a, b = at(z)
		for i, e := range []load.Range{from.Load.Erlangs, to.Load.Erlangs} {
			want := []float64{a, b}[i]
			if e.Lower > want+1e-6 || e.Upper < want-1e-6 || e.Lower < 0 {
				t.Fatalf("seed %d: from %d to %d %%, fraction %v: %v is %v, it will be %v", seed, x, z, s.Fraction,
					[]string{s.From, s.To}[i], e, want)
			}
		}
		// what has moved is estimated to be a part of all
		if p := from.Load.PerSec + to.Load.PerSec; math.Abs(p-(a+b)/0.01) > 0.2*p {
			t.Fatalf("seed %d: %v transactions per second, %v come", seed, p, (a+b)/0.01)
		}
	}
}
