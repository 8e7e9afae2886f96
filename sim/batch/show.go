package batch

import (
	"fmt"
	"math"
	"time"
)

// Show writes a value with its unit for people.
func Show(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case unit == "seconds":
		return time.Duration(v * float64(time.Second)).String()
	default:
		return fmt.Sprintf("%.4g", v)
	}
}
