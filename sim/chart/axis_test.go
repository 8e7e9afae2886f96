package chart

import (
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

func TestTicksAreRoundAndFew(t *testing.T) {
	for _, c := range []struct {
		from, to    time.Duration
		first, last string
		unit        string
	}{
		{0, time.Second, "0", "1", "seconds"},
		{0, 90 * time.Second, "0", "90", "seconds"},
		{2 * time.Minute, 62 * time.Minute, "5", "60", "minutes"},
		{10 * time.Minute, 24*time.Hour + 10*time.Minute, "2", "24", "hours"},
		{0, 7 * 24 * time.Hour, "0", "7", "days"},
	} {
		ticks, unit := timeTicks(c.from.Seconds(), c.to.Seconds())
		if len(ticks) < 4 || len(ticks) > maxTimeTicks+1 {
			t.Errorf("%s to %s: %d ticks", c.from, c.to, len(ticks))
		}
		if first, last := ticks[0].Label, ticks[len(ticks)-1].Label; first != c.first || last != c.last ||
			unit.name != c.unit {
			t.Errorf("%s to %s: ticks %s to %s %s, want %s to %s %s", c.from, c.to, first, last, unit.name, c.first, c.last,
				c.unit)
		}
	}
	for _, top := range []float64{1, 1.06, 3, 7, 12, 38, 99, 100, 530, 12345, 999999} {
		if ticks := countTicks(top); len(ticks) < 2 || len(ticks) > 6 || ticks[0].Label != "0" {
			t.Errorf("0 to %g has the ticks %v", top, ticks)
		}
	}
}

func TestFaultsBeginAndEndHalfwayBetweenSamples(t *testing.T) {
	at := func(s int, faults ...string) sim.Sample {
		return sim.Sample{At: time.Duration(s) * time.Second, Faults: faults}
	}
	got, more := faultsOf([]sim.Sample{at(0, "a"), at(10, "a", "b"), at(20, "a"), at(30), at(40, "a")})
	if more != 0 || len(got) != 2 {
		t.Fatalf("got %v and %d more, want a and b", got, more)
	}
	if want := [][2]float64{{0, 25}, {35, 40}}; got[0].name != "a" || !slices.Equal(got[0].spans, want) {
		t.Errorf("a was on at %v, want %v", got[0].spans, want)
	}
	if want := [][2]float64{{5, 15}}; got[1].name != "b" || !slices.Equal(got[1].spans, want) {
		t.Errorf("b was on at %v, want %v", got[1].spans, want)
	}
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	one := sim.Sample{Pools: []sim.PoolSample{{ID: "a/b"}}}
	later := one
	later.At = time.Second
	for name, samples := range map[string][]sim.Sample{
		"none":            nil,
		"one":             {one},
		"no time between": {one, one},
		"a pool less":     {one, {At: time.Second}},
		"nothing in them": {{}, {At: time.Second}},
	} {
		if _, err := (Timeline{Samples: samples}).SVG(); err == nil {
			t.Errorf("%s: samples that make no picture are drawn", name)
		}
	}
	if _, err := (Timeline{Samples: []sim.Sample{one, later}}).SVG(); err != nil {
		t.Errorf("one pool, two samples: %v", err)
	}
}
