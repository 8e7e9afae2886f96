package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/load"
)

// TestIntervalsCoverWhatTheySay draws sequences of soaks and counts how often the next soak is inside of what was
// predicted, and how often the fraction is inside of the estimate.
func TestIntervalsCoverWhatTheySay(t *testing.T) {
	const sequences = 2000
	for name, c := range map[string]struct {
		prior func(s Soaks) load.Range
		day   bool
	}{
		"the prior's own interval": {prior: func(s Soaks) load.Range { // true 95 % of the time
			sd := 0.1 * s.Phi
			mean := s.Phi + s.R.NormFloat64()*sd
			return load.Range{Lower: mean - load.Z95*sd, Target: mean, Upper: mean + load.Z95*sd}
		}},
		"a prior of half the truth": {prior: func(s Soaks) load.Range {
			return load.Range{Lower: 0.45 * s.Phi, Target: 0.5 * s.Phi, Upper: 0.55 * s.Phi}
		}},
		"a day that comes and goes": {day: true, prior: func(s Soaks) load.Range {
			return load.Range{Lower: 0.01, Target: 0.5,
				Upper: 0.99}
		}},
	} {
		var next, fraction, all int
		for seed := range uint64(sequences) {
			s := RandomSoaks(rand.New(rand.NewPCG(seed, 11)))
			if c.day {
				phase := 6 * s.R.Float64()
				s.Day = func(x int) float64 { return 1 + 0.4*math.Sin(phase+float64(x)/15) }
			}
			prior := c.prior(s)
			steps := 2 + s.R.IntN(8)
			delta := 1 + s.R.IntN(9)
			var soaks []SoakResult
			for k := range steps + 1 {
				soaks = append(soaks, s.Soak(k*delta))
			}
			b := Learn(prior, soaks)
			if b.prior {
				continue // the sequence tells less than the prior does: there is nothing learnt to judge
			}
			all++
			after := s.Soak((steps + 1) * delta)
			share, sd := after.Share()
			if p := b.Predict(after.X, sd); share >= p.Lower && share <= p.Upper {
				next++
			}
			if s.Phi >= b.Fraction.Lower && s.Phi <= b.Fraction.Upper {
				fraction++
			}
		}
		covered := func(n int) float64 { return 100 * float64(n) / float64(all) }
		t.Logf("%s: of %d sequences that tell more than the prior, %.1f %% of next soaks and %.1f %% of fractions are "+
			"inside", name, all, covered(next), covered(fraction))
		if all < sequences/3 {
			t.Errorf("%s: only %d sequences", name, all)
		}
		for _, x := range []float64{covered(next), covered(fraction)} {
			if x < 93 || x > 97 {
				t.Errorf("%s: %.1f %%", name, x)
			}
		}
	}
}
