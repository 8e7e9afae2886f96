package report

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// The measures of a picture, in its own units. chosen: a page of paper has room for them.
const (
	width     = 960.0
	leftEdge  = 88.0
	rightEdge = 16.0
	topEdge   = 32.0 // above it are two rows of marks
	foot      = 26.0
)

// colours are those of pools, in order. Source: Okabe and Ito, colours that people see apart whose eyes lack a pigment.
var colours = []string{"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"}

func colour(i int) string { return colours[i%len(colours)] }

// picture is an SVG under construction. y grows downwards in it; top is what its upper edge stands for.
type picture struct {
	b           strings.Builder
	height      float64
	from, to    time.Duration
	top, bottom float64 // values at the edges
	log         bool
}

// newPicture is a picture from one time to another of values from 0 to top.
func newPicture(name string, height float64, s Series, top float64) *picture {
	p := &picture{height: height, from: s.At[0], to: s.At[len(s.At)-1], top: top}
	fmt.Fprintf(&p.b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(name))
	return p
}

func (p *picture) x(at time.Duration) float64 {
	return leftEdge + (width-leftEdge-rightEdge)*float64(at-p.from)/float64(p.to-p.from)
}

func (p *picture) y(v float64) float64 {
	at := (v - p.bottom) / (p.top - p.bottom)
	if p.log {
		at = math.Log(max(v, p.bottom)/p.bottom) / math.Log(p.top/p.bottom)
	}
	return p.height - foot - (p.height-topEdge-foot)*min(1, max(0, at))
}

// grid draws lines and labels of the values, and of the times below them.
func (p *picture) grid(values []tick, times []timeTick) {
	for _, t := range values {
		y := p.y(t.at)
		fmt.Fprintf(&p.b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, leftEdge, width-rightEdge, y, y)
		fmt.Fprintf(&p.b, `<text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`, leftEdge-6, y+4,
			html.EscapeString(t.label))
	}
	for _, t := range times {
		x := p.x(t.at)
		fmt.Fprintf(&p.b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, x, x, topEdge, p.height-foot)
		fmt.Fprintf(&p.b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, x, p.height-8,
			html.EscapeString(t.label))
	}
}

// points are those of a line, in runs between moments that are not known.
func (p *picture) points(s Series, values []float64, stepped bool) (runs [][]string) {
	var run []string
	last := 0.0
	for i, v := range values {
		if math.IsNaN(v) {
			if len(run) > 0 {
				runs, run = append(runs, run), nil
			}
			continue
		}
		x, y := p.x(s.At[i]), p.y(v)
		if stepped && len(run) > 0 {
			run = append(run, fmt.Sprintf("%.1f %.1f", x, last))
		}
		run, last = append(run, fmt.Sprintf("%.1f %.1f", x, y)), y
	}
	if len(run) > 0 {
		runs = append(runs, run)
	}
	return runs
}

// line draws values over time.
func (p *picture) line(name, class, style string, s Series, values []float64, stepped bool) {
	for _, run := range p.points(s, values, stepped) {
		fmt.Fprintf(&p.b, `<path class="%s" data-series="%s" style="%s" d="M%s"><title>%s</title></path>`, class,
			html.EscapeString(name), style, strings.Join(run, "L"), html.EscapeString(name))
	}
}

// area fills what is between two rows of values.
func (p *picture) area(name, fill string, s Series, lower, upper []float64) {
	var there, back []string
	for i := range s.At {
		x := p.x(s.At[i])
		if s.Stepped && i > 0 { // until then it is what it was
			there = append(there, fmt.Sprintf("%.1f %.1f", x, p.y(upper[i-1])))
			back = append(back, fmt.Sprintf("%.1f %.1f", x, p.y(lower[i-1])))
		}
		there = append(there, fmt.Sprintf("%.1f %.1f", x, p.y(upper[i])))
		back = append(back, fmt.Sprintf("%.1f %.1f", x, p.y(lower[i])))
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	fmt.Fprintf(&p.b, `<path class="area" data-series="%s" style="fill:%s" d="M%sL%sZ"><title>%s</title></path>`,
		html.EscapeString(name), fill, strings.Join(there, "L"), strings.Join(back, "L"), html.EscapeString(name))
}

// signs are the marks of events, at the upper edge.
var signs = map[EventKind]string{Release: "▼", Grant: "▲", Shift: "⇄", Hold: "‖", Undo: "↶"}

// mark draws the events that have a mark: the sign of one that comes soon after another in a row above.
func (p *picture) mark(events []Event) {
	const apart = 14.0 // units between two signs of a row
	last, row := math.Inf(-1), 0.0
	for _, e := range events {
		if signs[e.Kind] == "" || e.At < p.from || e.At > p.to {
			continue
		}
		x := p.x(e.At)
		if row = apart - row; x-last >= apart {
			row = 0
		}
		last = x
		fmt.Fprintf(&p.b, `<g class="mark %s"><line x1="%.1f" x2="%.1f" y1="%g" y2="%g"/><text x="%.1f" y="%g" `+
			`text-anchor="middle">%s</text><title>%s</title></g>`, e.Kind, x, x, topEdge, p.height-foot, x, topEdge-3-row,
			signs[e.Kind], html.EscapeString(e.Text))
	}
}

func (p *picture) svg() string { return p.b.String() + "</svg>" }
