package planner

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

// exponent is how a number looks that people do not read.
var exponent = regexp.MustCompile(`\de[+-]\d`)

func TestDigitsHasThreeAndNoExponent(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0", 0.001: "0.001", 0.00123456: "0.00123", 0.0009999: "less than 0.001", 7.5e-05: "less than 0.001", 5e-324: "less than 0.001",
		0.5: "0.5", 1.2345: "1.23", 12.345: "12.3", 99.96: "100", 123.456: "123", 999.9: "1000", 1234: "1234", 12340: "12340",
		16777216: "16777216", 1e9: "1000000000", -1234.4: "-1234", -0.25: "-0.25", -1e-5: "less than 0.001",
	} {
		if got := Digits(in); got != want {
			t.Errorf("%v is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[float64]string{17.9: "18", 8.72: "8.7", 104.6: "105", 3400.2: "3400", 1e-5: "less than 0.001"} {
		if got := deviation(in); got != want {
			t.Errorf("a deviation of %v is %q, want %q", in, got, want)
		}
	}
	for e := -300.0; e <= 300; e += 0.37 {
		for _, v := range []float64{math.Pow(10, e), -math.Pow(10, e)} {
			if text := Digits(v); math.Abs(v) < 1e15 && exponent.MatchString(text) {
				t.Errorf("%v is %s", v, text)
			}
		}
	}
}

// scales are those of tiny and of large fleets.
var scales = []float64{1e-6, 1e-3, 1, 1e3, 1e6, 1e8}

// noExponent fails where a text is empty or writes a number with an exponent.
func noExponent(t *testing.T, what string, scale float64, text string) {
	t.Helper()
	if text == "" || exponent.MatchString(text) {
		t.Errorf("%s, × %g: %q", what, scale, text)
	}
}

func TestTextsOfMovedTrafficHaveNoExponent(t *testing.T) {
	for _, scale := range scales {
		noExponent(t, "moved", scale, turnOf(scale, -0.2).Text)
		noExponent(t, "not moved", scale, turnOf(scale, 0).Text)
		noExponent(t, "confounded", scale, turnOf(scale, 0.2).Text)
	}
}

func TestTextsOfASavedPlanHaveNoExponent(t *testing.T) {
	for _, scale := range scales {
		noExponent(t, "saves", scale, (&Review{Excess: Float(scale), Moved: []string{"x"}}).judged(Plan{}))
		noExponent(t, "saves, nothing moved", scale, (&Review{Excess: Float(scale)}).judged(Plan{}))
		noExponent(t, "load", scale, movedLoad(scale))
	}
}

func TestTextsOfSignalsHaveNoExponent(t *testing.T) {
	for _, scale := range scales {
		noExponent(t, "holds", scale, signalAt(scale, 0.8*scale))
		noExponent(t, "aborts", scale, signalAt(scale, 0.5*scale))
		noExponent(t, "resumes", scale, signalAt(scale, 1.1*scale))
	}
}

// turnOf is the judgement of a turn beside which the load of the giving pool and of both changes by a share.
func turnOf(scale, share float64) Judgement {
	turn := Turned{FromX: 0, ToX: 20, Fraction: Range{1, 1, 1}}
	for i := range 24 {
		n := int64(100*scale) + int64(i%2)
		turn.Before = append(turn.Before, Block{5 * time.Second, n, n})
		from, to := n, n
		if from += int64(share * float64(n)); share < 0 {
			to -= int64(share * float64(n))
		}
		turn.After = append(turn.After, Block{5 * time.Second, from, to})
	}
	return Judge(turn)
}

func movedLoad(scale float64) string {
	pool := FleetPool{ID: "main/app"}
	pool.Load.Erlangs = Range{scale, scale, scale}
	was := Fleet{Pools: []FleetPool{pool}}
	pool.Load.Erlangs = Range{9 * scale, 9 * scale, 9 * scale}
	var r Review
	r.comparePool(was, pool, math.MaxInt32)
	return strings.Join(r.Moved, ", ")
}

func signalAt(v, hold float64) string {
	return judge([]Signal{{Name: "lag", Server: "pg", Value: Float(v), At: noon}},
		Threshold{Name: "lag", Hold: hold, Resume: 0.9 * hold, Abort: 1.9 * hold}, "pg", time.Minute, noon).reason
}

// TestASignalIsToldFromWhatItIsHeldAgainst: both have as many digits as that takes.
func TestASignalIsToldFromWhatItIsHeldAgainst(t *testing.T) {
	for _, c := range []struct {
		v, hold float64
		want    string
	}{
		{0.9, 0.85, "lag 0.9 > 0.85 on pg"},
		{0.85001, 0.85, "lag 0.85001 > 0.85 on pg"},
		{0.8500123456, 0.85, "lag 0.85001 > 0.85 on pg"},
		{16777217, 16777216, "lag 16777217 > 16777216 on pg"},
		{123456789, 100000000, "lag 123456789 > 100000000 on pg"},
		{0.0007, 0.0005, "lag 0.0007 > 0.0005 on pg"},
		{2.0 / 3, 0.5, "lag 0.667 > 0.5 on pg"},
		{math.Nextafter(0.5, 1), 0.5, "lag 0.5000000000000001 > 0.5 on pg"},
	} {
		if got := signalAt(c.v, c.hold); got != c.want {
			t.Errorf("%v over %v: %q, want %q", c.v, c.hold, got, c.want)
		}
	}
}
