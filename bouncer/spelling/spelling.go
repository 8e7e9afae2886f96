package spelling

import (
	"slices"

	"github.com/xrash/smetrics"
)

// Suggestion returns the first of names that is one letter apart from the word, or has the same letters in another
// order; empty: none is so near.
func Suggestion(word string, names []string) string {
	for _, n := range names {
		if smetrics.WagnerFischer(word, n, 1, 1, 1) == 1 || word != n && letters(word) == letters(n) {
			return n
		}
	}
	return ""
}

// letters are those of a word, sorted.
func letters(word string) string {
	r := []rune(word)
	slices.Sort(r)
	return string(r)
}
