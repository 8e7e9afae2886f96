package planner

import (
	"encoding/json"
	"math"
)

// Float is a float64 that JSON shows as null when it is infinite or not a number: unknown, and never 0.
type Float float64

// Unknown is the Float for what is not known.
func Unknown() Float { return Float(math.NaN()) }

// Known reports whether f is a finite number.
func (f Float) Known() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// MarshalJSON writes the number, or null when it is infinite or not a number.
func (f Float) MarshalJSON() ([]byte, error) {
	if !f.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a number; null becomes NaN.
func (f *Float) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Unknown()
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}
