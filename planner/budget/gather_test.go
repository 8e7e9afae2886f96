package budget_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAStarIsUnderTheLimitsOfItsUsers: users of the databases of a * are those of its file, and one has one limit over
// all of them. Users with another pool mode follow * as well.
func TestAStarIsUnderTheLimitsOfItsUsers(t *testing.T) {
	o := fleet.Observation{At: plannertest.Epoch, Servers: []fleet.Server{{Name: "pg", MaxConns: 500,
		Roles:     []fleet.ConnLimit{{Name: "app", Conns: 90, DirectConns: 12}},
		Databases: []fleet.ConnLimit{{Name: "t1", Conns: 70}}, Superusers: []string{"root"}}}}
	var pools []fleet.PoolGauges
	for _, user := range []string{"app", "root"} {
		pools = append(pools, fleet.PoolGauges{User: user, ServersActive: 1})
	}
	for _, name := range []string{"t1", "t2"} {
		o.Processes = append(o.Processes[:0], fleet.Process{ID: "g/1", Group: "g", Version: "1.24.1", At: plannertest.Epoch,
			Settings: fleet.Settings{DefaultPoolConns: 60, MaxUserConns: 10, PoolMode: "transaction"},
			Users:    []fleet.UserLimit{{Name: "app", MaxConns: 100}}, UsersKnown: true,
			Aliases: append(plannertest.AliasesOf(o), fleet.Alias{Name: name, Database: name, SizeConns: 60, Server: "pg",
				PoolMode: "session", LinePoolMode: "transaction", Pools: pools})})
	}
	g, err := fleet.Gather(o, map[string][]string{"g/1": {fleet.AutoDB}})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := fleet.FindAlias(g, "g/1", fleet.AutoDB)
	if !ok || len(a.Pools) != 4 {
		t.Fatalf("%+v; a user that pools sessions keeps its database out", g.Processes[0].Aliases)
	}
	if a.PoolMode != "session" || a.LinePoolMode != "transaction" {
		t.Errorf("* is read as %q on a line that says %q: the counters of a user that pools sessions tell no holding times",
			a.PoolMode, a.LinePoolMode)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, load.Evidence{To: plannertest.Epoch,
		Samples: 1, Last: g}, []load.Load{{Pool: "g/*", Unknown: verdict.Print(verdict.NeverShown, "")}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	members := map[string]int{}
	for _, l := range f.Limits {
		got[l.Text()], members[l.Text()] = l.Conns, len(l.Members)
	}
	for text, want := range map[string][2]int{
		"max_user_connections 100 of app in g/1":                            {100, 2},
		"max_user_connections 10 of root in g/1":                            {10, 2},
		"CONNECTION LIMIT 90 of role app, of which direct sessions take 12": {78, 2},
		"CONNECTION LIMIT 70 of database t1":                                {70, 1}, // a superuser takes from it alone
	} {
		if got[text] != want[0] || members[text] != want[1] {
			t.Errorf("%s: %d over %d pools, want %d over %d; all %v", text, got[text], members[text], want[0], want[1], got)
		}
	}
	if conns, limit := g.Allowed(g.Processes[0], a, "app@t1"); conns != 60 || limit != "" {
		t.Errorf("app in t1 may have %d by %q, want 60", conns, limit)
	}
	if conns, limit := g.Allowed(g.Processes[0], a, "root@t1"); conns != 9 ||
		limit != "max_user_connections 10 of root in g/1" {
		t.Errorf("root in t1 may have %d by %q, want 9: one is at work in t2", conns, limit)
	}
}
