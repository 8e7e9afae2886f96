package words_test

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/words"
)

// How many digits does a person see of a load, and how does a count get its plural?
func ExampleDigits() {
	for _, erlangs := range []float64{0.0123456, 4.56789, 1234.5} {
		fmt.Println(words.Digits(erlangs), "Erlangs")
	}
	fmt.Println(words.Count(1, "connection"), "or", words.Count(12, "connection"))
	// Output:
	// 0.0123 Erlangs
	// 4.57 Erlangs
	// 1234 Erlangs
	// 1 connection or 12 connections
}
