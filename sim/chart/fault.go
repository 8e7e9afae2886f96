package chart

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/pgbudget/pgbudget/sim"
)

// maxFaults is how many faults have a row of their own. chosen: 6, because more would take the room of the
// data.
const maxFaults = 6

// fault is one thing that went wrong, and when.
type fault struct {
	name  string
	spans [][2]float64 // seconds, each from and to
}

// faultsOf finds when each fault was on, in the order in which they began. A fault is seen at samples, so its edges lie
// halfway between the last sample without it and the first with it. What has no row of its own is counted in more.
func faultsOf(samples []sim.Sample) (faults []fault, more int) {
	for i, s := range samples {
		for _, name := range s.Faults {
			at := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
			if at < 0 {
				at = len(faults)
				faults = append(faults, fault{name: name})
			}
			f := &faults[at]
			from, to := between(samples, i-1), between(samples, i)
			if n := len(f.spans); n > 0 && f.spans[n-1][1] >= from {
				f.spans[n-1][1] = to
			} else {
				f.spans = append(f.spans, [2]float64{from, to})
			}
		}
	}
	if len(faults) > maxFaults {
		more = len(faults) - maxFaults
		faults = faults[:maxFaults]
	}
	return faults, more
}

// between is the time halfway between sample i and the next, held to the picture.
func between(samples []sim.Sample, i int) float64 {
	if i < 0 {
		return samples[0].At.Seconds()
	}
	if i+1 >= len(samples) {
		return samples[len(samples)-1].At.Seconds()
	}
	return (samples[i].At.Seconds() + samples[i+1].At.Seconds()) / 2
}

// bands shades a plot where a fault was on.
type bands fault

// Plot fills each span over the whole height and marks its edges, so that overlapping bands can be told apart.
func (b bands) Plot(c draw.Canvas, plt *plot.Plot) {
	x, _ := plt.Transforms(&c)
	edge := draw.LineStyle{Color: barColor, Width: 0.5, Dashes: []vg.Length{2, 2}}
	for _, s := range b.spans {
		l, r := x(s[0]), x(s[1])
		c.FillPolygon(bandColor, []vg.Point{{X: l, Y: c.Min.Y}, {X: r, Y: c.Min.Y}, {X: r, Y: c.Max.Y}, {X: l, Y: c.Max.Y}})
		c.StrokeLine2(edge, l, c.Min.Y, l, c.Max.Y)
		c.StrokeLine2(edge, r, c.Min.Y, r, c.Max.Y)
	}
}

const faultRow = vg.Length(12)

// strip draws a row for each fault: a bar while it was on, and its name beside the bar where there is room.
func strip(c draw.Canvas, faults []fault, more int, x func(float64) vg.Length, names draw.Canvas) {
	style := sans(8, false)
	y := c.Max.Y - faultRow
	for _, f := range faults {
		first, last := f.spans[0], f.spans[len(f.spans)-1]
		for _, s := range f.spans {
			l, r := x(s[0]), max(x(s[1]), x(s[0])+1.5)
			c.FillPolygon(barColor, []vg.Point{{X: l, Y: y + 2}, {X: r, Y: y + 2}, {X: r, Y: y + faultRow - 2},
				{X: l, Y: y + faultRow - 2}})
		}
		switch width := style.Width(clean(f.name)); {
		case x(last[1])+4+width <= c.Max.X:
			c.FillText(style, vg.Point{X: x(last[1]) + 4, Y: y + 2.5}, clean(f.name))
		case x(first[0])-4-width >= c.Min.X:
			c.FillText(style, vg.Point{X: x(first[0]) - 4 - width, Y: y + 2.5}, clean(f.name))
		default: // the bar leaves no room: the name stands in the legend's column
			c.FillText(style, vg.Point{X: names.Min.X, Y: y + 2.5}, fit(f.name, style, names.Max.X-names.Min.X))
		}
		y -= faultRow
	}
	if more > 0 {
		c.FillText(style, vg.Point{X: c.Min.X, Y: y + 2.5}, fmt.Sprintf("and %d more", more))
	}
}
