package observe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestADoubtfulUserSizeIsMarked is about SHOW USERS of 1.23 to 1.25.2, which repeats the size of the user before for
// one without any.
func TestADoubtfulUserSizeIsMarked(t *testing.T) {
	const unlimited = fleet.Unlimited
	for _, c := range []struct {
		name string
		rows string // name:pool_size:reserve_pool_size:max_user_connections, the process's limit being 20
		want string // name max size reserve, and whether size and reserve are in doubt
	}{
		{"no text is no size", "a:::20 b:::20", "[]"},
		{"the first value is its user's", "a:6::20", "[{a 0 6 0 false false}]"},
		{"a value unlike the one before is its user's", "a:6::20 b:7::20 c:6::20",
			"[{a 0 6 0 false false} {b 0 7 0 false false} {c 0 6 0 false false}]"},
		{"a repeated value is doubtful", "a:9::20 b:9::20", "[{a 0 9 0 false false} {b 0 9 0 true false}]"},
		{"after a doubtful one, a new value is certain again", "a:7::20 b:7::20 c:3::20",
			"[{a 0 7 0 false false} {b 0 7 0 true false} {c 0 3 0 false false}]"},
		{"an empty text after a value proves that this version clears it", "a:6::20 b:6::20 c:::20",
			"[{a 0 6 0 false false} {b 0 6 0 false false}]"},
		{"rows without text before the first value prove nothing", "a:::20 b:6::20 c:6::20",
			"[{b 0 6 0 false false} {c 0 6 0 true false}]"},
		{"a reserve of 0 of one's own is none", "a::0:20 b::4:20 c::4:20",
			"[{a 0 0 -1 false false} {b 0 0 4 false false} {c 0 0 4 false true}]"},
		{"the reserve follows the same rule", "a:6:1:20 b:7:1:20 c:6:3:20",
			"[{a 0 6 1 false false} {b 0 7 1 false true} {c 0 6 3 false false}]"},
		{"a limit of one's own is one that differs from the process's", "a:::12 b:::20", "[{a 12 0 0 false false}]"},
		{"a limit of 0 of one's own lifts the process's", "a:::0", fmt.Sprintf("[{a %d 0 0 false false}]", unlimited)},
		{"a size of 0 of one's own is no limit at all", "a:0::20", fmt.Sprintf("[{a 0 %d 0 false false}]", unlimited)},
		{"the console's own user is left out", "pgbouncer:9::7 a:::20", "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := livetest.NewFake(t, "1.25.2")
			rows := [][]string{{"name", "pool_size", "reserve_pool_size", "max_user_connections"}}
			for text := range strings.FieldsSeq(c.rows) {
				row := strings.Split(text, ":")
				for _, i := range []int{1, 2} {
					if row[i] != "" {
						row[i] = fmt.Sprintf("%9s", row[i]) // as PgBouncer pads it
					}
				}
				rows = append(rows, row)
			}
			f.Tables["SHOW USERS"] = rows
			if got := fmt.Sprint(livetest.Only(t, livetest.Open(t, livetest.Consoles(f))).Users); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
