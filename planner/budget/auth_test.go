package budget_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAuthUsersPoolCountsBeforeItWasUsed: it opens as many as any as soon as clients log in whom no file names.
func TestAuthUsersPoolCountsBeforeItWasUsed(t *testing.T) {
	size := func(o *fleet.Observation, user string, conns int) {
		o.Processes[0].Users = append(o.Processes[0].Users, fleet.UserLimit{Name: user, SizeConns: conns})
	}
	for name, c := range map[string]struct {
		version string
		change  func(*fleet.Observation)
		want    int // app 10 + 2, other 4
	}{
		"nobody asks":            {"1.24.1", func(o *fleet.Observation) { o.Processes[0].AuthUser = "" }, 16},
		"in every database":      {"1.24.1", func(*fleet.Observation) {}, 32},
		"with a size of its own": {"1.24.1", func(o *fleet.Observation) { size(o, "pooler", 3) }, 16 + 5 + 3},
		"in auth_dbname":         {"1.24.1", func(o *fleet.Observation) { o.Processes[0].AuthDatabase = "other" }, 20},
		"in one that no sample shows": {"1.24.1", func(o *fleet.Observation) { o.Processes[0].AuthDatabase = "elsewhere" },
			36},
		"under max_user_connections": {"1.24.1", func(o *fleet.Observation) {
			size(o, "pooler",
				0)
			o.Processes[0].Users[0].MaxConns = 5
		}, 21},
		"that, before 1.23": {"1.22.1", func(o *fleet.Observation) {
			o.Processes[0].Settings.MaxUserConns, o.Processes[0].Listed = 5, []string{"app1"}
		}, 10},
		"forced, too": {"1.24.1", func(o *fleet.Observation) {
			o.Processes[0].Aliases[0].ForceUser, o.Processes[0].Aliases[0].Pools = "pooler", nil
		}, 12 + 8},
		"forced, too, before 1.23": {"1.22.1", func(o *fleet.Observation) {
			o.Processes[0].Aliases[0].ForceUser, o.Processes[0].Aliases[0].Pools = "pooler", nil
		}, 24 + 8},
		"where nobody else has come": {"1.24.1", func(o *fleet.Observation) { o.Processes[0].Aliases[1].Pools = nil }, 32},
		"where it alone was used": {"1.24.1",
			func(o *fleet.Observation) { o.Processes[0].Aliases[1].Pools[0].User = "pooler" }, 32},
		"alone in its auth_dbname": {"1.24.1", func(o *fleet.Observation) {
			o.Processes[0].AuthDatabase,
				o.Processes[0].Aliases[1].Pools = "other", nil
		}, 16},
		"of another process of those": {"1.24.1", func(o *fleet.Observation) {
			p := o.Processes[0]
			p.ID, p.AuthUser = "main/2", ""
			o.Processes = append(o.Processes, p)
		}, 64},
	} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 2, 1, "app1"), plannertest.SeenAlias("other", 4, 0, 1,
			"app1"))
		o.Servers[0].MaxConns, o.Processes[0].Settings.DefaultPoolConns = 500, 20
		o.Processes[0].Version, o.Processes[0].AuthUser, o.Processes[0].UsersKnown = c.version, "pooler", true
		c.change(&o)
		f := plannertest.Modelled(t, o)
		if n := plannertest.Worst(f, "main"); n != c.want {
			t.Errorf("%s: worst case %d, want %d: %+v", name, n, c.want, f.Pools)
		}
		counted := strings.Contains(strings.Join(f.Warnings, "\n"),
			"auth_user pooler has opened no connection in main/app, main/other yet")
		if name == "in every database" && !counted || name == "nobody asks" && counted {
			t.Errorf("%s: warnings %q", name, f.Warnings)
		}
	}
}

// TestAuthUserIsOneInAllDatabases where it is forced in some, too, and whether SHOW USERS lists it already: before
// 1.23 it is another than the forced one of its name, also in a process where neither has been seen.
func TestAuthUserIsOneInAllDatabases(t *testing.T) {
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 0, "pooler", "pooler"),
		plannertest.SeenAlias("other", 10, 0, 0, "pooler", "pooler"))
	o.Servers[0].MaxConns = 500
	for i := range o.Processes[0].Aliases {
		o.Processes[0].Aliases[i].ForceUser = "pooler"
	}
	p := o.Processes[0]
	p.ID, p.Version, p.UsersKnown, p.Settings.MaxUserConns, p.Listed = "main/2", "1.22.1", true, 6, []string{"app1"}
	p.Aliases = slices.Clone(p.Aliases)
	for i := range p.Aliases {
		p.Aliases[i].Pools = nil
	}
	o.Processes[0].Version = "1.22.1"
	o.Processes = append(o.Processes, p)
	if n := plannertest.Worst(plannertest.Modelled(t, o), "main"); n != 4*10+2*6+6 {
		t.Errorf("worst case %d; want 40 without a limit, and 6 in each database and 6 for auth_user with one", n)
	}
}

