package fleet_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestAllowedIsTheTightestLimitOfAPool(t *testing.T) {
	sample := func(version string, change func(*fleet.Observation)) (int, string) {
		a := plannertest.SeenAlias("app", 20, 0, 0, "app1", "app2")
		a.Pools[0] = fleet.PoolGauges{User: "app1", ServersActive: 3}
		a.Pools[1] = fleet.PoolGauges{User: "app2", ServersActive: 2, ServersIdle: 1}
		o, _ := plannertest.SeenFleet(a, plannertest.SeenAlias("big", 20, 0, 4, "app1"))
		o.Processes[0].Version = version
		change(&o)
		return o.Allowed(o.Processes[0], o.Processes[0].Aliases[0], "app1")
	}
	for _, c := range []struct {
		name, version string
		change        func(*fleet.Observation)
		conns         int
		limit         string
	}{
		{"its size", "1.24.1", func(*fleet.Observation) {}, 20, ""},
		{"max_db_connections, less what the other user has at work", "1.24.1",
			func(o *fleet.Observation) { o.Processes[0].Aliases[0].MaxConns = 5 }, 3,
			"max_db_connections 5 of main/app in main/1"},
		{"max_user_connections, idle ones of another alias are evicted", "1.24.1",
			func(o *fleet.Observation) { o.Processes[0].Settings.MaxUserConns = 5 }, 5,
			"max_user_connections 5 of app1 in main/1"},
		{"busy ones are not", "1.24.1", func(o *fleet.Observation) {
			o.Processes[0].Settings.MaxUserConns = 5
			o.Processes[0].Aliases[1].Pools[0] = fleet.PoolGauges{User: "app1", ServersActive: 4}
		}, 1, "max_user_connections 5 of app1 in main/1"},
		{"a forced user is counted apart before 1.23", "1.18.0", func(o *fleet.Observation) {
			o.Processes[0].Settings.MaxUserConns = 5
			o.Processes[0].Aliases[0].ForceUser = "app1"
			o.Processes[0].Aliases[1].Pools[0] = fleet.PoolGauges{User: "app1", ServersActive: 4}
		}, 5, "max_user_connections 5 of app1 in main/1/app"},
		{"a role, idle ones hold it", "1.24.1",
			func(o *fleet.Observation) { o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 9}} }, 5,
			"CONNECTION LIMIT 9 of role app1"},
		{"a database", "1.24.1", func(o *fleet.Observation) {
			o.Servers[0].Databases = []fleet.ConnLimit{{Name: "app",
				Conns: 7}}
		}, 4, "CONNECTION LIMIT 7 of database app"},
		{"a role, direct sessions hold it", "1.24.1", func(o *fleet.Observation) {
			o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 9, DirectConns: 3}}
		}, 2,
			"CONNECTION LIMIT 9 of role app1, of which direct sessions take 3"},
		{"a role, direct sessions hold all of it", "1.24.1", func(o *fleet.Observation) {
			o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 9, DirectConns: 12}}
		}, 0,
			"CONNECTION LIMIT 9 of role app1, of which direct sessions take 9"},
		{"a role, what pools let go holds it, too", "1.24.1", func(o *fleet.Observation) {
			o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 9, DirectConns: 1, ClosingConns: 2}}
		}, 2, "CONNECTION LIMIT 9 of role app1, of which direct sessions take 3"},
		{"a database, of a superuser", "1.24.1", func(o *fleet.Observation) {
			o.Servers[0].Databases, o.Servers[0].Superusers = []fleet.ConnLimit{{Name: "app", Conns: 7}}, []string{"app1"}
		}, 20, ""},
	} {
		if conns, limit := sample(c.version, c.change); conns != c.conns || limit != c.limit {
			t.Errorf("%s: %d by %q, want %d by %q", c.name, conns, limit, c.conns, c.limit)
		}
	}
}
