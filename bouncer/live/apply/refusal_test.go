package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestALineThatIsGoneIsToComeBack: that is what most want to do, and its RELOAD opens nothing.
func TestALineThatIsGoneIsToComeBack(t *testing.T) {
	for _, c := range []struct{ name, more, next string }{
		{"alone", "", "put the line of g/d2 back, or take the pool out of the config and RELOAD, which cuts its clients; " +
			"then run again; no step brings d2.line"},
		{"with another edit", "query_timeout = 1\n",
			"put the line of g/d2 back, or take the pool out of the config and RELOAD, which cuts its clients; " +
				"to keep what is in force, write it into [pgbouncer]; to have what the files say, RELOAD; then run again; no " +
				"step " +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"" +
				"brings d2.line; " +
				"or let the step's RELOAD do it: --accept-pending query_timeout"},
	} {
		f, s, _ := one(t)
		s.Text = strings.Replace(strings.Replace(s.Text, "d2 = ", ";", 1), "[pgbouncer]\n", "[pgbouncer]\n"+c.more, 1)
		err := applierOf(t, f, s).Check(t.Context(), livetest.Release(1).Changes)
		if operr.HintOf(err) != c.next || strings.Contains(fmt.Sprint(err), "no plan has counted") {
			t.Errorf("%s: %v; next: %s", c.name, err, operr.HintOf(err))
		}
	}
}

// TestAKeyThatIsNearlyRightIsOffered: while it waits, and once nothing is refused any more.
func TestAKeyThatIsNearlyRightIsOffered(t *testing.T) {
	const typo = "--accept-pending query_timeot matches nothing that waits"
	for _, c := range []struct {
		name   string
		accept []string
		says   string // in the error
		next   string // in the hint
		not    string // in the hint
	}{
		{"while it waits", []string{"query_timeot"}, "query_timeout is 1 there", typo + ": most likely query_timeout", ""},
		{"a key of another trade", []string{"d1.pool_mode"}, "query_timeout is 1 there", "--accept-pending query_timeout",
			"most likely"},
		{"beside the right one", []string{"query_timeout", "query_timeot"},
			"--accept-pending query_timeot: no RELOAD would change that", "most likely query_timeout", ""},
		{"beside the right one, of another trade", []string{"query_timeout", "d1.pool_mode"},
			"--accept-pending d1.pool_mode: no RELOAD would change that",
			"leave it out, or take the name from what was refused", "most likely"},
	} {
		f, s, _ := one(t)
		s.Text = strings.Replace(s.Text, "[pgbouncer]\n", "[pgbouncer]\nquery_timeout = 1\n", 1)
		applier := applierOf(t, f, s)
		applier.AcceptPending(c.accept)
		err := applier.Check(t.Context(), livetest.Release(1).Changes)
		hint := operr.HintOf(err)
		if !strings.Contains(fmt.Sprint(err), c.says) || !strings.Contains(hint, c.next) || c.not != "" &&
			strings.Contains(hint, c.not) {
			t.Errorf("%s: %v; next: %s", c.name, err, hint)
		}
	}
}
