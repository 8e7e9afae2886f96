package state_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAPoolOfAStarThatNoSampleShowsCountsAsIfItsUserWereForced: before 1.23 its line may force the user, who is then
// counted in each database apart, and has a pool of its own beside auth_user's.
func TestAPoolOfAStarThatNoSampleShowsCountsAsIfItsUserWereForced(t *testing.T) {
	m := state.JournalState{SettingsWritten: state.SettingsWritten{Seen: []state.Seen{{Process: "g/1", Alias: fleet.AutoDB,
		Users: []string{"app@a", "app@b",
			"app@c", "app@d"}}}}}
	for name, c := range map[string]struct {
		version string
		limit   int
		auth    string
		want    int
	}{
		"a limit of each database":       {"1.22.1", 10, "", 40},
		"from 1.23 on, one of all":       {"1.23.1", 10, "", 10},
		"no limit":                       {"1.22.1", 0, "", 80},
		"it is auth_user":                {"1.22.1", 0, "app", 160},
		"it is auth_user, from 1.23 on":  {"1.23.1", 0, "app", 80},
		"under a limit, and auth_user's": {"1.22.1", 10, "app", 50}, // 10 in each database, and 10 for all that auth_user has
	} {
		o := plannertest.Starred(t, fleet.Process{Version: c.version, UsersKnown: true, Listed: []string{"app"},
			AuthUser: c.auth,
			Settings: fleet.Settings{DefaultPoolConns: 20, MaxUserConns: c.limit}}, fleet.Server{},
			map[string][]fleet.PoolGauges{"a": {{User: "app"}}}, func(a *fleet.Alias) { a.ForceUser = "app" })
		if got := plannertest.Worst(plannertest.Modelled(t, m.Recall(o)), "pg"); got != c.want {
			t.Errorf("%s: worst case %d, want %d", name, got, c.want)
		}
	}
}
