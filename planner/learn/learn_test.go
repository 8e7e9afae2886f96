package learn_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
)

// TestAFractionIsBetweenNothingAndAll: soaks that say otherwise say something of their noise, and the estimate,
// and expected, stays possible, with the doubt that there is.
func TestAFractionIsBetweenNothingAndAll(t *testing.T) {
	soak := func(x int, from, to, sd float64) learn.SoakResult {
		return learn.SoakResult{X: x, From: learn.Measure{Erlangs: from, SD: sd}, To: learn.Measure{Erlangs: to, SD: sd}}
	}
	for name, c := range map[string]struct {
		soaks  []learn.SoakResult
		target float64
	}{
		"less comes the further the switch is":  {[]learn.SoakResult{soak(0, 10, 1, 0.1), soak(50, 11, 0.1, 0.1)}, 0},
		"and that is very certain":              {[]learn.SoakResult{soak(0, 10, 1, 0.001), soak(50, 11, 0.1, 0.001)}, 0},
		"all of it with the first percent":      {[]learn.SoakResult{soak(0, 10, 0, 0.1), soak(1, 0, 10, 0.1)}, 1},
		"more than all, from a load of its own": {[]learn.SoakResult{soak(0, 10, 5, 0.1), soak(50, 1, 14, 0.1)}, 1},
	} {
		b := learn.Learn(load.Range{Lower: 0.2, Target: 0.35, Upper: 0.7}, c.soaks)
		f := b.Fraction
		if f.Target != c.target || f.Lower < 0 || f.Upper > 1 || f.Lower == f.Upper ||
			!strings.Contains(b.Method, "which no fraction is") {
			t.Errorf("%s: %+v, %q", name, f, b.Method)
		}
		for x := 0; x <= 100; x += 10 {
			if p := b.Predict(x, 0.01); !(p.Lower >= 0 && p.Lower <= p.Target && p.Target <= p.Upper && p.Upper <= 1) ||
				p.Lower == p.Upper {
				t.Errorf("%s: at %d %% %+v is expected", name, x, *p)
			}
		}
	}
}

// traffic draws what arrives in the blocks around a traffic change.
type traffic struct {
	from, to func(t float64) float64 // transactions per second at t blocks after the change
	blocks   int
	burst    float64 // variance of a block's rate over that of Poisson arrivals
}

func (c traffic) drawn(r *rand.Rand, t learn.ObservedChange) learn.ObservedChange {
	draw := func(rate float64) int64 {
		return max(0, int64(math.Round(rate+r.NormFloat64()*math.Sqrt(rate*c.burst))))
	}
	for i := -c.blocks; i < c.blocks; i++ {
		at := float64(i) + 0.5
		b := learn.Block{Span: time.Second, From: draw(c.from(at)), To: draw(c.to(at))}
		if i < 0 {
			t.Before = append(t.Before, b)
		} else {
			t.After = append(t.After, b)
		}
	}
	return t
}

