package planner

import (
	"encoding/json"
	"fmt"
	"testing"
)

// starred is a gathered process whose line of * has those databases, each with those pools.
func starred(t *testing.T, p Process, s Server, databases map[string][]PoolGauges, change func(*Alias)) Observation {
	t.Helper()
	p.ID, p.Group, p.At = "g/1", "g", epoch
	p.Settings.PoolMode = "transaction"
	for name, pools := range databases {
		a := Alias{Name: name, Database: name, SizeConns: p.Settings.DefaultPoolConns, MaxConns: p.Settings.MaxDBConns,
			Server: "pg", PoolMode: "transaction", Pools: pools}
		if change != nil {
			change(&a)
		}
		p.Aliases = append(p.Aliases, a)
	}
	s.Name = "pg"
	if s.MaxConns == 0 {
		s.MaxConns = 500
	}
	g, err := Gather(Observation{At: epoch, Servers: []Server{s}, Processes: []Process{p}},
		map[string][]string{"g/1": {AutoDB}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// modelled is the fleet of one look, nothing declared.
func modelled(t *testing.T, o Observation) Fleet {
	t.Helper()
	var loads []Load
	for _, id := range PoolIDs(o) {
		loads = append(loads, Load{Pool: id, Unknown: "not asked"})
	}
	f, err := Model(epoch, Declared{SizeAll: true}, Evidence{To: epoch, Looks: 1, Last: o}, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// limitsOfFleet are the limits with what is left of each and how many copies are under it.
func limitsOfFleet(f Fleet) map[string][2]int {
	out := map[string][2]int{}
	for _, l := range f.Limits {
		out[l.Text()] = [2]int{l.Conns, len(l.Members)}
	}
	return out
}

// worst is what the ledger counts for the pools of one server, users that are counted as a whole included.
func worst(f Fleet, server string) int {
	_, users := f.retallied(server)
	return f.WorstConns(server) + users
}

// TestAGatheredPoolKnowsItsRoleAndDatabase whatever stands in their names, and where the line of * leads to a database
// of another name.
func TestAGatheredPoolKnowsItsRoleAndDatabase(t *testing.T) {
	o := starred(t, Process{Version: "1.24.1", Settings: Settings{DefaultPoolConns: 60}},
		Server{Roles: []ConnLimit{{Name: "a@b", Conns: 90}, {Name: "a", Conns: 80}},
			Databases: []ConnLimit{{Name: "b@c", Conns: 70}, {Name: "c", Conns: 50}, {Name: "shop", Conns: 30}}},
		map[string][]PoolGauges{"c": {{User: "a@b", ServersActive: 1}}, "b@c": {{User: "a", ServersActive: 2}},
			"d": {{User: "z"}}},
		func(a *Alias) {
			if a.Name == "d" {
				a.Database = "shop" // * has dbname=
			}
		})
	want := map[string][2]int{"CONNECTION LIMIT 90 of role a@b": {90, 1}, "CONNECTION LIMIT 80 of role a": {80, 1},
		"CONNECTION LIMIT 70 of database b@c": {70, 1}, "CONNECTION LIMIT 50 of database c": {50, 1},
		"CONNECTION LIMIT 30 of database shop": {30, 1}}
	f := modelled(t, o)
	if got := limitsOfFleet(f); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits %v, want %v", got, want)
	}
	if n := worst(f, "pg"); n != 180 {
		t.Errorf("worst case %d of three pools of 60: two with one name were taken for one", n)
	}
	p := o.Processes[0]
	for _, g := range p.Aliases[0].Pools {
		conns, limit := o.Allowed(p, p.Aliases[0], g.User)
		if g.ServersActive == 2 && (conns != 60 || limit != "") || g.User == "z@d" &&
			limit != "CONNECTION LIMIT 30 of database shop" {
			t.Errorf("%s may have %d by %q", g.User, conns, limit)
		}
	}
	var again Observation // a recording
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if got := limitsOfFleet(modelled(t, again)); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits of a recording %v (%v), want %v", got, err, want)
	}
	gone, _ := withVanished(o, Observation{At: epoch, Servers: o.Servers, Processes: []Process{{ID: "g/1", Group: "g",
		Version: "1.24.1", Settings: p.Settings,
		Aliases: []Alias{{Name: AutoDB, Database: AutoDB, SizeConns: 60, Server: "pg"}}}}})
	if got := limitsOfFleet(modelled(t, gone)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits of pools that have gone %v, want %v", got, want)
	}
}

// TestANameOfAGatheredPoolIsReadAsItWasWritten: what is declared, remembered or in an older recording has a name alone.
func TestANameOfAGatheredPoolIsReadAsItWasWritten(t *testing.T) {
	for _, l := range []Login{{Role: "u", Alias: "d"}, {Role: "a@b", Alias: "c"},
		{Role: "a", Alias: "b@c"}, {Role: `a@"b`, Alias: `c"`},
		{Role: `x"`, Alias: `@"@`}, {Role: "", Alias: `"`}, {Role: "u", Alias: ""}} {
		l.Database = l.Alias
		if got := loginBy(l.name()); got != l {
			t.Errorf("%q is read as %+v, want %+v", l.name(), got, l)
		}
	}
	if got := loginBy("u"); got.Role != "u" || got.Database != "" {
		t.Errorf("a name without a database is read as %+v", got)
	}
}

// TestAForcedUserOfAStarHasALimitInEachOfItsDatabases before 1.23, and one over all of them from then on.
func TestAForcedUserOfAStarHasALimitInEachOfItsDatabases(t *testing.T) {
	pools := func(open int) []PoolGauges { return []PoolGauges{{User: "app", ServersActive: open}} }
	for version, want := range map[string]int{"1.22.1": 50, "1.23.1": 10} {
		o := starred(t, Process{Version: version, UsersKnown: true, Users: []UserLimit{{Name: "app", MaxConns: 7}},
			// its own counts where nobody forces it
			Settings: Settings{DefaultPoolConns: 20, MaxUserConns: 10}}, Server{},
			map[string][]PoolGauges{"a": pools(9), "b": pools(9), "c": pools(0), "d": pools(0), "e": pools(0)},
			func(a *Alias) { a.ForceUser = "app" })
		if version == "1.23.1" {
			o.Processes[0].Users = nil
			for i := range o.Processes[0].Aliases[0].Pools {
				o.Processes[0].Aliases[0].Pools[i].ServersActive = min(1, o.Processes[0].Aliases[0].Pools[i].ServersActive)
			}
		}
		if n := worst(modelled(t, o), "pg"); n != want {
			t.Errorf("%s: worst case %d of five databases, want %d", version, n, want)
		}
		p := o.Processes[0]
		if conns, limit := o.Allowed(p, p.Aliases[0], "app@c"); version == "1.22.1" && conns != 10 {
			t.Errorf("%s: app in c may have %d by %q, want 10: what others hold is not of its limit", version, conns, limit)
		}
		if conns, _ := o.Allowed(p, p.Aliases[0], "app@c"); version == "1.23.1" && conns != 8 {
			t.Errorf("%s: app in c may have %d, want 8: two are at work in others", version, conns)
		}
	}
}

// TestAUserByAuthQueryHasALimitInEachDatabase before 1.23, and that of the process; from then on there is one over all.
func TestAUserByAuthQueryHasALimitInEachDatabase(t *testing.T) {
	for _, c := range []struct {
		version string
		listed  []string
		want    int
	}{
		{"1.22.1", []string{"app", "pooler"}, 40},
		{"1.22.1", []string{"app", "pooler", "web"}, 7},
		{"1.22.1", nil, 7}, // an older recording
		{"1.23.1", []string{"app", "pooler"}, 7},
	} {
		o := Observation{At: epoch, Servers: []Server{{Name: "pg", MaxConns: 500}}, Processes: []Process{{ID: "g/1",
			Group: "g", Version: c.version, At: epoch,
			Settings: Settings{DefaultPoolConns: 20, MaxUserConns: 10, PoolMode: "transaction"}, UsersKnown: true,
			Listed: c.listed, Users: []UserLimit{{Name: "web", MaxConns: 7}}}}}
		for _, name := range []string{"a", "b", "c", "d"} {
			o.Processes[0].Aliases = append(o.Processes[0].Aliases, Alias{Name: name, Database: name, SizeConns: 20,
				Server: "pg", PoolMode: "transaction",
				Pools: []PoolGauges{{User: "web", ServersActive: 1}}})
		}
		for turn, o := range []Observation{o, starred(t, o.Processes[0], o.Servers[0], map[string][]PoolGauges{}, nil)} {
			if n := worst(modelled(t, o), "pg"); n != c.want {
				t.Errorf("%d: %s where %v are listed: worst case %d, want %d", turn, c.version, c.listed, n, c.want)
			}
			p := o.Processes[0]
			want := map[int]int{40: 10, 7: 4}[c.want]
			if conns, limit := o.Allowed(p, p.Aliases[0], p.Aliases[0].Pools[0].User); conns != want {
				t.Errorf("%d: %s where %v are listed: web may have %d by %q, want %d", turn, c.version, c.listed, conns, limit,
					want)
			}
		}
	}
}

// TestAPoolOfAStarThatNoLookShowsCountsAsIfItsUserWereForced: before 1.23 its line may force the user, who is then counted in
// each database apart, and has a pool of its own beside auth_user's.
func TestAPoolOfAStarThatNoLookShowsCountsAsIfItsUserWereForced(t *testing.T) {
	m := Memory{Seen: []Seen{{Process: "g/1", Alias: AutoDB, Users: []string{"app@a", "app@b", "app@c", "app@d"}}}}
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
		o := starred(t, Process{Version: c.version, UsersKnown: true, Listed: []string{"app"}, AuthUser: c.auth,
			Settings: Settings{DefaultPoolConns: 20, MaxUserConns: c.limit}}, Server{},
			map[string][]PoolGauges{"a": {{User: "app"}}}, func(a *Alias) { a.ForceUser = "app" })
		if got := worst(modelled(t, m.Recall(o)), "pg"); got != c.want {
			t.Errorf("%s: worst case %d, want %d", name, got, c.want)
		}
	}
}

// TestWhomPAMLetsInIsCountedOnceByTheProcessesLimit: no line of [users] reaches him before 1.23, whether there is one or not.
func TestWhomPAMLetsInIsCountedOnceByTheProcessesLimit(t *testing.T) {
	for name, c := range map[string]struct {
		limit  int
		listed bool
		want   int
	}{
		"[users] says 3 of 10": {10, true, 10},
		"[users] says 3":       {0, true, 40},
		"in no file":           {10, false, 10},
	} {
		o, _ := seenFleet(seenAlias("a", 20, 0, 1, "web"), seenAlias("b", 20, 0, 1, "web"))
		p := &o.Processes[0]
		p.Version, p.PAM, p.UsersKnown, p.Listed = "1.18.0", true, true, []string{}
		p.Settings.MaxUserConns = c.limit
		if c.listed {
			p.Users, p.Listed = []UserLimit{{Name: "web", MaxConns: 3}}, []string{"web"}
		}
		if got := worst(modelled(t, o), "main"); got != c.want {
			t.Errorf("%s: worst case %d, want %d", name, got, c.want)
		}
	}
}

func TestWhatIsOpenCountsOnceUnderALimitOfAnAlias(t *testing.T) {
	p := FleetPool{ID: "g/a", Sizes: []Size{{Process: "g/1", Conns: 5, CapConns: 5}},
		Copies: []Copy{{Process: "g/1", User: "u1", SeenConns: 3}, {Process: "g/1", User: "u2", SeenConns: 2}}}
	l := Limit{Kind: LimitDatabase, Name: "a", Conns: 10, Members: []Member{{Pool: "g/a", Process: "g/1", User: "u1"}, {Pool: "g/a", Process: "g/1", User: "u2"}}}
	for open, want := range map[int]int{2: 5, 4: 7} { // 7 are open where the limit was lowered to 5
		p.Copies[1].SeenConns = open
		pools := []FleetPool{p}
		if got := l.use(pools, placesOf(pools)); got != want {
			t.Errorf("3 and %d are open under max_db_connections 5: %d, want %d", open, got, want)
		}
	}
}
