package state

import (
	"fmt"
	"strings"
)

// seenText says who came where.
func seenText(seen []Seen) string {
	var parts []string
	in := map[string][]string{} // processes
	for _, s := range seen {
		what := s.Alias + " is"
		if len(s.Users) > 0 {
			what = strings.Join(s.Users, ", ") + " came to " + s.Alias
		}
		if in[what] == nil {
			parts = append(parts, what)
		}
		in[what] = append(in[what], s.Process)
	}
	for i, what := range parts {
		parts[i] = what + " in " + strings.Join(in[what], ", ")
	}
	return strings.Join(parts, "; ")
}

// linesLeft says how far the lines of a step have come that a way back has given up.
func linesLeft(left Step) string {
	var parts []string
	for _, x := range left.Moves() {
		parts = append(parts, fmt.Sprintf("%s %s/%s is at %d of %d", x.Key, x.Process, x.Alias, x.To, x.From))
	}
	return strings.Join(parts, ", ")
}
