package sim

import "time"

// BusiestDay is what open clients ask of a pool in its busiest 24 hours, on average, in Erlangs: holds of a CPU that is
// free. false: closed clients use it, too, whose demand nobody knows beforehand, or nobody does.
func (s Spec) BusiestDay(pool string) (erlangs float64, known bool) {
	for _, l := range s.Loads {
		if l.Pool != pool {
			continue
		}
		if l.Open == nil {
			return 0, false
		}
		erlangs += l.Open.PerSec * l.Open.busiestDay() * l.Hold.MeanOf().Seconds()
		known = true
	}
	return erlangs, known
}

// busiestDay is the highest mean multiple of the rate over 24 hours that begin at a quarter of an hour.
func (o *OpenSpec) busiestDay() float64 {
	const day, quarter = int64(24 * time.Hour), int64(15 * time.Minute)
	if len(o.Curve) < 2 {
		return o.MeanTimes()
	}
	c := newCurve(o.Curve)
	length, sum := c.period()
	highest := 0.0
	for at := int64(0); at < int64(length); at += quarter {
		highest = max(highest, c.between(at, at+day)/float64(day))
	}
	return highest * o.MeanTimes() / (sum / length)
}
