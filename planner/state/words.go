package state

import (
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
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

// linesLeft are lines of a step that an undo has given up, as a reason words them: how far each has come.
type linesLeft []fleet.SettingChange

// String names key, pool, value and goal of each pool.
func (l linesLeft) String() string {
	var parts []string
	for _, x := range (Step{Changes: l}).Moves() {
		parts = append(parts, fmt.Sprintf("%s %s/%s is at %d of %d", x.Key, x.Process, x.Alias, x.To, x.From))
	}
	return strings.Join(parts, ", ")
}
