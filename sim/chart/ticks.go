package chart

import (
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"
)

// unit is what the time axis counts in.
type unit struct {
	name string
	d    time.Duration
}

var (
	seconds = unit{"seconds", time.Second}
	minutes = unit{"minutes", time.Minute}
	hours   = unit{"hours", time.Hour}
	days    = unit{"days", 24 * time.Hour}
)

// steps are the distances of ticks on the time axis, each with the unit it is read in.
var steps = []struct {
	d    time.Duration
	unit unit
}{
	{100 * time.Millisecond, seconds}, {200 * time.Millisecond, seconds}, {500 * time.Millisecond, seconds},
	{time.Second, seconds}, {2 * time.Second, seconds}, {5 * time.Second, seconds}, {10 * time.Second, seconds},
	{20 * time.Second, seconds},
	{time.Minute, minutes}, {2 * time.Minute, minutes}, {5 * time.Minute, minutes}, {10 * time.Minute, minutes},
	{20 * time.Minute, minutes},
	{time.Hour, hours}, {2 * time.Hour, hours}, {3 * time.Hour, hours}, {6 * time.Hour, hours},
	{24 * time.Hour, days}, {48 * time.Hour, days}, {7 * 24 * time.Hour, days}, {30 * 24 * time.Hour, days},
	{365 * 24 * time.Hour, days},
}

// maxTimeTicks is how many labels a time axis has at most. chosen: 12, because labels touch where
// more are.
const maxTimeTicks = 12

// timeTicks returns whole multiples of a round step between two times in seconds, at most maxTimeTicks of them where a
// step is long enough for that, and the unit of their labels.
func timeTicks(from, to float64) (plot.ConstantTicks, unit) {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if (to-from)/s.d.Seconds() <= maxTimeTicks {
			step = s
			break
		}
	}
	var ticks plot.ConstantTicks
	for k := math.Ceil(from/step.d.Seconds() - 1e-9); k*step.d.Seconds() <= to+1e-9; k++ {
		v := k*step.d.Seconds() + 0 // no negative zero
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v/step.unit.d.Seconds()*1e6)/1e6, 'f',
			-1, 64)})
	}
	return ticks, step.unit
}

// countTicks returns whole numbers from 0 to top, at most five steps of 1, 2 or 5 times a power of ten.
func countTicks(top float64) plot.ConstantTicks {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10} {
		step = s * math.Pow(10, math.Floor(math.Log10(max(top, 1)/4)))
		if step >= 1 && top/step <= 5 {
			break
		}
	}
	step = max(1, step)
	unit, word := 1.0, ""
	switch { // one unit for all of them
	case top >= 1e7:
		unit, word = 1e6, "M"
	case top >= 1e4:
		unit, word = 1e3, "k"
	}
	ticks := plot.ConstantTicks{{Value: 0, Label: "0"}}
	for v := step; v <= top*(1+1e-9); v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v/unit, 'f', -1, 64) + word})
	}
	return ticks
}

// percentTicks are those of a share of 0 to 1.
func percentTicks() plot.ConstantTicks {
	return plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.25}, {Value: 0.5, Label: "50"}, {Value: 0.75},
		{Value: 1, Label: "100"}}
}
