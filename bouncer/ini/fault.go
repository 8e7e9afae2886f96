package ini

import (
	"fmt"
	"regexp"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Where is a place in a file.
type Where struct {
	File string // a path
	Line int    // 1-based
}

// String returns file:line.
func (w Where) String() string { return fmt.Sprintf("%s:%d", w.File, w.Line) }

// fail builds an error about a place.
func fail(kind operr.Kind, at Where, hint, format string, args ...any) error {
	return &operr.Error{Kind: kind, Subject: at.String(), Err: fmt.Errorf(format, args...), Hint: hint}
}

// unloadable is the error for a line at which PgBouncer stops.
func unloadable(at Where, format string, args ...any) error {
	return fail(operr.KindDrift, at,
		"correct the line and RELOAD; until then the process runs with the lines above this one, and without those below",
		format, args...)
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,32}$`)

// shown returns a name or a number for an error text: as it is where it can be nothing else, else only its length,
// because a line that is quoted wrongly has secrets in strange places.
func shown(text string) string {
	if harmless.MatchString(text) {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("a text of %d bytes", len(text))
}