// TestWhatTheFileSaysOfAuthQueryCounts: a line's own auth_user and auth_dbname are in no SHOW command.
func TestWhatTheFileSaysOfAuthQueryCounts(t *testing.T) {
	star := fleet.FiledLine{Alias: fleet.AutoDB, Star: &fleet.StarLine{SizeConns: -1, ReserveConns: -1}}
	for name, c := range map[string]struct {
		auth, in string // of the process
		lines    []fleet.FiledLine
		want     int // app 10 + 2, other 4; 20 of a database of *
	}{
		"nobody asks": {"", "", []fleet.FiledLine{{Alias: "app"}, {Alias: "other"}}, 16},
		"a line's own": {"", "", []fleet.FiledLine{{Alias: "app", AuthUser: "lookup"},
			{Alias: "other"}}, 28},
		"a line's own and the process's": {"pooler", "", []fleet.FiledLine{{Alias: "app", AuthUser: "lookup"},
			{Alias: "other"}}, 16 + 12 + 4},
		"a line's, in another": {"", "", []fleet.FiledLine{{Alias: "app", AuthUser: "lookup",
			AuthDatabase: "other"}, {Alias: "other"}}, 20},
		"a line's, in a database of *": {"", "", []fleet.FiledLine{star, {Alias: "app", AuthUser: "lookup",
			AuthDatabase: "postgres"}, {Alias: "other"}}, 36},
		"the process's, in one of *": {"pooler", "postgres", []fleet.FiledLine{star, {Alias: "app"},
			{Alias: "other"}}, 36},
		"the process's, where there is no *": {"pooler", "postgres", []fleet.FiledLine{{Alias: "app"}, {Alias: "other"}}, 16},
		// nothing shows that it is in force
		"of *, which has a size of its own": {"pooler", "postgres",
			[]fleet.FiledLine{{Alias: fleet.AutoDB, Star: &fleet.StarLine{SizeConns: 3, ReserveConns: 1}}, {Alias: "app"},
				{Alias: "other"}}, 37},
		"a line's, in its own": {"", "", []fleet.FiledLine{{Alias: "app", AuthUser: "lookup",
			AuthDatabase: "app"}, {Alias: "other"}}, 28},
	} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 2, 1, "app1"), plannertest.SeenAlias("other", 4, 0, 1,
			"app1"))
		p := &o.Processes[0]
		o.Servers[0].MaxConns, p.Settings.DefaultPoolConns = 500, 20
		p.Version, p.AuthUser, p.AuthDatabase, p.Filed = "1.24.1", c.auth, c.in, c.lines
		f := plannertest.Modelled(t, o)
		if n := plannertest.Worst(f, "main"); n != c.want {
			t.Errorf("%s: worst case %d, want %d: %+v", name, n, c.want, f.Pools)
		}
	}
}

// TestWhoComesToAnAliasIsNotKnownByItsOwnAuthDatabase: it was never used, and is no database for auth_query alone.
func TestWhoComesToAnAliasIsNotKnownByItsOwnAuthDatabase(t *testing.T) {
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 0))
	p := &o.Processes[0]
	p.Version, p.Filed = "1.24.1", []fleet.FiledLine{{Alias: "app", AuthUser: "lookup", AuthDatabase: "app"}}
	if n := plannertest.Worst(plannertest.Modelled(t, o), "main"); n != 20 {
		t.Errorf("lookup's and one client's: worst case %d, want 20", n)
	}
}

// TestADatabaseOfAStarIsKnownByTheFile: it counts in each process of its group.
func TestADatabaseOfAStarIsKnownByTheFile(t *testing.T) {
	star := []fleet.FiledLine{{Alias: fleet.AutoDB, Star: &fleet.StarLine{ForceUser: "app1", SizeConns: 20,
		ReserveConns: -1}}}
	a, _ := plannertest.SeenFleet(plannertest.SeenAlias("a", 20, 0, 1, "app1"))
	a.Processes[0].Version = "1.24.1"
	a.Processes[0].Aliases[0].ForceUser = "app1"
	b := a.Processes[0]
	b.ID, b.Aliases = "main/2", nil
	for name, c := range map[string]struct {
		lines []fleet.FiledLine
		want  int
	}{
		"by the file it is one of *":           {star, 40},
		"by the file it has a line of its own": {[]fleet.FiledLine{{Alias: "a"}}, 20},
		"no file is known":                     {nil, 20},
	} {
		o := a
		o.Processes = []fleet.Process{a.Processes[0], b}
		for i := range o.Processes {
			o.Processes[i].Filed = c.lines
		}
		if got := plannertest.Worst(plannertest.Modelled(t, o), "main"); got != c.want {
			t.Errorf("%s: worst case %d, want %d", name, got, c.want)
		}
	}
}

