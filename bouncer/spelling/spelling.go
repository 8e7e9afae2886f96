package spelling

import (
	"slices"

	"github.com/xrash/smetrics"
)

// Suggestion is the name that was most likely meant: one letter from the word, or of the same letters; empty for a word
// of another trade.
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
