package spelling_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/spelling"
)

func TestTheNearestNameIsFound(t *testing.T) {
	names := []string{"servers", "max_connections", "weight", "on_step", "on_hold", "x"}
	for word, want := range map[string]string{
		"server": "servers", "max_connection": "max_connections", "wieght": "weight", "on_stop": "on_step",
		"on_holdd": "on_hold",
		"weights":  "weight", "weight": "", "size": "", "on_done": "", "": "x", "stepped_on": "",
	} {
		if got := spelling.Suggestion(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
