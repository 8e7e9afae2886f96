package batch

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// The quantiles t(0.975, ν) of Student's t are those of any printed table: 12.706, 4.303, 2.776, 2.262.
func TestIntervalsAreThoseComputedByHand(t *testing.T) {
	for _, c := range []struct {
		values     []float64
		mean, half float64
	}{
		{[]float64{10, 12}, 11, 12.706},                                 // s = √2, √2/√2 = 1
		{[]float64{1, 2, 3}, 2, 4.303 / math.Sqrt(3)},                   // s = 1
		{[]float64{2, 4, 4, 5, 5}, 4, 2.776 * math.Sqrt(1.5/5)},         // s² = 6/4
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5.5, 2.262 * 0.9574}, // s = 3.02765, /√10
		{[]float64{0.1, 0.1, 0.1}, 0.1, 0},                              // no spread at all
	} {
		s := statOf(c.values)
		if math.Abs(float64(s.Mean)-c.mean) > 1e-12 || math.Abs(float64(s.Half)-c.half) > 1e-3*c.half {
			t.Errorf("%v: %.6g ± %.6g, want %.6g ± %.6g", c.values, float64(s.Mean), float64(s.Half), c.mean, c.half)
		}
	}
}

func TestOneRunHasNoIntervalAndNoRunHasNoMean(t *testing.T) {
	one := statOf([]float64{7})
	if one.Mean != 7 || one.Half.Known() || one.Min != 7 || one.Max != 7 {
		t.Errorf("one run: %+v, want 7 without an interval", one)
	}
	none := statOf([]float64{math.NaN()})
	if none.Mean.Known() || none.Runs != 0 || none.Missing != 1 {
		t.Errorf("a run without a value: %+v, want nothing known and 1 missing", none)
	}
	b, err := json.Marshal(none)
	if want := `{"mean":null,"half_width_95":null,"min":null,"max":null,"runs":0,"missing":1}`; err != nil ||
		string(b) != want {
		t.Errorf("JSON %s, want %s", b, want)
	}
}

func TestPairsOfEqualSeedsTellSmallDifferences(t *testing.T) {
	from := []float64{10, 20, 30, 40}
	to := []float64{11, 21.2, 30.8, 41}
	d := paired(from, to)
	if want := 3.182 * math.Sqrt(0.08/3) / 2; math.Abs(float64(d.Mean)-1) > 1e-12 ||
		math.Abs(float64(d.Half)-want) > 1e-3 {
		t.Errorf("difference %g ± %g, want 1 ± %.4f", float64(d.Mean), float64(d.Half), want)
	}
	if !d.Significant() {
		t.Error("a difference of 1 ± 0.26 is not told from none")
	}
	if a, b := statOf(from), statOf(to); float64(a.Half) < 10*float64(d.Half) || float64(b.Half) < 10*float64(d.Half) {
		t.Error("the runs themselves spread no more than their differences: the test shows nothing")
	}
	if d := paired([]float64{1, math.NaN(), 3}, []float64{2, 5, math.NaN()}); d.Runs != 1 || d.Missing != 2 ||
		d.Mean != 1 {
		t.Errorf("pairs with a missing half: %+v, want one pair", d)
	}
}

func TestNumbersAreShownWithTheirUnits(t *testing.T) {
	for _, c := range []struct {
		v    fleet.Float
		unit scenario.Unit
		want string
	}{
		{12, scenario.Count, "12"}, {12.34, scenario.Conns, "12.3"}, {1234.56, scenario.Count, "1235"},
		{0.0001, scenario.Count, "0.0001"},
		{0.00123456, scenario.Seconds, "1.23 ms"}, {0.00000123, scenario.Seconds, "1.23 µs"}, {-0.5, scenario.Seconds,
			"−500 ms"}, {0, scenario.Seconds, "0 ms"},
		{90, scenario.Seconds, "90 s"}, {1800, scenario.Seconds, "30 min"}, {36000, scenario.Seconds, "10 h"},
		{0.615, scenario.Ratio, "61.5 %"},
		{1, scenario.Ratio, "100 %"}, {fleet.Unknown(), scenario.Ratio, "-"}, {4.25, scenario.Erlangs, "4.25"},
		{-1e-320, scenario.Count, "0"},
		{6.96e-8, scenario.Seconds, "0.0001 ms"}, {0.00024, scenario.Count, "0.0002"}, {0.0716, scenario.Count, "0.0716"},
		{-0.05, scenario.Ratio, "−5 %"},
	} {
		if got := Show(c.v, c.unit); got != c.want {
			t.Errorf("%g %s is shown as %q, want %q", float64(c.v), c.unit, got, c.want)
		}
	}
	for want, d := range map[string]Value{
		"+2 ± 0.5 ms":     {Unit: scenario.Seconds, Stat: Stat{Mean: 0.002, Half: 0.0005}},
		"−0.35 ± 1.15 ms": {Unit: scenario.Seconds, Stat: Stat{Mean: -0.00035, Half: 0.00115}},
		"+3":              {Unit: scenario.Count, Stat: Stat{Mean: 3, Half: fleet.Unknown()}},
		"0":               {Unit: scenario.Count, Stat: Stat{Mean: 0, Half: 0}},
		"+0.333 ± 1.43":   {Unit: scenario.Count, Stat: Stat{Mean: 1.0 / 3, Half: 1.434}},
		"−1.5 ± 0.25 %":   {Unit: scenario.Ratio, Stat: Stat{Mean: -0.015, Half: 0.0025}},
		"-":               {Unit: scenario.Ratio, Stat: statOf(nil)},
		"+12346 ± 1000":   {Unit: scenario.Count, Stat: Stat{Mean: 12345.6, Half: 1000}},
		"−12346":          {Unit: scenario.Count, Stat: Stat{Mean: -12345.6, Half: 0.00012}},
	} {
		if got := d.ShowDifference(); got != want {
			t.Errorf("a difference is shown as %q, want %q", got, want)
		}
	}
}