// TestCountersSayWhatMoved judges traffic changes that moved load, changes that moved none, and cases in which
// something else looks alike.
func TestCountersSayWhatMoved(t *testing.T) {
	changes := 2000
	if testing.Short() {
		changes = 400
	}
	flat := func(rate float64) func(float64) float64 { return func(float64) float64 { return rate } }
	step := func(before, after float64) func(float64) float64 {
		return func(t float64) float64 {
			if t < 0 {
				return before
			}
			return after
		}
	}
	change := learn.ObservedChange{FromX: 20, ToX: 30, Fraction: load.Range{Lower: 0.25, Target: 0.35, Upper: 0.45},
		Hold: 10 * time.Millisecond}
	slow := change
	slow.Hold = 30 * time.Second
	for name, c := range map[string]struct {
		traffic
		change learn.ObservedChange
		want   map[learn.Verdict]float64 // at least that share of the change
		never  []learn.Verdict
	}{
		"it moved": {traffic{step(900, 865), step(75, 110), 300, 1}, change,
			map[learn.Verdict]float64{learn.Moved: 0.5}, []learn.Verdict{learn.NotMoved}},
		"it moved in bursts": {traffic{step(900, 865), step(75, 110), 900, 4}, change,
			map[learn.Verdict]float64{learn.Moved: 0.05}, []learn.Verdict{learn.NotMoved}},
		"nothing moved": {traffic{flat(900), flat(75), 120, 1}, change, nil, []learn.Verdict{learn.Moved}},
		"nothing moved, of much that should": {traffic{flat(900), flat(75), 240, 1}, learn.ObservedChange{FromX: 0, ToX: 50,
			Fraction: change.Fraction, Hold: change.Hold}, map[learn.Verdict]float64{learn.NotMoved: 0.9},
			[]learn.Verdict{learn.Moved}},
		"it moved, in a sample that would have seen it": {traffic{step(900, 742), step(75, 233), 240, 1},
			learn.ObservedChange{FromX: 0, ToX: 50, Fraction: change.Fraction, Hold: change.Hold},
			map[learn.Verdict]float64{learn.Moved: 0.95}, []learn.Verdict{learn.NotMoved}},
		"time of day: against the change": {traffic{func(t float64) float64 { return 900 + 30*math.Sin(t/60) },
			func(t float64) float64 { return 75 - 30*math.Sin(t/60) }, 120, 1}, change, nil, []learn.Verdict{learn.Moved,
			learn.NotMoved}},
		"a sample too short to tell": {traffic{step(90, 86.5), step(7.5, 11), 10, 1}, change,
			map[learn.Verdict]float64{learn.CannotTell: 0.9}, []learn.Verdict{learn.NotMoved}},
		"time of day: both rise": {traffic{func(t float64) float64 { return 900 + t },
			func(t float64) float64 { return 75 + t/10 }, 120, 1}, change, nil, []learn.Verdict{learn.Moved}},
		"time of day: one falls as the other rises": {traffic{func(t float64) float64 { return 900 - t/2 },
			func(t float64) float64 { return 75 + t/2 }, 120, 1}, change, nil, []learn.Verdict{learn.Moved}},
		"time of day: in a curve": {traffic{func(t float64) float64 { return 900 - 50*math.Sin(t/80) },
			func(t float64) float64 { return 75 + 20*math.Sin(t/80) }, 120, 1}, change, nil, []learn.Verdict{learn.Moved}},
		"a job that starts in the receiving pool": {traffic{flat(900), step(75, 125), 120, 1}, change,
			map[learn.Verdict]float64{learn.Confounded: 0.05}, []learn.Verdict{learn.Moved}},
		"coupled load: what comes here comes there too": {traffic{step(900, 960), step(75, 110), 120, 1}, change,
			map[learn.Verdict]float64{learn.Confounded: 0.9}, []learn.Verdict{learn.Moved}},
		"flag drift: somebody sets it much further": {traffic{step(900, 600), step(75, 375), 60, 1}, change,
			map[learn.Verdict]float64{learn.Confounded: 0.99}, []learn.Verdict{learn.Moved, learn.NotMoved}},
		"slow transactions": {traffic{step(900, 865), step(75, 110), 60, 1}, slow,
			map[learn.Verdict]float64{learn.CannotTell: 1}, []learn.Verdict{learn.Moved, learn.NotMoved}},
	} {
		said := map[learn.Verdict]int{}
		for seed := range uint64(changes) {
			said[learn.Judge(c.drawn(rand.New(rand.NewPCG(seed, 12)), c.change)).Verdict]++
		}
		t.Logf("%s: %v", name, said)
		for v, share := range c.want {
			if float64(said[v]) < share*float64(changes) {
				t.Errorf("%s: %q %d times of %d", name, v, said[v], changes)
			}
		}
		for _, v := range c.never {
			if said[v] > 0 {
				t.Errorf("%s: %q %d times", name, v, said[v])
			}
		}
	}
}