// TestALineOfAStarThatMayNotBeInForceIsCountedAtMost: the file's may not be loaded, and one that was taken out of it
// stays until a restart.
func TestALineOfAStarThatMayNotBeInForceIsCountedAtMost(t *testing.T) {
	star := func(size int) []fleet.FiledLine {
		return []fleet.FiledLine{{Alias: fleet.AutoDB, Star: &fleet.StarLine{Host: "10.0.0.1", Port: 5432, SizeConns: size,
			ReserveConns: -1}}, {Alias: "app"}}
	}
	for name, c := range map[string]struct {
		lines  []fleet.FiledLine // of the second process
		etl    bool              // which has another database of *, of 20 as well
		want   int               // app 10 twice, etl 20 in the first process
		atMost bool
	}{
		"it is that of the other process":          {star(-1), false, 60, false},
		"it was taken out of the file":             {[]fleet.FiledLine{{Alias: "app"}}, false, 60, true},
		"it was given a size":                      {star(3), false, 60, true},
		"it was given a size, and another has 20":  {star(3), true, 100, true},
		"it has a line of its own, not loaded yet": {star(-1), false, 60, false},
		"it was given less, and another has 20":    {star(5), true, 100, true},
	} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 1, "app1"), plannertest.SeenAlias("etl", 20, 0, 1,
			"app1"))
		o.Servers[0].MaxConns = 500
		o.Processes[0].Version, o.Processes[0].Settings.DefaultPoolConns = "1.24.1", 20
		for i := range o.Processes[0].Aliases {
			o.Processes[0].Aliases[i].Host, o.Processes[0].Aliases[i].Port = "10.0.0.1", 5432
		}
		second := o.Processes[0]
		second.ID, second.Aliases, second.Filed = "main/2", slices.Clone(second.Aliases[:1]), c.lines
		if c.etl {
			b := o.Processes[0].Aliases[1]
			b.Name, b.Database = "more", "more"
			second.Aliases = append(second.Aliases, b)
		}
		o.Processes[0].Filed = star(-1)
		o.Processes = append(o.Processes, second)
		f := plannertest.Modelled(t, o)
		if n := plannertest.Worst(f, "main"); n != c.want || (len(f.AtMost("main")) > 0) != c.atMost {
			t.Errorf("%s: worst case %d, want %d; a bound because %v", name, n, c.want, f.AtMost("main"))
		}
	}
}

// TestADatabaseOfAStarLeadsWhereItsLineDoes, or it may be on any server; what is declared holds.
func TestADatabaseOfAStarLeadsWhereItsLineDoes(t *testing.T) {
	for name, c := range map[string]struct {
		host     string // of *
		declared string
		one, two int // app 10 on main, b 10 on second; postgres 20
	}{
		"where app is":               {"10.0.0.1", "", 30, 10},
		"where b is":                 {"10.0.0.2", "", 10, 30},
		"nobody knows":               {"10.0.0.3", "", 30, 30},
		"nobody knows, and declared": {"10.0.0.3", "second", 10, 30},
		"elsewhere, as declared":     {"10.0.0.3", "elsewhere", 10, 10},
	} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 1, "app1"), plannertest.SeenAlias("b", 10, 0, 1,
			"app1"))
		d := budget.Declared{SizeAll: true}
		second := o.Servers[0]
		second.Name = "second"
		o.Servers = append(o.Servers, second)
		p := &o.Processes[0]
		p.Aliases[0].Host, p.Aliases[1].Host, p.Aliases[1].Server = "10.0.0.1", "10.0.0.2", "second"
		p.Version, p.Settings.DefaultPoolConns, p.AuthUser, p.AuthDatabase = "1.24.1", 20, "pooler", "postgres"
		p.Filed = []fleet.FiledLine{{Alias: fleet.AutoDB, Star: &fleet.StarLine{Host: c.host, Port: p.Aliases[0].Port,
			SizeConns: -1, ReserveConns: -1}}, {Alias: "app"}, {Alias: "b"}}
		if c.declared != "" {
			d.Pools = append(d.Pools, budget.DeclaredPool{ID: "main/postgres", Server: c.declared, Weight: 1, Min: 1})
		}
		f, err := budget.Model(plannertest.Epoch, d, load.Evidence{To: plannertest.Epoch, Samples: 1, Last: o}, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if one, two := plannertest.Worst(f, "main"), plannertest.Worst(f, "second"); one != c.one || two != c.two {
			t.Errorf("%s: worst cases %d and %d, want %d and %d", name, one, two, c.one, c.two)
		}
	}
}

