package chart

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/pgbudget/pgbudget/sim"
)

// Width and Height of the picture, in points: 1200 × 900 pixels at 96 dots per inch.
const (
	Width  = vg.Length(900)
	Height = vg.Length(675)
)

// Timeline is what a picture shows. Every sample has the same servers and pools in the same order, as a World gives
// them.
type Timeline struct {
	Title    string // one line at the top
	Subtitle string // one line below it
	Samples  []sim.Sample
}

// SVG returns the picture as SVG, Width × Height. The error is of a timeline that cannot be drawn: fewer than two
// samples, or samples of other servers and pools than the first.
func (t Timeline) SVG() ([]byte, error) {
	c := vgsvg.New(Width, Height)
	b, err := t.write(draw.New(c), c)
	// Whoever has no Liberation Sans has one with the same widths, or some other without serifs.
	return bytes.ReplaceAll(b, []byte(`style="font-family:Liberation Sans;`),
		[]byte(`style="font-family:Liberation Sans,Arial,Helvetica,sans-serif;`)), err
}

// PNG returns the picture as PNG, Width × Height. Errors are those of SVG.
func (t Timeline) PNG() ([]byte, error) {
	c := vgimg.New(Width, Height)
	return t.write(draw.New(c), vgimg.PngCanvas{Canvas: c})
}

func (t Timeline) write(c draw.Canvas, w io.WriterTo) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	t.draw(c)
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// check refuses what cannot be drawn.
func (t Timeline) check() error {
	if len(t.Samples) < 2 {
		return errors.New("a timeline needs two samples at least")
	}
	first := t.Samples[0]
	for i, s := range t.Samples[1:] {
		if len(s.Servers) != len(first.Servers) || len(s.Pools) != len(first.Pools) {
			return fmt.Errorf("sample %d has %d servers and %d pools, the first has %d and %d", i+1, len(s.Servers),
				len(s.Pools), len(first.Servers), len(first.Pools))
		}
		if s.At <= t.Samples[i].At {
			return fmt.Errorf("sample %d is not later than the one before", i+1)
		}
	}
	if len(first.Servers) == 0 && len(first.Pools) == 0 {
		return errors.New("samples without servers and pools")
	}
	return nil
}

// Margins, in points.
const (
	edge        = vg.Length(14)
	headHeight  = vg.Length(38)
	titleHeight = vg.Length(15)
	panelGap    = vg.Length(7)
	axisHeight  = vg.Length(22)
	legendWidth = vg.Length(185)
	axisWidth   = vg.Length(46) // fits "1000k" and the label beside it
)

// draw lays out head, faults, panels and time axis from top to bottom, and the legends in a column of their own.
func (t Timeline) draw(c draw.Canvas) {
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	page := draw.Crop(c, edge, -edge, edge, -edge)
	width := page.Max.X - page.Min.X
	c.FillText(sans(14, true), vg.Point{X: page.Min.X, Y: page.Max.Y - 14}, fit(t.Title, sans(14, true), width))
	c.FillText(sans(9, false), vg.Point{X: page.Min.X, Y: page.Max.Y - 28}, fit(t.Subtitle, sans(9, false), width))

	times := column(t.Samples, func(s sim.Sample) float64 { return s.At.Seconds() })
	ticks, unit := timeTicks(times[0], times[len(times)-1])
	bare := make(plot.ConstantTicks, len(ticks)) // the panels above the last have ticks without labels
	for i, tick := range ticks {
		// without any text it would be a minor tick, which has no grid line
		bare[i] = plot.Tick{Value: tick.Value, Label: " "}
	}
	faults, more := faultsOf(t.Samples)
	panels := panelsOf(t.Samples)

	y := page.Max.Y - headHeight
	rows := vg.Length(len(faults))
	if more > 0 {
		rows++
	}
	left, right := page.Min.X+axisWidth, page.Max.X-legendWidth-10
	x := func(s float64) vg.Length {
		return left + (right-left)*vg.Length((s-times[0])/(times[len(times)-1]-times[0]))
	}
	box := func(l, r, top, bottom vg.Length) draw.Canvas {
		return draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: l, Y: bottom},
			Max: vg.Point{X: r, Y: top}}}
	}
	if rows > 0 {
		c.FillText(sans(9, true), vg.Point{X: left, Y: y - titleHeight + 4}, "what goes wrong")
		y -= titleHeight
		strip(box(left, right, y, y-rows*faultRow), faults, more, x, box(right+10, page.Max.X, y, y-rows*faultRow))
		y -= rows*faultRow + panelGap
	}
	total := 0.0
	for _, p := range panels {
		total += p.weight
	}
	room := y - page.Min.Y - axisHeight - vg.Length(len(panels))*(titleHeight+panelGap)
	for i, p := range panels {
		height := room * vg.Length(p.weight/total)
		c.FillText(sans(9, true), vg.Point{X: left, Y: y - titleHeight + 4}, clean(p.title))
		y -= titleHeight
		marks := bare
		if i == len(panels)-1 {
			marks = ticks
		}
		plt := plotOf(p, times, faults, marks)
		if i == len(panels)-1 {
			plt.X.Label.Text = "virtual time since the start, in " + unit.name
			plt.X.Label.Padding = 2
		}
		drawInto(plt, box(left, right, y, y-height))
		p.legend(box(right+10, page.Max.X, y, y-height))
		y -= height + panelGap
	}
}

// drawInto draws a plot so that its data fills the canvas: axes and labels stand outside.
func drawInto(plt *plot.Plot, data draw.Canvas) {
	c := data
	for range 4 { // the room that axes take depends a little on the canvas: each pass corrects what the last one left
		got := plt.DataCanvas(c)
		c.Min.X += data.Min.X - got.Min.X
		c.Min.Y += data.Min.Y - got.Min.Y
		c.Max.X += data.Max.X - got.Max.X
		c.Max.Y += data.Max.Y - got.Max.Y
	}
	plt.Draw(c)
}
