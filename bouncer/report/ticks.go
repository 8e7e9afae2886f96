package report

import (
	"fmt"
	"math"
	"time"
)

// tick is a value with a label.
type tick struct {
	at    float64
	label string
}

// timeTick is a moment with a label.
type timeTick struct {
	at    time.Duration
	label string
}

// fourth is a round number of which about four make up a value.
func fourth(top float64) float64 {
	if !(top > 0) || math.IsInf(top, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, k := range []float64{1, 2, 5, 10} {
		if unit*k*4 >= top*(1-1e-9) {
			return unit * k
		}
	}
	return unit * 10
}

// ticks are round values from 0 to top or a little above, with the last as the new top.
func ticks(top float64, unit string) (out []tick, most float64) {
	by := fourth(top)
	n := max(1, int(math.Ceil(top/by-1e-9)))
	for i := range n + 1 {
		out = append(out, tick{by * float64(i), fmt.Sprintf("%.6g%s", by*float64(i), unit)})
	}
	return out, by * float64(n)
}

// decades are the powers of ten from one value to another, as times.
func decades(from, to float64) (out []tick) {
	for v := from; v <= to*(1+1e-9); v *= 10 {
		out = append(out, tick{v, spoken(v)})
	}
	return out
}

// spoken is a time in seconds with its unit.
func spoken(seconds float64) string {
	switch {
	case seconds < 0.9995e-3:
		return fmt.Sprintf("%.3g µs", seconds*1e6)
	case seconds < 0.9995:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	}
	return fmt.Sprintf("%.6g s", seconds)
}

// spans are the lengths between two labels of time, the shortest first.
var spans = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute,
	2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour}

// mostLabels is how many labels of time a picture has. chosen: they stay apart at a phone's width.
const mostLabels = 8

// times are the labels of a series: of the clock where it has one, else the time since its begin.
func (s Series) times() (out []timeTick) {
	from, to := s.At[0], s.At[len(s.At)-1]
	by := spans[len(spans)-1]
	for i := len(spans) - 1; i >= 0 && (to-from)/spans[i] < mostLabels; i-- {
		by = spans[i]
	}
	first := (from + by - 1).Truncate(by)
	if !s.Begin.IsZero() {
		at := s.Begin.Add(from).Truncate(by)
		for at.Before(s.Begin.Add(from)) {
			at = at.Add(by)
		}
		first = at.Sub(s.Begin)
	}
	for t := first; t <= to; t += by {
		out = append(out, timeTick{t, s.label(t, by)})
	}
	return out
}

func (s Series) label(t, by time.Duration) string {
	if !s.Begin.IsZero() {
		switch at := s.Begin.Add(t).UTC(); {
		case by < time.Minute:
			return at.Format(time.TimeOnly)
		case by < 24*time.Hour:
			return at.Format("15:04")
		default:
			return at.Format("Mon 2 Jan")
		}
	}
	switch {
	case by < time.Minute:
		return t.String()
	case by < time.Hour:
		return fmt.Sprintf("%d min", int(t.Minutes()))
	case by < 24*time.Hour:
		return fmt.Sprintf("%d h", int(t.Hours()))
	}
	return fmt.Sprintf("%d d", int(t.Hours()/24))
}
