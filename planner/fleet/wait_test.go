package fleet_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestTheUsersOwnTimeoutCountsBeforeTheLines as PgBouncer has it after 1.25: user, line, process.
func TestTheUsersOwnTimeoutCountsBeforeTheLines(t *testing.T) {
	p := fleet.Process{Settings: fleet.Settings{QueryWaitTimeout: 2 * time.Minute},
		Filed: []fleet.FiledLine{{Alias: "*"}, {Alias: "app"}, {Alias: "bare"}},
		WaitTimeouts: []fleet.WaitTimeout{{User: "slow", Timeout: 0}, {Alias: "*", Timeout: 3 * time.Second},
			{Alias: "app", Timeout: 7 * time.Second}}}
	for _, c := range []struct {
		alias, user string
		want        time.Duration
	}{
		{"app", "x", 7 * time.Second}, {"app", "slow", 0}, {"bare", "x", 2 * time.Minute}, {"auto", "x", 3 * time.Second},
		{"bare", "slow", 0},
	} {
		if got := p.WaitTimeout(c.alias, c.user); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.user, c.alias, got, c.want)
		}
	}
}
