package check

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/words"
)

// Report is what check found, and of how much.
type Report struct {
	Findings  []Finding `json:"findings"`
	Processes int       `json:"processes"` // of PgBouncer that were asked
	Servers   int       `json:"servers"`   // of PostgreSQL that were asked
	Unasked   string    `json:"unasked,omitempty"`
}

// Text is the last line: how many findings there are, and of what.
func (r Report) Text() string {
	found := "no finding"
	if n := len(r.Findings); n > 0 {
		found = words.Count(n, "finding")
	}
	if r.Unasked != "" {
		return found + "; " + r.Unasked
	}
	return fmt.Sprintf("%s: %s, %s, %s", found, words.Count(len(Rules()), "rule"), words.Count(r.Processes, "process"),
		words.Count(r.Servers, "server"))
}
