package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
)

// Figure is a picture with what stands below it.
type figure struct {
	Heading string
	SVG     template.HTML // of our own making: every text in it is escaped
	Legend  []legend
	Caption string
}

// legend is a colour and what it stands for.
type legend struct {
	Colour template.CSS
	Text   string
}

// figures are the pictures of a page: for each server its connections and its CPU, then traffic, waits, and each pool
// by itself.
func (p Page) figures() (figures []figure) {
	s := p.Series.thinned()
	if s.none() {
		return nil
	}
	for _, x := range s.Servers {
		figures = append(figures, s.conns(x, p.Events))
	}
	for _, x := range s.Servers {
		if x.CPU != nil {
			figures = append(figures, s.cpu(x, p.Events))
		}
	}
	if len(s.Shares) > 0 {
		figures = append(figures, s.traffic(p.Events))
	}
	if f, any := s.waits(p.Events); any {
		figures = append(figures, f)
	}
	return append(figures, s.each()...)
}

// indexOf is where a pool stands among all, so that it has one colour in every picture.
func (s Series) indexOf(id string) int {
	return slices.IndexFunc(s.Pools, func(p PoolSeries) bool { return p.ID == id })
}

// leastBand is how thick a pool's band is at least where it has a connection, in units of the picture. chosen: a pool
// of two is seen beside one of five hundred.
const leastBand = 2.0

// conns stacks what each pool has open on a server, on top of direct connections, below the budget.
func (s Series) conns(x ServerSeries, events []Event) figure {
	const height = 320.0
	most := 0.0
	for i := range s.At {
		sum := orZero(x.Direct[i])
		for _, p := range s.Pools {
			if p.Server == x.Name {
				sum += orZero(p.Conns[i])
			}
		}
		most = max(most, sum, orZero(x.Budget[i]), orZero(x.Worst[i]))
	}
	marks, top := ticks(most*1.04, "")
	pic := newPicture("connections of "+x.Name, height, s, top)
	heading := "connections of " + x.Name + ", stacked"
	f := figure{Caption: "The line of dashes is the budget, the black one the worst case that counts against it."}
	lower := make([]float64, len(s.At))
	add := func(name, fill string, values []float64) {
		upper := make([]float64, len(lower))
		least := leastBand * top / (height - topEdge - foot)
		for i := range upper {
			v := orZero(values[i])
			if v > 0 {
				v = max(v, least)
			}
			upper[i] = lower[i] + v
		}
		pic.area(name, fill, s, lower, upper)
		lower = upper
		f.Legend = append(f.Legend, legend{template.CSS(fill), name})
	}
	if slices.ContainsFunc(x.Direct, func(v float64) bool { return v > 0 }) {
		add("direct", "#BBBBBB", x.Direct)
	}
	for _, p := range s.Pools {
		if p.Server == x.Name {
			add(p.ID, colour(s.indexOf(p.ID)), p.Conns)
		}
	}
	pic.grid(marks, s.times())
	pic.line("budget of "+x.Name, "budget", "", s, x.Budget, true)
	pic.line("worst case of "+x.Name, "worst", "", s, x.Worst, true)
	pic.mark(events)
	f.Heading, f.SVG = heading, template.HTML(pic.svg())
	return f
}

// cpu draws the CPU of a server, with its ceiling.
func (s Series) cpu(x ServerSeries, events []Event) figure {
	marks := []tick{{0, "0 %"}, {0.25, "25 %"}, {0.5, "50 %"}, {0.75, "75 %"}, {1, "100 %"}}
	pic := newPicture("CPU of "+x.Name, 180, s, 1)
	heading := "CPU of " + x.Name
	pic.grid(marks, s.times())
	f := figure{}
	if x.Ceiling > 0 {
		level := slices.Repeat([]float64{x.Ceiling}, len(s.At))
		pic.line("ceiling of "+x.Name, "budget", "", s, level, false)
		what := "the level above which nothing is granted"
		if x.Plans {
			what = "the most that the plan allows; no signal holds a run at it"
		}
		f.Caption = fmt.Sprintf("The line of dashes is %s: %.3g %%.", what, 100*x.Ceiling)
	}
	pic.line("CPU of "+x.Name, "worst", "", s, x.CPU, false)
	pic.mark(events)
	f.Heading, f.SVG = heading, template.HTML(pic.svg())
	return f
}

// traffic draws the percentage of each switch.
func (s Series) traffic(events []Event) figure {
	pic := newPicture("traffic", 150, s, 100)
	heading := "traffic that has moved, in percent of the switch"
	pic.grid([]tick{{0, "0 %"}, {50, "50 %"}, {100, "100 %"}}, s.times())
	f := figure{}
	for i, x := range s.Shares {
		pic.line(x.Shift, "share", "stroke:"+colour(i), s, x.Percent, true)
		f.Legend = append(f.Legend, legend{template.CSS(colour(i)), x.Shift})
	}
	pic.mark(events)
	f.Heading, f.SVG = heading, template.HTML(pic.svg())
	return f
}

// leastWait is the lower edge of the picture of waits, in seconds. chosen: what is below is no wait.
const leastWait = 1e-4

// waits draws the mean wait of every pool, on a scale of powers of ten: a millisecond is seen beside a minute. false:
// nobody ever waited.
func (s Series) waits(events []Event) (figure, bool) {
	most := 0.0
	for _, p := range s.Pools {
		for _, v := range p.Wait {
			most = max(most, orZero(v))
		}
	}
	if most < leastWait {
		return figure{}, false
	}
	top := math.Pow(10, math.Ceil(math.Log10(max(most, 10*leastWait))-1e-9))
	pic := newPicture("mean wait", 220, s, top)
	pic.log, pic.bottom = true, leastWait
	heading := "mean wait for a connection (powers of ten; what is below 100 µs is at the edge)"
	pic.grid(decades(leastWait, top), s.times())
	f := figure{}
	for i, p := range s.Pools {
		if p.Wait == nil {
			continue
		}
		pic.line("wait of "+p.ID, "share", "stroke:"+colour(i), s, p.Wait, false)
		f.Legend = append(f.Legend, legend{template.CSS(colour(i)), p.ID})
	}
	pic.mark(events)
	f.Heading, f.SVG = heading, template.HTML(pic.svg())
	return f, true
}

// each draws every pool by itself: a small one is not lost beside a large one.
func (s Series) each() (figures []figure) {
	for i, p := range s.Pools {
		most := 1.0
		for j := range s.At {
			most = max(most, orZero(p.Conns[j]), orZero(p.Size[j]))
		}
		marks, top := ticks(most, "")
		pic := newPicture(p.ID, 130, s, top)
		pic.grid(marks, s.times())
		pic.area("connections of "+p.ID, colour(i), s, make([]float64, len(s.At)), zeroed(p.Conns))
		pic.line("size of "+p.ID, "worst", "", s, p.Size, true)
		figures = append(figures, figure{Heading: p.ID + ": connections, and what its size allows",
			SVG: template.HTML(pic.svg())})
	}
	return figures
}

func zeroed(v []float64) []float64 {
	out := slices.Clone(v)
	for i := range out {
		out[i] = orZero(out[i])
	}
	return out
}
