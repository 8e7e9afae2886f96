package planner

import (
	"testing"
	"time"
)

// TestGatherCountsEveryDatabaseOfAStarAsOnePool has two databases that live by *, one with a line of its own, and a process
// that nobody has come to yet.
func TestGatherCountsEveryDatabaseOfAStarAsOnePool(t *testing.T) {
	alias := func(name, server string, xacts int64, conns int) Alias {
		return Alias{Name: name, Server: server, SizeConns: 12, PoolMode: "transaction", Counters: Counters{Xacts: xacts, Assignments: xacts, WaitTime: time.Second},
			Pools: []PoolGauges{{User: "u", ServersActive: conns}}}
	}
	settings := Settings{DefaultPoolConns: 12, PoolMode: "transaction", Lifetime: time.Hour}
	look := Observation{
		Servers: []Server{{Name: "pg", Holders: []Holder{{Pool: "g/d2"}, {Pool: "g/own"}, {Pool: "other/d2"}, {}}}},
		Processes: []Process{
			{ID: "g/1", Group: "g", Version: "1.24.1", Settings: settings, Aliases: []Alias{alias("d1", "pg", 5, 2), alias("d2", "pg", 7, 3), alias("own", "pg", 9, 4)}},
			{ID: "g/2", Group: "g", Version: "1.24.1", Settings: settings, Aliases: []Alias{alias("own", "pg", 9, 4)}},
			{ID: "other/1", Group: "other", Aliases: []Alias{alias("d2", "pg", 1, 1)}},
		},
	}
	got, err := Gather(look, map[string][]string{"g/1": {"own", "*"}, "g/2": {"own", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := findAlias(got, "g/1", AutoDB)
	if !ok || a.SizeConns != 12 || a.Server != "pg" || a.Counters.Xacts != 12 || a.Counters.WaitTime != 2*time.Second || len(a.Pools) != 2 || a.Pools[1].User != "u@d2" || a.Pools[1].ServersActive != 3 {
		t.Errorf("%+v", a)
	}
	if b, ok := findAlias(got, "g/2", AutoDB); !ok || b.Server != "pg" || len(b.Pools) != 0 {
		t.Errorf("where nobody has come yet: %+v", b)
	}
	if n := len(got.Processes[0].Aliases); n != 2 || len(got.Processes[2].Aliases) != 1 || len(look.Processes[0].Aliases) != 3 {
		t.Errorf("%d aliases are left; %+v", n, look.Processes[0].Aliases)
	}
	for i, want := range []string{"g/*", "g/own", "other/d2", ""} {
		if pool := got.Servers[0].Holders[i].Pool; pool != want {
			t.Errorf("holder %d is of %q, want %q", i, pool, want)
		}
	}
	later := look
	later.Processes = []Process{look.Processes[0]}
	later.Processes[0].Aliases = append([]Alias{}, look.Processes[0].Aliases...)
	later.Processes[0].Aliases[0].SizeConns = 40 // somebody has given it a line since the files were read
	got, err = Gather(later, map[string][]string{"g/1": {"own", "*"}})
	if d1, ok := findAlias(got, "g/1", "d1"); err != nil || !ok || d1.SizeConns != 40 {
		t.Errorf("a database with another size is hidden behind *: %+v (%v)", d1, err)
	}
	paused := later
	paused.Processes[0].Aliases = append([]Alias{}, look.Processes[0].Aliases...)
	paused.Processes[0].Aliases[1].Paused = true
	got, err = Gather(paused, map[string][]string{"g/1": {"own", "*"}})
	if a, ok := findAlias(got, "g/1", AutoDB); err != nil || !ok || !a.Paused {
		t.Errorf("a database that is paused: %+v (%v)", a, err)
	}
	look.Processes[0].Users = []UserLimit{{Name: "u", SizeConns: 40}}
	if _, err := Gather(look, map[string][]string{"g/1": {"own", "*"}}); KindOf(err) != KindUsage {
		t.Errorf("a user with a size of its own: %v", err)
	}
}

// TestAStarIsUnderTheLimitsOfItsUsers: users of the databases of a * are those of its file, and one has one limit over all of
// them. Users with another pool mode follow * as well.
func TestAStarIsUnderTheLimitsOfItsUsers(t *testing.T) {
	o := Observation{At: epoch, Servers: []Server{{Name: "pg", MaxConns: 500,
		Roles: []ConnLimit{{Name: "app", Conns: 90, DirectConns: 12}}, Databases: []ConnLimit{{Name: "t1", Conns: 70}}, Superusers: []string{"root"}}}}
	var pools []PoolGauges
	for _, user := range []string{"app", "root"} {
		pools = append(pools, PoolGauges{User: user, ServersActive: 1})
	}
	for _, name := range []string{"t1", "t2"} {
		o.Processes = append(o.Processes[:0], Process{ID: "g/1", Group: "g", Version: "1.24.1", At: epoch,
			Settings: Settings{DefaultPoolConns: 60, MaxUserConns: 10, PoolMode: "transaction"}, Users: []UserLimit{{Name: "app", MaxConns: 100}}, UsersKnown: true,
			Aliases: append(aliasesOf(o), Alias{Name: name, Database: name, SizeConns: 60, Server: "pg", PoolMode: "session", LinePoolMode: "transaction", Pools: pools})})
	}
	g, err := Gather(o, map[string][]string{"g/1": {AutoDB}})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := findAlias(g, "g/1", AutoDB)
	if !ok || len(a.Pools) != 4 {
		t.Fatalf("%+v; a user that pools sessions keeps its database out", g.Processes[0].Aliases)
	}
	if a.PoolMode != "session" || a.LinePoolMode != "transaction" {
		t.Errorf("* is read as %q on a line that says %q: the counters of a user that pools sessions tell no holding times", a.PoolMode, a.LinePoolMode)
	}
	f, err := Model(epoch, Declared{SizeAll: true}, Evidence{To: epoch, Looks: 1, Last: g}, []Load{{Pool: "g/*", Unknown: "not asked"}})
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
	if conns, limit := g.Allowed(g.Processes[0], a, "root@t1"); conns != 9 || limit != "max_user_connections 10 of root in g/1" {
		t.Errorf("root in t1 may have %d by %q, want 9: one is at work in t2", conns, limit)
	}
}

func aliasesOf(o Observation) []Alias {
	if len(o.Processes) == 0 {
		return nil
	}
	return o.Processes[0].Aliases
}
