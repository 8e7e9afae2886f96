package control_test

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestTheGuardHoldsOnTwoOfThreeAndResumesOnThree(t *testing.T) {
	rule := []control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
	for _, c := range []struct {
		name string
		read []float64
		held []bool
		back []bool // abort
	}{
		{"low", []float64{0.5, 0.5, 0.5}, []bool{false, false, false}, nil},
		{"one high sample among low ones", []float64{0.5, 0.5, 0.9, 0.5}, []bool{false, false, false, false}, nil},
		{"two of three", []float64{0.5, 0.9, 0.5, 0.9}, []bool{false, false, false, true}, nil},
		{"high at the first sample", []float64{0.9}, []bool{true}, nil},
		{"on again after three clear samples", []float64{0.9, 0.9, 0.7, 0.7, 0.7}, []bool{true, true, true, true, false},
			nil},
		{"between resume and hold it stays held", []float64{0.9, 0.9, 0.82, 0.82, 0.82, 0.82}, []bool{true, true, true, true,
			true, true}, nil},
		{"abort on two in a row", []float64{0.97, 0.5, 0.97, 0.97, 0.5}, []bool{true, true, true, true, true},
			[]bool{false, false, false, true, false}},
		{"no number never aborts", []float64{math.NaN(), math.NaN()}, []bool{true, true}, []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var g control.SaturationGuard
			for i, v := range c.read {
				now := plannertest.Noon.Add(time.Duration(i) * time.Second)
				g = g.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: fleet.Float(v), At: now}}, rule, []string{"pg"},
					time.Minute, now)
				if held := g.Held("pg").Any(); held != c.held[i] {
					t.Errorf("sample %d, %v: held %v (%s)", i, v, held, g.Held("pg").Text())
				}
				if back := g.Aborts("pg").Any(); c.back != nil && back != c.back[i] {
					t.Errorf("sample %d, %v: abort %v", i, v, back)
				}
				if why := g.Held("other"); why.Any() {
					t.Errorf("another server is held: %s", why.Text())
				}
			}
		})
	}
}

func TestTheGuardHoldsWhatIsNotKnown(t *testing.T) {
	at := func(v float64, age time.Duration) fleet.Signal {
		return fleet.Signal{Name: "cpu", Server: "pg", Value: fleet.Float(v), At: plannertest.Noon.Add(-age)}
	}
	for _, c := range []struct {
		name    string
		signals []fleet.Signal
		says    verdict.Code
	}{
		{"missing", nil, verdict.NoSuchSignal},
		{"of another server", []fleet.Signal{{Name: "cpu", Server: "other", Value: 0.1, At: plannertest.Noon}},
			verdict.NoSuchSignal},
		{"an error", []fleet.Signal{fleet.NoSignal("cpu", "pg", fleet.FaultSource, "no data")}, verdict.SignalError},
		{"NaN", []fleet.Signal{at(math.NaN(), 0)}, verdict.NoNumber},
		{"stale", []fleet.Signal{at(0.1, 2*time.Minute)}, verdict.SignalOld},
		{"from the future", []fleet.Signal{at(0.1, -2*time.Minute)}, verdict.SignalAhead},
		{"two series", []fleet.Signal{at(0.1, 0), at(0.2, 0)}, verdict.SeveralSeries},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := control.SaturationGuard{}.Add(c.signals, []control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8,
				Abort: 0.95}}, []string{"pg"}, time.Minute, plannertest.Noon)
			if why := g.Held("pg"); !why.Is(verdict.SignalUnknown) || !why.Has(c.says) || g.Aborts("pg").Any() {
				t.Errorf("held: %q, abort: %q", why.Text(), g.Aborts("pg").Text())
			}
		})
	}
}

// TestASampleMayBeThreeIntervalsOfItsSourceOld: a recording rule is evaluated once a minute, and its newest value is
// often older than that.
func TestASampleMayBeThreeIntervalsOfItsSourceOld(t *testing.T) {
	for age, known := range map[time.Duration]bool{70 * time.Second: true, 179 * time.Second: true,
		181 * time.Second: false} {
		g := control.SaturationGuard{}.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.5, Interval: time.Minute,
			At: plannertest.Noon.Add(-age)}}, []control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 0.95}},
			[]string{"pg"}, time.Minute, plannertest.Noon)
		if why := g.Held("pg"); why.Any() == known {
			t.Errorf("%v old: held %q, want known %v", age, why.Text(), known)
		}
	}
}

// TestTheGuardCountsASampleOnce: a scraper slower than the samples shows the same sample many times.
func TestTheGuardCountsASampleOnce(t *testing.T) {
	var g control.SaturationGuard
	rule := []control.Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
	read := func(v float64, sampled, now int) {
		g = g.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: fleet.Float(v),
			At: plannertest.Noon.Add(time.Duration(sampled) * time.Second)}}, rule, []string{"pg"}, time.Minute,
			plannertest.Noon.Add(time.Duration(now)*time.Second))
	}
	read(0.5, 0, 0)
	read(0.5, 5, 5)
	for i := range 5 {
		read(0.97, 10, 10+i)
	}
	if g.Held("pg").Any() || g.Aborts("pg").Any() {
		t.Errorf("one sample seen five times holds (%q) or aborts (%q)", g.Held("pg").Text(), g.Aborts("pg").Text())
	}
}
