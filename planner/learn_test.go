package planner

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// soaks draws what soaks of a shift would measure: loads with the sampling variance of a counter, a·S·(1 + cv²)/T.
type soaks struct {
	main, own, phi float64 // Erlangs of From, own ones of To, the true fraction
	hold           time.Duration
	window         time.Duration
	scv            float64
	day            func(x int) float64 // the time of day's factor while the switch is at x
	r              *rand.Rand
}

func (s soaks) sd(a float64) float64 {
	return math.Sqrt(max(a, 0.01) * s.hold.Seconds() * (1 + s.scv) / s.window.Seconds())
}

func (s soaks) point(x int) Point {
	day := 1.0
	if s.day != nil {
		day = s.day(x)
	}
	moved := s.main * s.phi * float64(x) / 100
	from, to := (s.main-moved)*day, (s.own+moved)*day
	return Point{X: x, Window: s.window,
		From: Measure{from + s.r.NormFloat64()*s.sd(from), s.sd(from)},
		To:   Measure{max(0, to+s.r.NormFloat64()*s.sd(to)), s.sd(to)}}
}

// randomSoaks draws a shift: loads, holds of 1 ms to 1 s, soaks of half a minute to a quarter of an hour.
func randomSoaks(r *rand.Rand) soaks {
	return soaks{main: 5 + 195*r.Float64(), own: 0.5 + 10*r.Float64(), phi: 0.1 + 0.8*r.Float64(), scv: 4 * r.Float64(), r: r,
		hold: time.Duration(math.Pow(10, 6+3*r.Float64())), window: time.Duration(30+r.IntN(870)) * time.Second}
}

// TestIntervalsCoverWhatTheySay draws sequences of soaks and counts how often the next point is inside of what was predicted,
// and how often the fraction is inside of what is believed.
func TestIntervalsCoverWhatTheySay(t *testing.T) {
	const sequences = 2000
	for name, c := range map[string]struct {
		prior func(s soaks) Range
		day   bool
	}{
		"the prior's own interval": {prior: func(s soaks) Range { // true 95 % of the time
			sd := 0.1 * s.phi
			mean := s.phi + s.r.NormFloat64()*sd
			return Range{mean - z95*sd, mean, mean + z95*sd}
		}},
		"a prior of half the truth": {prior: func(s soaks) Range { return Range{0.45 * s.phi, 0.5 * s.phi, 0.55 * s.phi} }},
		"a day that comes and goes": {day: true, prior: func(s soaks) Range { return Range{0.01, 0.5, 0.99} }},
	} {
		var next, fraction, all int
		for seed := range uint64(sequences) {
			s := randomSoaks(rand.New(rand.NewPCG(seed, 11)))
			if c.day {
				phase := 6 * s.r.Float64()
				s.day = func(x int) float64 { return 1 + 0.4*math.Sin(phase+float64(x)/15) }
			}
			prior := c.prior(s)
			steps := 2 + s.r.IntN(8)
			delta := 1 + s.r.IntN(9)
			var points []Point
			for k := range steps + 1 {
				points = append(points, s.point(k*delta))
			}
			b := Learn(prior, points)
			if b.prior {
				continue // the sequence tells less than the prior does: there is nothing learnt to judge
			}
			all++
			after := s.point((steps + 1) * delta)
			share, sd := after.Share()
			if p := b.Predict(after.X, sd); share >= p.Lower && share <= p.Upper {
				next++
			}
			if s.phi >= b.Fraction.Lower && s.phi <= b.Fraction.Upper {
				fraction++
			}
		}
		covered := func(n int) float64 { return 100 * float64(n) / float64(all) }
		t.Logf("%s: of %d sequences that tell more than the prior, %.1f %% of next points and %.1f %% of fractions are inside", name, all, covered(next), covered(fraction))
		if all < sequences/3 {
			t.Errorf("%s: only %d sequences", name, all)
		}
		for _, x := range []float64{covered(next), covered(fraction)} {
			if x < 93 || x > 97 {
				t.Errorf("%s: %.1f %%", name, x)
			}
		}
	}
}

// TestAFractionIsBetweenNothingAndAll: points that say otherwise say something of their noise, and what is believed,
// and expected, stays possible, with the doubt that there is.
func TestAFractionIsBetweenNothingAndAll(t *testing.T) {
	point := func(x int, from, to, sd float64) Point {
		return Point{X: x, From: Measure{from, sd}, To: Measure{to, sd}}
	}
	for name, c := range map[string]struct {
		points []Point
		target float64
	}{
		"less comes the further the switch is":  {[]Point{point(0, 10, 1, 0.1), point(50, 11, 0.1, 0.1)}, 0},
		"and that is very certain":              {[]Point{point(0, 10, 1, 0.001), point(50, 11, 0.1, 0.001)}, 0},
		"all of it with the first percent":      {[]Point{point(0, 10, 0, 0.1), point(1, 0, 10, 0.1)}, 1},
		"more than all, from a load of its own": {[]Point{point(0, 10, 5, 0.1), point(50, 1, 14, 0.1)}, 1},
	} {
		b := Learn(Range{0.2, 0.35, 0.7}, c.points)
		f := b.Fraction
		if f.Target != c.target || f.Lower < 0 || f.Upper > 1 || f.Lower == f.Upper || !strings.Contains(b.Method, "which no fraction is") {
			t.Errorf("%s: %+v, %q", name, f, b.Method)
		}
		for x := 0; x <= 100; x += 10 {
			if p := b.Predict(x, 0.01); !(p.Lower >= 0 && p.Lower <= p.Target && p.Target <= p.Upper && p.Upper <= 1) || p.Lower == p.Upper {
				t.Errorf("%s: at %d %% %+v is expected", name, x, *p)
			}
		}
	}
}

