package sim

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestLawsAreWhatTheySay draws from every law of holds and of gaps: its distribution function (Kolmogorov and Smirnov,
// 99.9 %), its mean, and its SCV against MeanOf and SCVOf, the moments in the 99.9 % interval of batches.
func TestLawsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	s := time.Second
	laws := map[string]Law{
		"exponential": {Mean: s}, "deterministic": {Kind: Fixed, Mean: s},
		"lognormal 0.5": {Kind: Lognormal, Mean: s, SCV: 0.5}, "lognormal 3": {Kind: Lognormal, Mean: s, SCV: 3},
		"lognormal 16":       {Kind: Lognormal, Mean: s, SCV: 16},
		"hyperexponential 1": {Kind: Hyperexponential, Mean: s, SCV: 1}, "hyperexponential 9": {Kind: Hyperexponential,
			Mean: s, SCV: 9},
		"quantiles":        {Kind: Quantiles, Points: []QuantilePoint{{0, s / 10}, {0.5, s}, {0.9, 2 * s}, {1, 30 * s}}},
		"quantiles, steep": {Kind: Quantiles, Points: []QuantilePoint{{0, s}, {0.5, s + s/100}, {0.51, 3 * s}, {1, 4 * s}}},
	}
	for _, scv := range []float64{Deterministic, 0, 0.2, 1, 5} {
		laws[fmt.Sprintf("gaps %v", scv)] = gapLaw(scv)
	}
	batches, size := 40, 2500
	if os.Getenv("PGBUDGET_SOAK") != "" {
		size = 500_000
	}
	for name, law := range laws {
		var r stream
		r.begin(1, "law "+name)
		x := newSampler(law)
		var sorted []float64
		means, seconds := make([]float64, batches), make([]float64, batches)
		for b := range batches {
			for i := range size {
				v := float64(x.draw(&r.rand)) / 1e9
				means[b] += v / float64(size)
				seconds[b] += v * v / float64(size)
				if i < 5000 {
					sorted = append(sorted, v)
				}
			}
		}
		mean, scv := law.MeanOf().Seconds(), law.SCVOf()
		batched(t, name+": mean", means, mean)
		if scv < 10 { // of heavier tails no sample's second moment says anything; the distribution function does
			batched(t, name+": second moment", seconds, mean*mean*(1+scv))
		}
		if law.Kind == Fixed {
			continue
		}
		slices.Sort(sorted)
		n, far := float64(len(sorted)), 0.0
		for i, v := range sorted {
			f := below(law, v)
			far = max(far, math.Abs(f-float64(i)/n), math.Abs(f-float64(i+1)/n))
		}
		if most := 1.949 / math.Sqrt(n); far > most {
			t.Errorf("%s: its distribution function is %v off, at most %v", name, far, most)
		}
	}
}

func batched(t *testing.T, what string, batches []float64, want float64) {
	t.Helper()
	var mean, square float64
	n := float64(len(batches))
	for _, x := range batches {
		mean += x / n
	}
	for _, x := range batches {
		square += (x - mean) * (x - mean)
	}
	half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.9995)*math.Sqrt(square/(n-1)/n) + 2e-9
	t.Logf("%-36s want %-8.5g measured %-8.5g ± %.2g (%.1f %%)", what, want, mean, half, 100*half/want)
	if math.Abs(mean-want) > half {
		t.Errorf("%s: %v ± %v, want %v", what, mean, half, want)
	}
}

// below is a law's distribution function at v seconds, from the formula rather than from the sampler.
func below(l Law, v float64) float64 {
	m := l.Mean.Seconds()
	switch l.Kind {
	case Lognormal:
		return distuv.LogNormal{Mu: math.Log(m) - math.Log1p(l.SCV)/2, Sigma: math.Sqrt(math.Log1p(l.SCV))}.CDF(v)
	case Hyperexponential:
		p := (1 + math.Sqrt((l.SCV-1)/(l.SCV+1))) / 2
		return p*(1-math.Exp(-v*2*p/m)) + (1-p)*(1-math.Exp(-v*2*(1-p)/m))
	case Quantiles:
		for i := 1; i < len(l.Points); i++ {
			if a, b := l.Points[i-1], l.Points[i]; v <= b.D.Seconds() {
				return a.P + (b.P-a.P)*(v-a.D.Seconds())/(b.D-a.D).Seconds()
			}
		}
		return 1
	default:
		return 1 - math.Exp(-v/m)
	}
}
