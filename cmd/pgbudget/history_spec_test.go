package main

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// historyOf is the spec that a configuration, without its prometheus:, gives for a sample.
func historyOf(t *testing.T, text string, o fleet.Observation) prom.Spec {
	t.Helper()
	none := func(string) (string, bool) { return "", false }
	cfg, err := config.Parse("pgbudget.yaml", []byte(text+"prometheus: {url: 'http://prom:9090'}\n"), none)
	if err != nil {
		t.Fatal(err)
	}
	return historySpec(cfg, o)
}

// groupOf is a process of the group main with these aliases.
func groupOf(id string, aliases ...fleet.Alias) fleet.Process {
	return fleet.Process{ID: id, Group: "main", Version: "1.24.1", Aliases: aliases}
}

// TestALimitOverSeveralPoolsIsTold has the limits that may leave a pool without any connection, and some that may not.
func TestALimitOverSeveralPoolsIsTold(t *testing.T) {
	const text = `
servers: [{name: pg, dsn: host=pg}]
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}]}]
`
	pools := func(user string) []fleet.PoolGauges { return []fleet.PoolGauges{{User: user}} }
	app := fleet.Alias{Name: "app", Database: "real", Server: "pg", Pools: pools("u")}
	star := fleet.Alias{Name: "*", Database: "*", Server: "pg", Pools: pools("u@shop")}
	fresh := fleet.Alias{Name: "app", Database: "real", Server: "pg"}
	forced := fleet.Alias{Name: "app", Database: "real", ForceUser: "f", Server: "pg", Pools: pools("f")}
	user := func(u fleet.UserLimit) func(*fleet.Observation) {
		return func(o *fleet.Observation) { o.Processes[0].Users = []fleet.UserLimit{u} }
	}
	role := func(name string) func(*fleet.Observation) {
		return func(o *fleet.Observation) { o.Servers[0].Roles = []fleet.ConnLimit{{Name: name, Conns: 5}} }
	}
	database := func(name string) func(*fleet.Observation) {
		return func(o *fleet.Observation) { o.Servers[0].Databases = []fleet.ConnLimit{{Name: name, Conns: 5}} }
	}
	for _, c := range []struct {
		name  string
		alias fleet.Alias
		set   func(*fleet.Observation)
		want  bool
	}{
		{"none", app, func(*fleet.Observation) {}, false},
		{"of every user", app, func(o *fleet.Observation) { o.Processes[0].Settings.MaxUserConns = 5 }, true},
		{"of its user", app, user(fleet.UserLimit{Name: "u", MaxConns: 5}), true},
		{"of another user", app, user(fleet.UserLimit{Name: "v", MaxConns: 5}), false},
		{"of any user, and nobody has come", fresh, user(fleet.UserLimit{Name: "v", MaxConns: 5}), true},
		{"none of its user", app, user(fleet.UserLimit{Name: "u", MaxConns: fleet.Unlimited}), false},
		{"a size of its user alone", app, user(fleet.UserLimit{Name: "u", SizeConns: 5}), false},
		{"of its role", app, role("u"), true},
		{"of another role", app, role("v"), false},
		{"of the forced user's role", forced, role("f"), true},
		{"of its database", app, database("real"), true},
		{"of the database that is called as the alias", app, database("app"), false},
		{"of a role under *", star, role("u"), true},
		{"of a database under *", star, database("shop"), true},
		{"on another server", app, func(o *fleet.Observation) {
			o.Servers = append(o.Servers, fleet.Server{Name: "other", Roles: []fleet.ConnLimit{{Name: "u", Conns: 5}}})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := fleet.Observation{Servers: []fleet.Server{{Name: "pg"}}}
			o.Processes = []fleet.Process{groupOf("main/1", c.alias)}
			c.set(&o)
			if got := historyOf(t, text, o).Pools[0].Shares; got != c.want {
				t.Errorf("shares a limit: got %v, want %v", got, c.want)
			}
		})
	}
}

