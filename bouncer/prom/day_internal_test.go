package prom

import (
	"math"
	"testing"
	"time"
)

// TestTheBusiestDayIsTheHighestMeanOfADay by hand: a night of 2 Erlangs and eight hours of 8 are 4 over any 24 hours.
func TestTheBusiestDayIsTheHighestMeanOfADay(t *testing.T) {
	const minutes = 3 * 24 * 60
	loads, full := make([]float64, minutes), make([]float64, minutes)
	for i := range loads {
		loads[i], full[i] = 2, math.NaN()
		if h := i / 60 % 24; h >= 9 && h < 17 {
			loads[i], full[i] = 8, 1
		}
	}
	want := func(what string, erlangs float64, endless bool, of []float64) {
		t.Helper()
		got, never := busiestDay(of, full, time.Minute)
		if math.Abs(got-erlangs) > 1e-9 || never != endless {
			t.Errorf("%s: %v, endless %v, want %v, %v", what, got, never, erlangs, endless)
		}
	}
	want("three days", 4, false, loads)
	busy := append([]float64(nil), loads...)
	for i := 24 * 60; i < 24*60+60; i++ {
		busy[i] = 26 // an hour more of 24 Erlangs
	}
	want("an hour more on the second", 5, false, busy)
	want("not a whole day", 0, false, loads[:24*60-1])
	gaps := append([]float64(nil), loads...)
	for i := range gaps {
		if i%5 == 0 {
			gaps[i] = math.NaN()
		}
	}
	want("a fifth is missing", 0, false, gaps)
	for i := range full {
		full[i] = 1
	}
	want("full for three days", 4, true, loads)
}
