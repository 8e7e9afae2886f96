package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQuantilesAreAtMostABucketHigh holds the histogram against the sorted durations themselves.
func TestQuantilesAreAtMostABucketHigh(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h, a, b Histogram
		values := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 50).Draw(t, "durations")
		small := rapid.SliceOfN(rapid.Int64Range(0, 100), 0, 50).Draw(t, "small")
		values = append(values, small...)
		for i, v := range values {
			h.Add(time.Duration(v))
			if i%2 == 0 {
				a.Add(time.Duration(v))
			} else {
				b.Add(time.Duration(v))
			}
		}
		slices.Sort(values)
		a.Merge(b)
		for _, p := range []float64{0, 0.01, 0.5, 0.9, 0.99, 1} {
			exact := time.Duration(values[max(0, int(math.Ceil(p*float64(len(values))-1e-9))-1)])
			got := h.Quantile(p)
			if got < exact || float64(got) > float64(exact)*(1+1.0/32)+1 {
				t.Fatalf("p %v: %d, exactly %d of %v", p, got, exact, values)
			}
			if merged := a.Quantile(p); merged != got {
				t.Fatalf("p %v: %d of two halves, %d of the whole", p, merged, got)
			}
		}
		if h.Count() != int64(len(values)) || int64(h.Max()) != values[len(values)-1] {
			t.Fatalf("count %d, max %d", h.Count(), h.Max())
		}
	})
}