// TestAStarIsAskedForAsAllThatHaveNoLine has a group whose databases live by its * and by lines, on two servers.
func TestAStarIsAskedForAsAllThatHaveNoLine(t *testing.T) {
	const text = `
servers:
  - {name: a, dsn: host=a, metrics: 'job="pg",instance="a"'}
  - {name: b, dsn: host=b, metrics: 'job="pg",instance="b"'}
groups: [{name: main, metrics: 'job="pgb",', processes: [{console: host=b1}, {console: host=b2}]}]
`
	star, own := fleet.Alias{Name: "*", Server: "a"}, fleet.Alias{Name: "own", Server: "a"}
	other, more := fleet.Alias{Name: "o.ther", Server: "b"}, fleet.Alias{Name: "more", Server: "b"}
	look := func(processes ...fleet.Process) fleet.Observation {
		return fleet.Observation{Servers: []fleet.Server{{Name: "a"}, {Name: "b"}}, Processes: processes}
	}
	for _, c := range []struct {
		name    string
		look    fleet.Observation
		lines   []string
		unasked bool
		a, b    string // the databases whose connections are taken off each server's sessions
	}{
		{"the same lines", look(groupOf("main/1", star, own, other), groupOf("main/2", other, own, star)),
			[]string{"o.ther", "own"}, false, `database!~"o\\.ther"`, `database=~"o\\.ther"`},
		{"a * alone", look(groupOf("main/1", star), groupOf("main/2", star, other)),
			[]string{"o.ther"}, true, `database!~"o\\.ther"`, `database=~"o\\.ther"`},
		{"a process without *", look(groupOf("main/1", star, other), groupOf("main/2", other, more)),
			[]string{"more", "o.ther"}, false, `database!~"more|o\\.ther"`, `database=~"more|o\\.ther"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := historyOf(t, text, c.look)
			i := slices.IndexFunc(spec.Pools, func(p prom.PoolSpec) bool { return p.ID == "main/*" })
			p := spec.Pools[i]
			if !slices.Equal(p.Lines, c.lines) || p.Unasked != c.unasked || (p.Note != "") != c.unasked || p.Server != "a" {
				t.Errorf("got %+v, want the lines %q on a, unasked %v", p, c.lines, c.unasked)
			}
			for i, want := range []string{c.a, c.b} {
				want = `job="pgb",` + want
				if got := spec.Servers[i].PoolSelectors; !slices.Equal(got, []string{want}) {
					t.Errorf("%s: got %q, want %q", spec.Servers[i].Name, got, want)
				}
			}
		})
	}
}

// TestAPoolOfSeveralServersIsTakenOffNone has pools of which no metric tells how many connections are on which server.
func TestAPoolOfSeveralServersIsTakenOffNone(t *testing.T) {
	const servers = `
servers:
  - {name: a, dsn: host=a, metrics: 'instance="a"'}
  - {name: b, dsn: host=b, metrics: 'instance="b"', direct: {query: x}}
  - {name: c, dsn: host=c}
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}, {console: host=b2}]}]
`
	alone := fleet.Alias{Name: "app", Server: "a", Proof: fleet.ProofBackends}
	shop := func(a fleet.Alias) fleet.Alias { a.Name = "shop"; return a }
	onA := shop(fleet.Alias{Server: "a", Proof: fleet.ProofBackends})
	for _, c := range []struct {
		name     string
		declared string
		one, two fleet.Alias // of two processes
		whole    bool
		note     bool
		shared   []string // servers
	}{
		{"one server", "", onA, onA, true, false, nil},
		{"no connection in one process", "", onA, shop(fleet.Alias{Proof: fleet.ProofNone}), true, false, nil},
		{"declared where it is", "a", onA, onA, true, false, nil},
		{"a list of hosts", "", shop(fleet.Alias{Server: "a", AlsoOn: []string{"b"}, Proof: fleet.ProofList}),
			shop(fleet.Alias{Server: "a", AlsoOn: []string{"b"}, Proof: fleet.ProofList}), false, true, []string{"a"}},
		{"found on several in the last process alone", "", onA,
			shop(fleet.Alias{Server: "b", AlsoOn: []string{"a"}, Proof: fleet.ProofBackends}), false, true, []string{"a"}},
		{"processes that differ, the last on a", "", shop(fleet.Alias{Server: "b", Proof: fleet.ProofBackends}), onA,
			false, true, []string{"a"}},
		{"an address that leads nowhere known", "", onA, shop(fleet.Alias{Server: "a", Unplaced: []string{"10.0.0.9"}}),
			false, true, []string{"a"}},
		{"elsewhere in one process", "", onA, shop(fleet.Alias{Proof: fleet.ProofElsewhere}), false, true, []string{"a"}},
		{"declared to be elsewhere in part", "a, elsewhere", onA, onA, false, true, []string{"a"}},
		{"declared to be on two", "a, b", onA, onA, false, true, []string{"a"}},
		{"declared to be on another", "b", onA, onA, false, true, []string{"a"}},
		{"on two that have no subtraction", "", shop(fleet.Alias{Server: "b", AlsoOn: []string{"c"}}),
			shop(fleet.Alias{Server: "c", AlsoOn: []string{"b"}}), false, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := servers
			if c.declared != "" {
				text += "pools: [{pool: main/app}, {pool: main/shop, server: '" + c.declared + "'}]\n"
			}
			o := fleet.Observation{Servers: []fleet.Server{{Name: "a"}, {Name: "b"}, {Name: "c"}},
				Processes: []fleet.Process{groupOf("main/1", alone, c.one), groupOf("main/2", alone, c.two)}}
			spec := historyOf(t, text, o)
			want := `job="pgb",database=~"app"`
			if c.whole {
				want = `job="pgb",database=~"app|shop"`
			}
			if got := spec.Servers[0].PoolSelectors; !slices.Equal(got, []string{want}) {
				t.Errorf("of a: got %q taken off, want %q", got, want)
			}
			i := slices.IndexFunc(spec.Pools, func(p prom.PoolSpec) bool { return p.ID == "main/shop" })
			if got := spec.Pools[i].Note; (got != "") != c.note {
				t.Errorf("got the note %q, want one: %v", got, c.note)
			}
			var shared []string
			for _, s := range spec.Servers {
				if slices.Contains(s.Shared, "main/shop") {
					shared = append(shared, s.Name)
				}
			}
			if !slices.Equal(shared, c.shared) {
				t.Errorf("got it named as shared on %q, want %q", shared, c.shared)
			}
		})
	}
}

// TestAPoolThatIsElsewhereIsTakenOffNoServer has the only server there is, and a pool declared to be elsewhere.
func TestAPoolThatIsElsewhereIsTakenOffNoServer(t *testing.T) {
	const text = `