// TestADatabaseThatShowPoolsAloneHasCounts: PgBouncer takes it back with the next client.
func TestADatabaseThatShowPoolsAloneHasCounts(t *testing.T) {
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 1, "app1"))
	o.Servers[0].MaxConns = 500
	p := &o.Processes[0]
	p.Version, p.Settings.DefaultPoolConns = "1.24.1", 20
	p.Aliases = append(p.Aliases, fleet.Alias{Name: "etl", Database: "etl", Hidden: true, SizeConns: 20,
		PoolMode: "transaction", Proof: fleet.ProofNone,
		Pools: []fleet.PoolGauges{{User: "app1", ServersActive: 3}, {User: "app2"}}})
	for name, lines := range map[string][]fleet.FiledLine{
		"no file is known":   nil,
		"the file has a *":   {{Alias: fleet.AutoDB, Star: &fleet.StarLine{SizeConns: -1, ReserveConns: -1}}, {Alias: "app"}},
		"the file has no *":  {{Alias: "app"}},
		"a * with less, too": {{Alias: fleet.AutoDB, Star: &fleet.StarLine{SizeConns: 2, ReserveConns: -1}}, {Alias: "app"}},
	} {
		if p.Filed = lines; plannertest.Worst(plannertest.Modelled(t, o), "main") != 50 {
			t.Errorf("%s: worst case %d, want 50", name, plannertest.Worst(plannertest.Modelled(t, o), "main"))
		}
	}
}

// TestADatabaseThatIsHiddenKeepsWhatItWas: 50 by its line of *, of which nothing is known, on the second server.
func TestADatabaseThatIsHiddenKeepsWhatItWas(t *testing.T) {
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 1, "app1"), plannertest.SeenAlias("etl", 50, 0, 1,
		"app1"))
	second := o.Servers[0]
	second.Name = "second"
	o.Servers = append(o.Servers, second)
	o.Processes[0].Aliases[1].Server = "second"
	later := o
	later.At = o.At.Add(time.Second)
	later.Processes = slices.Clone(o.Processes)
	later.Processes[0].Aliases = slices.Clone(o.Processes[0].Aliases)
	later.Processes[0].Aliases[1] = fleet.Alias{Name: "etl", Database: "etl", Hidden: true, SizeConns: 20,
		PoolMode: "transaction", Proof: fleet.ProofNone,
		Pools: []fleet.PoolGauges{{User: "app1"}}}
	var e load.Evidence
	for _, sample := range []fleet.Observation{o, later} {
		var err error
		if e, err = e.Add(sample); err != nil {
			t.Fatal(err)
		}
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	if one, two := plannertest.Worst(f, "main"), plannertest.Worst(f, "second"); one != 10 || two != 50 {
		t.Errorf("worst cases %d and %d, want 10 and 50", one, two)
	}
}

// TestAPoolThatSomeProcessesHaveNoLineForSaysSo: it has one of 50 in the first, and the second gives it by its line of
// *.
func TestAPoolThatSomeProcessesHaveNoLineForSaysSo(t *testing.T) {
	star := fleet.FiledLine{Alias: fleet.AutoDB, Star: &fleet.StarLine{SizeConns: -1, ReserveConns: -1}}
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 50, 0, 1, "app1"))
	o.Servers[0].MaxConns = 500
	o.Processes[0].Settings.DefaultPoolConns = 20
	second := o.Processes[0]
	second.ID, second.Aliases, second.Filed = "main/2", nil, []fleet.FiledLine{star}
	o.Processes[0].Filed = []fleet.FiledLine{star, {Alias: "app"}}
	o.Processes = append(o.Processes, second)
	f := plannertest.Modelled(t, o)
	if plannertest.Worst(f, "main") != 70 || !strings.Contains(strings.Join(f.Warnings, "\n"),
		"main/app: main/2 has no line for it") {
		t.Errorf("worst case %d: %q", plannertest.Worst(f, "main"), f.Warnings)
	}
}
