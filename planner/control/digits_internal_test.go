package control

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestTextsOfSignalsHaveNoExponent(t *testing.T) {
	for _, scale := range Scales {
		NoExponent(t, "holds", scale, signalAt(scale, 0.8*scale))
		NoExponent(t, "aborts", scale, signalAt(scale, 0.5*scale))
		NoExponent(t, "resumes", scale, signalAt(scale, 1.1*scale))
	}
}

func signalAt(v, hold float64) string {
	return judge([]fleet.Signal{{Name: "lag", Server: "pg", Value: fleet.Float(v), At: Noon}},
		Threshold{Name: "lag", Hold: hold, Resume: 0.9 * hold, Abort: 1.9 * hold}, "pg", time.Minute, Noon).reason.Text()
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
