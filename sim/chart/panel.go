package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// series is one line of a panel: a value for each time, NaN where there is none.
type series struct {
	name   string
	values []float64
	style  draw.LineStyle
	fill   color.Color // of the area below; nil: none
	step   bool        // the value holds until the next time
}

// panel is one plot over the shared time axis, with its legend beside it.
type panel struct {
	title  string
	unit   string // of the vertical axis
	weight float64
	share  bool // values are shares of 0 to 1, shown as percentages
	series []series
	notes  []string // lines of the legend without a line in the panel
}

// highest returns the largest value of a series, 0 when it has none.
func (s series) highest() float64 {
	top := 0.0
	for _, v := range s.values {
		if v > top { // false for NaN
			top = v
		}
	}
	return top
}

// plotOf builds the gonum plot of a panel: areas, the bands of faults over them, the grid, lines on top.
func plotOf(p panel, times []float64, faults []fault, ticks plot.ConstantTicks) *plot.Plot {
	plt := plot.New()
	plt.BackgroundColor = nil
	top := 1.0
	for _, s := range p.series {
		top = max(top, s.highest())
	}
	for _, axis := range []*plot.Axis{&plt.X, &plt.Y} {
		axis.Tick.Label.Font = sans(8, false).Font
		axis.Label.TextStyle.Font = sans(8, false).Font
		axis.Tick.Length = 3
		axis.Padding = 0
		axis.Tick.LineStyle.Color, axis.LineStyle.Color = gray, gray
	}
	plt.X.Min, plt.X.Max = times[0], times[len(times)-1]
	plt.X.Tick.Marker = ticks
	plt.Y.Min, plt.Y.Max = 0, top*1.06
	plt.Y.Label.Text = p.unit
	plt.Y.Label.Padding = 3
	if p.share {
		plt.Y.Max = max(1.06, plt.Y.Max)
		plt.Y.Tick.Marker = percentTicks()
	} else {
		plt.Y.Tick.Marker = countTicks(plt.Y.Max)
	}
	for _, s := range p.series {
		for _, l := range s.lines(times) {
			if l.FillColor != nil {
				l.LineStyle.Width = 0
				plt.Add(l)
			}
		}
	}
	for _, f := range faults {
		plt.Add(bands(f))
	}
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: gridColor, Width: 0.5}
	grid.Horizontal = grid.Vertical
	plt.Add(grid)
	for _, s := range p.series {
		for _, l := range s.lines(times) {
			l.FillColor = nil
			plt.Add(l)
		}
	}
	return plt
}

// lines splits a series where a value is missing.
func (s series) lines(times []float64) []*plotter.Line {
	var out []*plotter.Line
	var run plotter.XYs
	flush := func() {
		if len(run) > 0 {
			l := &plotter.Line{XYs: run, LineStyle: s.style, FillColor: s.fill}
			if s.step {
				l.StepStyle = plotter.PostStep
			}
			out = append(out, l)
		}
		run = nil
	}
	for i, v := range s.values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			flush()
			continue
		}
		run = append(run, plotter.XY{X: times[i], Y: v})
	}
	flush()
	return out
}

// legend draws the names of a panel's lines below each other into a column of its own.
func (p panel) legend(c draw.Canvas) {
	const row, thumb = vg.Length(11), vg.Length(26)
	style := sans(8, false)
	y := c.Max.Y - row
	for _, s := range p.series {
		if y < c.Min.Y {
			return
		}
		icon := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: y + 1},
			Max: vg.Point{X: c.Min.X + thumb, Y: y + row - 2}}}
		(&plotter.Line{LineStyle: s.style, FillColor: s.fill}).Thumbnail(&icon)
		c.FillText(style, vg.Point{X: c.Min.X + thumb + 5, Y: y + 2}, fit(s.name, style, c.Max.X-c.Min.X-thumb-5))
		y -= row
	}
	for _, n := range p.notes {
		if y < c.Min.Y {
			return
		}
		c.FillText(style, vg.Point{X: c.Min.X, Y: y + 2}, fit(n, style, c.Max.X-c.Min.X))
		y -= row
	}
}
