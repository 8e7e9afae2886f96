package apply_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestALineOfAStarThatIsNoOneSizeIsRefused: what its databases have besides default_pool_size, the wait model of the
// one pool that they are counted as would not see.
func TestALineOfAStarThatIsNoOneSizeIsRefused(t *testing.T) {
	const byName = "list its databases by name"
	const star = "* = host=127.0.0.1 port=55440"
	for _, c := range []struct {
		name      string
		line      string // more of the line of *
		pgbouncer string // more of [pgbouncer]
		inForce   string // max_db_connections of SHOW CONFIG
		says      string // "": it is gathered
		hint      string
	}{
		{"nothing", "", "", "0", "", ""},
		{"no limit, said so", " max_db_connections=0", "max_db_connections = 0\n", "0", "", ""},
		{"a size", " pool_size=9", "", "0", "a pool_size, a reserve or a pool_mode of its own", "move these to [pgbouncer]"},
		{"a limit", " max_db_connections=5", "", "0", "max_db_connections 5 counts for each database of *", byName},
		{"a limit of all lines", "", "max_db_connections = 7\n", "7", "max_db_connections 7 counts for each", byName},
		{"one that no file says yet", "", "", "7", "max_db_connections 7 counts for each", byName},
		{"one that waits for a RELOAD", "", "max_db_connections = 7\n", "0", "max_db_connections 7 counts for each", byName},
	} {
		fleet, applier, fakes, stores := processes(t, 2, func(int) bool { return true })
		last := stores[1]
		last.Text = strings.Replace(last.Text, star, star+c.line, 1) + c.pgbouncer
		fakes[1].Set("max_db_connections", c.inForce)
		_, err := applier.Gather(t.Context(), []string{"g"})
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.says != "" && (operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), "/etc/pgbouncer.ini:4") || !strings.Contains(operr.HintOf(err), c.hint)):
			t.Errorf("%s: %v (%s), want it refused: %s (%s)", c.name, err, operr.HintOf(err), c.says, c.hint)
		}
		fleet.Close()
	}
}
