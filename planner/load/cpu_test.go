package load_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/load"
)

func TestFitCPURecoversBaseAndDemands(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var samples []load.CPUSample
	for range 2000 {
		a, b := 500+400*rng.Float64(), 100+300*rng.Float64()
		samples = append(samples, load.CPUSample{Ratio: 0.05 + a*0.0004 + b*0.001 + 0.005*rng.NormFloat64(),
			PerSec: []float64{a, b}})
	}
	fit := load.FitCPU(samples, []string{"main/app", "ci/app"})
	// The ridge draws the two demands towards each other by about a tenth of their distance.
	for _, c := range []struct {
		what      string
		got, want float64
		within    float64
	}{{"base", fit.Base, 0.05, 0.03}, {"main", fit.Demand("main/app"), 0.0004, 0.00004}, {"ci", fit.Demand("ci/app"),
		0.001, 0.0001}} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s = %g, want %g within %g", c.what, c.got, c.want, c.within)
		}
	}
	// What counts is the prediction, far outside the samples, too.
	if got, want := fit.Base+1200*fit.Demand("main/app")+100*fit.Demand("ci/app"),
		0.05+1200*0.0004+100*0.001; math.Abs(got-want) > 0.03 {
		t.Errorf("prediction %g, want %g", got, want)
	}
}

func TestFitCPUSharesWhatMovesTogether(t *testing.T) {
	var samples []load.CPUSample
	for i := range 100 {
		x := float64(100 + i)
		samples = append(samples, load.CPUSample{Ratio: 0.1 + 0.002*x, PerSec: []float64{x / 2, x / 2}})
	}
	fit := load.FitCPU(samples, []string{"a/x", "b/x"})
	if a, b := fit.Demand("a/x"), fit.Demand("b/x"); math.Abs(a-b) > 1e-9 || math.Abs(a-0.002) > 1e-6 {
		t.Errorf("demands %g and %g, want 0.002 each", a, b)
	}
}

func TestFitCPUNeverGoesNegative(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var samples []load.CPUSample
		for range 30 {
			samples = append(samples, load.CPUSample{Ratio: rng.Float64(), PerSec: []float64{1000 * rng.Float64(),
				1000 * rng.Float64(), 1000 * rng.Float64()}})
		}
		fit := load.FitCPU(samples, []string{"a/x", "b/x", "c/x"})
		if fit.Base < 0 {
			t.Fatalf("base %g", fit.Base)
		}
		for _, d := range fit.Demands {
			if d.RatioPerTPS < 0 || math.IsNaN(d.RatioPerTPS) {
				t.Fatalf("demand %+v", d)
			}
		}
	}
}

func TestFitCPURefusesAHandfulOfSamples(t *testing.T) {
	if fit := load.FitCPU(make([]load.CPUSample, 9), nil); fit.Samples != 0 {
		t.Errorf("nine samples made a fit: %+v", fit)
	}
}