servers: [{name: a, dsn: host=a, metrics: 'instance="a"'}]
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}]}]
pools: [{pool: main/app}, {pool: main/shop, server: elsewhere}]
`
	spec := historyOf(t, text, fleet.Observation{Servers: []fleet.Server{{Name: "a"}}, Processes: []fleet.Process{
		groupOf("main/1", fleet.Alias{Name: "app", Server: "a"}, fleet.Alias{Name: "shop", Proof: fleet.ProofNone})}})
	if got, want := spec.Servers[0].PoolSelectors, []string{`job="pgb",database=~"app"`}; !slices.Equal(got, want) {
		t.Errorf("got %q taken off, want %q", got, want)
	}
}

// TestAPoolWithoutConnectionsIsAskedForWhereItIsDeclared has two servers, and a pool that no sample can place by
// itself.
func TestAPoolWithoutConnectionsIsAskedForWhereItIsDeclared(t *testing.T) {
	const text = `
servers: [{name: a, dsn: host=a, metrics: 'instance="a"'}, {name: b, dsn: host=b, metrics: 'instance="b"'}]
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}]}]
pools: [{pool: main/app, server: b}]
`
	o := fleet.Observation{Servers: []fleet.Server{{Name: "a"}, {Name: "b"}}, Processes: []fleet.Process{
		groupOf("main/1", fleet.Alias{Name: "app"}, fleet.Alias{Name: "lost", Proof: fleet.ProofNone})}}
	spec := historyOf(t, text, o)
	if len(spec.Pools) != 1 || spec.Pools[0].ID != "main/app" || spec.Pools[0].Server != "b" {
		t.Errorf("got %+v, want main/app alone, on b", spec.Pools)
	}
	for i, want := range [][]string{nil, {`job="pgb",database=~"app"`}} {
		if got := spec.Servers[i].PoolSelectors; !slices.Equal(got, want) {
			t.Errorf("%s: got %q taken off, want %q", spec.Servers[i].Name, got, want)
		}
	}
}

// TestAPoolOfAServerThatIsNotAskedForIsInNoOthersFit has a server with a query and one without.
func TestAPoolOfAServerThatIsNotAskedForIsInNoOthersFit(t *testing.T) {
	const text = `
servers: [{name: a, dsn: host=a, cpu: up}, {name: b, dsn: host=b}]
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}]}]
`
	o := fleet.Observation{Servers: []fleet.Server{{Name: "a"}, {Name: "b"}}, Processes: []fleet.Process{
		groupOf("main/1", fleet.Alias{Name: "app", Server: "a"}, fleet.Alias{Name: "shop", Server: "b"})}}
	spec := historyOf(t, text, o)
	for i, want := range []string{"a", "b"} {
		if got := spec.Pools[i].Server; got != want {
			t.Errorf("%s: got server %q, want %q", spec.Pools[i].ID, got, want)
		}
	}
	if i := slices.IndexFunc(spec.Servers, func(s prom.ServerSpec) bool { return s.Name == "b" }); i < 0 ||
		spec.Servers[i].CPUQuery != "" {
		t.Errorf("got %+v, want b among them without a query", spec.Servers)
	}
}
