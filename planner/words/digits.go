package words

import (
	"math"
	"strconv"
)

// Digits writes a number for people: three digits, all of a whole number, and no exponent. chosen: below a thousandth,
// of clients, Erlangs or transactions a second, no model is as exact as another digit.
func Digits(v float64) string { return figure(v, 3) }

// Deviation is Digits of how far a number may be off: two digits.
func Deviation(v float64) string { return figure(v, 2) }

func figure(v float64, n int) string {
	if v != 0 && math.Abs(v) < 0.001 {
		return "less than 0.001"
	}
	return digits(v, n)
}

// Signed is Digits with the sign that a difference has.
func Signed(v float64) string {
	if v > 0 {
		return "+" + Digits(v)
	}
	return Digits(v)
}

// digits writes so many digits of a number, all of a whole number.
func digits(v float64, n int) string {
	if abs := math.Abs(v); abs >= math.Pow10(n-1) && abs < mostFigure {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	round, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', n, 64), 64)
	if err != nil { // it was rounded to more than there is
		round = v
	}
	return Exactly(round)
}

// Figures between these are written without an exponent. chosen: a nanosecond in seconds, and a count that a float64
// still has exactly.
const (
	leastFigure = 1e-9
	mostFigure  = 1e15
)

// Exactly writes a number as it was given.
func Exactly(v float64) string {
	if v == 0 {
		return "0" // and no −0
	}
	if abs := math.Abs(v); !(abs >= leastFigure && abs < mostFigure) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Apart writes a number with as many digits as tell it from another.
func Apart(v, from float64) string {
	for n := 3; n < 17; n++ {
		if text := digits(v, n); text != Exactly(from) {
			return text
		}
	}
	return Exactly(v)
}
