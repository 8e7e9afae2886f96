package batch

import (
	"fmt"
	"math"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/sim/scenario"
)

// Show writes a value of a unit for people, "-" where there is none. Means of counts are no whole numbers.
func Show(v fleet.Float, unit scenario.Unit) string {
	if !v.Known() {
		return "-"
	}
	factor, word := scale(math.Abs(float64(v)), unit)
	return digits(float64(v)*factor) + word
}

// ShowMean writes a mean with the half-width of its interval, both on one scale; without it where it is not known, or
// far below the digits that are shown.
func (v Value) ShowMean() string {
	if !v.Half.Known() || float64(v.Half) <= 1e-4*math.Abs(float64(v.Mean)) {
		return Show(v.Mean, v.Unit)
	}
	factor, word := scale(math.Abs(float64(v.Mean)), v.Unit)
	if f, w := scale(float64(v.Half), v.Unit); f < factor {
		factor, word = f, w
	}
	return digits(float64(v.Mean)*factor) + " ± " + digits(float64(v.Half)*factor) + word
}

// ShowDifference is ShowMean with the sign that a difference has.
func (v Value) ShowDifference() string {
	if v.Mean > 0 {
		return "+" + v.ShowMean()
	}
	return v.ShowMean()
}

// scale is what a value is multiplied by, and what stands behind it.
func scale(x float64, unit scenario.Unit) (factor float64, word string) {
	switch {
	case unit == scenario.Ratio:
		return 100, " %"
	case unit != scenario.Seconds:
		return 1, ""
	case x >= 7200:
		return 1.0 / 3600, " h"
	case x >= 120:
		return 1.0 / 60, " min"
	case x >= 1:
		return 1, " s"
	case x >= 1e-3 || x < 1e-6: // PgBouncer's clock has microseconds
		return 1e3, " ms"
	default:
		return 1e6, " µs"
	}
}

// digits writes three digits, all of a whole number, at most four behind the point, and a sign of minus that is as wide
// as the plus.
func digits(x float64) string {
	text := fmt.Sprintf("%.3g", math.Abs(x))
	if abs := math.Abs(x); abs >= 100 || abs == math.Trunc(abs) {
		text = fmt.Sprintf("%.0f", abs)
	} else if abs < 0.1 { // chosen: no run is long enough to know more
		text = strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.4f", abs), "0"), ".")
	}
	if x < 0 && strings.Trim(text, "0.") != "" {
		return "−" + text
	}
	return text
}

// Sentence says what was expected and what was got, with both numbers.
func (v Verdict) Sentence() string {
	got := v.Basis
	if v.Got.Known() {
		got = fmt.Sprintf("got %s (%s)", Show(v.Got, v.Unit), v.Basis)
	}
	parts := []string{"expected " + v.Text, got}
	if v.Stat.Runs > 1 && v.Stat.Min != v.Stat.Max {
		parts = append(parts, fmt.Sprintf("runs from %s to %s", Show(v.Stat.Min, v.Unit), Show(v.Stat.Max, v.Unit)))
	}
	return strings.Join(parts, ", ")
}
