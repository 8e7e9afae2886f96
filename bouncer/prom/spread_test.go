package prom

import (
	"math"
	"slices"
	"testing"
)

// TestTheTimeOfALongTransactionGoesBack takes minutes whose last holds the time of transactions that were open
// before it.
func TestTheTimeOfALongTransactionGoesBack(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct{ loads, active, least, want []float64 }{
		"one of three minutes": {[]float64{1, 1, 1, 4}, []float64{1, 2, 2, 2}, []float64{0, 2, 2, 2},
			[]float64{1, 2, 2, 2}},
		"rate() makes a third more of it": {[]float64{1, 1, 1, 5}, []float64{1, 2, 2, 2}, []float64{0, 2, 2, 2},
			[]float64{1, 2, 2, 2}},
		"twenty, as those who held all": {[]float64{1, 0, 0, 0, 67}, []float64{1, 20, 20, 20, 5},
			[]float64{0, 20, 20, 20, 0}, []float64{1, 20, 20, 20, 5}},
		"a burst that no scrape saw stays": {[]float64{1, 1, 6.7}, []float64{0, 0, 0}, []float64{0, 0, 0},
			[]float64{1, 1, 6.7}},
		"more than those before it can have": {[]float64{1, 1, 9}, []float64{0, 2, 2}, []float64{0, 1, 1},
			[]float64{1, 2, 8}},
		"it was open before the first of them": {[]float64{1, 1, 90}, []float64{2, 2, 2}, []float64{1, 1, 1},
			[]float64{2, 2, 2}},
		"a minute that is not known": {[]float64{1, nan, 9}, []float64{2, 2, 2}, []float64{1, 1, 1},
			[]float64{1, nan, 9}},
		"active servers that are not known": {[]float64{1, 1, 9}, []float64{2, 2, nan}, []float64{1, 1, 1},
			[]float64{1, 1, 9}},
	} {
		loads := slices.Clone(c.loads)
		spreadBack(loads, c.active, c.least)
		for i := range loads {
			if !(math.Abs(loads[i]-c.want[i]) < 1e-9) && !(math.IsNaN(loads[i]) && math.IsNaN(c.want[i])) {
				t.Errorf("%s: %v, want %v", name, loads, c.want)
				break
			}
		}
	}
}
