package plannertest

import (
	"regexp"
	"testing"
)

// Exponent is how a number looks that people do not read.
var Exponent = regexp.MustCompile(`\de[+-]\d`)

// Scales are those of tiny and of large fleets.
var Scales = []float64{1e-6, 1e-3, 1, 1e3, 1e6, 1e8}

// NoExponent fails where a text is empty or writes a number with an exponent.
func NoExponent(t *testing.T, what string, scale float64, text string) {
	t.Helper()
	if text == "" || Exponent.MatchString(text) {
		t.Errorf("%s, × %g: %q", what, scale, text)
	}
}