// traffic draws what arrives in the blocks around a turn.
type traffic struct {
	from, to func(t float64) float64 // transactions per second at t blocks after the turn
	blocks   int
	burst    float64 // variance of a block's rate over that of Poisson arrivals
}

func (c traffic) turned(r *rand.Rand, t Turned) Turned {
	draw := func(rate float64) int64 {
		return max(0, int64(math.Round(rate+r.NormFloat64()*math.Sqrt(rate*c.burst))))
	}
	for i := -c.blocks; i < c.blocks; i++ {
		at := float64(i) + 0.5
		b := Block{Span: time.Second, From: draw(c.from(at)), To: draw(c.to(at))}
		if i < 0 {
			t.Before = append(t.Before, b)
		} else {
			t.After = append(t.After, b)
		}
	}
	return t
}

// TestCountersSayWhatMoved judges turns that moved, turns that moved nothing, and cases in which something else looks alike.
func TestCountersSayWhatMoved(t *testing.T) {
	const turns = 2000
	flat := func(rate float64) func(float64) float64 { return func(float64) float64 { return rate } }
	step := func(before, after float64) func(float64) float64 {
		return func(t float64) float64 {
			if t < 0 {
				return before
			}
			return after
		}
	}
	turn := Turned{FromX: 20, ToX: 30, Fraction: Range{0.25, 0.35, 0.45}, Hold: 10 * time.Millisecond}
	slow := turn
	slow.Hold = 30 * time.Second
	for name, c := range map[string]struct {
		traffic
		turn  Turned
		want  map[Verdict]float64 // at least that share of the turns
		never []Verdict
	}{
		"it moved":                                      {traffic{step(900, 865), step(75, 110), 300, 1}, turn, map[Verdict]float64{Moved: 0.5}, []Verdict{NotMoved}},
		"it moved in bursts":                            {traffic{step(900, 865), step(75, 110), 900, 4}, turn, map[Verdict]float64{Moved: 0.05}, []Verdict{NotMoved}},
		"nothing moved":                                 {traffic{flat(900), flat(75), 120, 1}, turn, nil, []Verdict{Moved}},
		"nothing moved, of much that should":            {traffic{flat(900), flat(75), 240, 1}, Turned{FromX: 0, ToX: 50, Fraction: turn.Fraction, Hold: turn.Hold}, map[Verdict]float64{NotMoved: 0.9}, []Verdict{Moved}},
		"it moved, in a look that would have seen it":   {traffic{step(900, 742), step(75, 233), 240, 1}, Turned{FromX: 0, ToX: 50, Fraction: turn.Fraction, Hold: turn.Hold}, map[Verdict]float64{Moved: 0.95}, []Verdict{NotMoved}},
		"time of day: against the turn":                 {traffic{func(t float64) float64 { return 900 + 30*math.Sin(t/60) }, func(t float64) float64 { return 75 - 30*math.Sin(t/60) }, 120, 1}, turn, nil, []Verdict{Moved, NotMoved}},
		"a look too short to tell":                      {traffic{step(90, 86.5), step(7.5, 11), 10, 1}, turn, map[Verdict]float64{CannotTell: 0.9}, []Verdict{NotMoved}},
		"time of day: both rise":                        {traffic{func(t float64) float64 { return 900 + t }, func(t float64) float64 { return 75 + t/10 }, 120, 1}, turn, nil, []Verdict{Moved}},
		"time of day: one falls as the other rises":     {traffic{func(t float64) float64 { return 900 - t/2 }, func(t float64) float64 { return 75 + t/2 }, 120, 1}, turn, nil, []Verdict{Moved}},
		"time of day: in a curve":                       {traffic{func(t float64) float64 { return 900 - 50*math.Sin(t/80) }, func(t float64) float64 { return 75 + 20*math.Sin(t/80) }, 120, 1}, turn, nil, []Verdict{Moved}},
		"a job that starts in the receiving pool":       {traffic{flat(900), step(75, 125), 120, 1}, turn, map[Verdict]float64{Confounded: 0.05}, []Verdict{Moved}},
		"coupled load: what comes here comes there too": {traffic{step(900, 960), step(75, 110), 120, 1}, turn, map[Verdict]float64{Confounded: 0.9}, []Verdict{Moved}},
		"flag drift: somebody turns it much further":    {traffic{step(900, 600), step(75, 375), 60, 1}, turn, map[Verdict]float64{Confounded: 0.99}, []Verdict{Moved, NotMoved}},
		"slow transactions":                             {traffic{step(900, 865), step(75, 110), 60, 1}, slow, map[Verdict]float64{CannotTell: 1}, []Verdict{Moved, NotMoved}},
	} {
		said := map[Verdict]int{}
		for seed := range uint64(turns) {
			said[Judge(c.turned(rand.New(rand.NewPCG(seed, 12)), c.turn)).Verdict]++
		}
		t.Logf("%s: %v", name, said)
		for v, share := range c.want {
			if float64(said[v]) < share*turns {
				t.Errorf("%s: %q %d times of %d", name, v, said[v], turns)
			}
		}
		for _, v := range c.never {
			if said[v] > 0 {
				t.Errorf("%s: %q %d times", name, v, said[v])
			}
		}
	}
}
