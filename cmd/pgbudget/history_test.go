package main

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner"
)

// historyOf is the spec that a configuration, without its prometheus:, gives for a look.
func historyOf(t *testing.T, text string, o planner.Observation) prom.Spec {
	t.Helper()
	none := func(string) (string, bool) { return "", false }
	cfg, err := config.Parse("pgbudget.yaml", []byte(text+"prometheus: {url: 'http://prom:9090'}\n"), none)
	if err != nil {
		t.Fatal(err)
	}
	return historySpec(cfg, o)
}

// groupOf is a process of the group main with these aliases.
func groupOf(id string, aliases ...planner.Alias) planner.Process {
	return planner.Process{ID: id, Group: "main", Version: "1.24.1", Aliases: aliases}
}

// TestALimitOverSeveralPoolsIsTold has the limits that may leave a pool without any connection, and some that may not.
func TestALimitOverSeveralPoolsIsTold(t *testing.T) {
	const text = `
servers: [{name: pg, dsn: host=pg}]
groups: [{name: main, metrics: 'job="pgb"', processes: [{console: host=b1}]}]
`
	pools := func(user string) []planner.PoolGauges { return []planner.PoolGauges{{User: user}} }
	app := planner.Alias{Name: "app", Database: "real", Server: "pg", Pools: pools("u")}
	star := planner.Alias{Name: "*", Database: "*", Server: "pg", Pools: pools("u@shop")}
	fresh := planner.Alias{Name: "app", Database: "real", Server: "pg"}
	forced := planner.Alias{Name: "app", Database: "real", ForceUser: "f", Server: "pg", Pools: pools("f")}
	user := func(u planner.UserLimit) func(*planner.Observation) {
		return func(o *planner.Observation) { o.Processes[0].Users = []planner.UserLimit{u} }
	}
	role := func(name string) func(*planner.Observation) {
		return func(o *planner.Observation) { o.Servers[0].Roles = []planner.ConnLimit{{Name: name, Conns: 5}} }
	}
	database := func(name string) func(*planner.Observation) {
		return func(o *planner.Observation) { o.Servers[0].Databases = []planner.ConnLimit{{Name: name, Conns: 5}} }
	}
	for _, c := range []struct {
		name  string
		alias planner.Alias
		set   func(*planner.Observation)
		want  bool
	}{
		{"none", app, func(*planner.Observation) {}, false},
		{"of every user", app, func(o *planner.Observation) { o.Processes[0].Settings.MaxUserConns = 5 }, true},
		{"of its user", app, user(planner.UserLimit{Name: "u", MaxConns: 5}), true},
		{"of another user", app, user(planner.UserLimit{Name: "v", MaxConns: 5}), false},
		{"of any user, and nobody has come", fresh, user(planner.UserLimit{Name: "v", MaxConns: 5}), true},
		{"none of its user", app, user(planner.UserLimit{Name: "u", MaxConns: planner.Unlimited}), false},
		{"a size of its user alone", app, user(planner.UserLimit{Name: "u", SizeConns: 5}), false},
		{"of its role", app, role("u"), true},
		{"of another role", app, role("v"), false},
		{"of the forced user's role", forced, role("f"), true},
		{"of its database", app, database("real"), true},
		{"of the database that is called as the alias", app, database("app"), false},
		{"of a role under *", star, role("u"), true},
		{"of a database under *", star, database("shop"), true},
		{"on another server", app, func(o *planner.Observation) {
			o.Servers = append(o.Servers, planner.Server{Name: "other", Roles: []planner.ConnLimit{{Name: "u", Conns: 5}}})
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := planner.Observation{Servers: []planner.Server{{Name: "pg"}}}
			o.Processes = []planner.Process{groupOf("main/1", c.alias)}
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
	star, own := planner.Alias{Name: "*", Server: "a"}, planner.Alias{Name: "own", Server: "a"}
	other, more := planner.Alias{Name: "o.ther", Server: "b"}, planner.Alias{Name: "more", Server: "b"}
	look := func(processes ...planner.Process) planner.Observation {
		return planner.Observation{Servers: []planner.Server{{Name: "a"}, {Name: "b"}}, Processes: processes}
	}
	for _, c := range []struct {
		name    string
		look    planner.Observation
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
