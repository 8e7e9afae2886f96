package prom

import (
	"math"
	"time"
)

const (
	aDay = 24 * time.Hour
	// leastOfDay is the share of a day's minutes that must be known. chosen: 0.9 because a restart of an exporter takes
	// less, and what is missing may be the day's peak.
	leastOfDay = 0.9
)

// busiestDay returns the highest mean of 24 hours of one-minute loads, minutes in which the pool was full among them:
// over a day in which the queue ends, what was carried is what was asked for. 0: no 24 hours are known well enough.
// endless reports whether the queue did not end in some 24 hours: the pool was full in each minute that is known, and
// what it carried is its size.
func busiestDay(loads []float64, full []float64, step time.Duration) (erlangs float64, endless bool) {
	n := int(aDay / step)
	var sum float64
	known, ended := 0, 0
	count := func(i, by int) {
		if math.IsNaN(loads[i]) {
			return
		}
		sum += float64(by) * max(0, loads[i])
		known += by
		if full == nil || math.IsNaN(full[i]) {
			ended += by
		}
	}
	for i := range loads {
		count(i, 1)
		if i >= n {
			count(i-n, -1)
		}
		if i < n-1 || float64(known) < leastOfDay*float64(n) {
			continue
		}
		erlangs = max(erlangs, sum/float64(known))
		endless = endless || ended == 0
	}
	return erlangs, endless
}
