package learn_test

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
)

// The operator guesses that 20 to 50 % of main's load moves at 100 %: what do soaks at 0, 10 and 20 % say?
func ExampleLearn() {
	soak := func(x int, from, to float64) learn.SoakResult {
		return learn.SoakResult{X: x, From: learn.Measure{Erlangs: from, SD: 0.05}, To: learn.Measure{Erlangs: to, SD: 0.05}}
	}
	soaks := []learn.SoakResult{soak(0, 40, 4), soak(10, 38.8, 5.2), soak(20, 37.6, 6.4)}
	e := learn.Learn(load.Range{Lower: 0.20, Target: 0.35, Upper: 0.50}, soaks)
	fmt.Printf("%.0f to %.0f %%, about %.0f %%, from %d soaks\n", 100*e.Fraction.Lower, 100*e.Fraction.Upper,
		100*e.Fraction.Target, e.Soaks)
	// Output:
	// 29 to 31 %, about 30 %, from 3 soaks
}
