package load_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestHistogramQuantileIsAtMostOneBucketAboveTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h load.Histogram
		var all []float64
		scale := math.Exp(rng.NormFloat64() * 3)
		for range 500 {
			v := scale * rng.ExpFloat64()
			all = append(all, v)
			h = h.Add(plannertest.Epoch, v)
		}
		slices.Sort(all)
		for _, p := range []float64{0.5, 0.9, 0.95, 0.99, 1} {
			want := all[int(math.Ceil(p*500))-1]
			if got := h.Quantile(p); got < want*(1-1e-12) && want >= load.HistogramFirst ||
				got > max(load.HistogramFirst, want*load.HistogramGrowth*1.001) {
				t.Fatalf("Quantile(%g) = %g, want %g to %g", p, got, want, want*load.HistogramGrowth)
			}
		}
	}
}

func TestHistogramForgetsHalfADay(t *testing.T) {
	var h load.Histogram
	h = h.Add(plannertest.Epoch, 1)
	h = h.Add(plannertest.Epoch.Add(load.HistogramHalfLife), 10) // weighs twice as much
	if got := h.Quantile(0.34); got < 9.5 {
		t.Errorf("Quantile(0.34) = %g, want the newer sample's bucket: the older weighs a third", got)
	}
	if got := h.Quantile(0.33); got > 1.05 {
		t.Errorf("Quantile(0.33) = %g, want the older sample's bucket", got)
	}
}

func TestHistogramSurvivesYearsWithoutLosingShares(t *testing.T) {
	var long, short load.Histogram
	for day := range 1000 {
		at := plannertest.Epoch.Add(time.Duration(day) * 24 * time.Hour)
		long = long.Add(at, float64(day%7)+1)
		if day >= 900 {
			short = short.Add(at, float64(day%7)+1)
		}
	}
	for _, p := range []float64{0.1, 0.5, 0.9} {
		if got, want := long.Quantile(p), short.Quantile(p); got != want {
			t.Errorf("Quantile(%g) = %g after 1000 days, %g when only the last 100 are known", p, got, want)
		}
	}
}

func TestHistogramIsAValueAndTravelsAsJSON(t *testing.T) {
	a := load.Histogram{}.Add(plannertest.Epoch, 3)
	b := a.Add(plannertest.Epoch, 30)
	if a.Quantile(1) != 3 || b.Quantile(1) != 30 {
		t.Errorf("adding to a copy changed the original: %g, %g", a.Quantile(1), b.Quantile(1))
	}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var c load.Histogram
	if err := json.Unmarshal(text, &c); err != nil || c.Quantile(0.5) != b.Quantile(0.5) || c.Samples != 2 {
		t.Errorf("after JSON: %+v, %v; want %+v", c, err, b)
	}
}
