package budget_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAGatheredPoolKnowsItsRoleAndDatabase whatever stands in their names, and where the line of * leads to a database
// of another name.
func TestAGatheredPoolKnowsItsRoleAndDatabase(t *testing.T) {
	o := plannertest.Starred(t, fleet.Process{Version: "1.24.1", Settings: fleet.Settings{DefaultPoolConns: 60}},
		fleet.Server{Roles: []fleet.ConnLimit{{Name: "a@b", Conns: 90}, {Name: "a", Conns: 80}},
			Databases: []fleet.ConnLimit{{Name: "b@c", Conns: 70}, {Name: "c", Conns: 50}, {Name: "shop", Conns: 30}}},
		map[string][]fleet.PoolGauges{"c": {{User: "a@b", ServersActive: 1}}, "b@c": {{User: "a", ServersActive: 2}},
			"d": {{User: "z"}}},
		func(a *fleet.Alias) {
			if a.Name == "d" {
				a.Database = "shop" // * has dbname=
			}
		})
	want := map[string][2]int{"CONNECTION LIMIT 90 of role a@b": {90, 1}, "CONNECTION LIMIT 80 of role a": {80, 1},
		"CONNECTION LIMIT 70 of database b@c": {70, 1}, "CONNECTION LIMIT 50 of database c": {50, 1},
		"CONNECTION LIMIT 30 of database shop": {30, 1}}
	f := plannertest.Modelled(t, o)
	if got := plannertest.LimitsOfFleet(f); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits %v, want %v", got, want)
	}
	if n := plannertest.Worst(f, "pg"); n != 180 {
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
	var again fleet.Observation // a recording
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if got := plannertest.LimitsOfFleet(plannertest.Modelled(t, again)); err != nil ||
		fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits of a recording %v (%v), want %v", got, err, want)
	}
	gone, _ := fleet.WithVanished(o, fleet.Observation{At: plannertest.Epoch, Servers: o.Servers,
		Processes: []fleet.Process{{ID: "g/1", Group: "g",
			Version: "1.24.1", Settings: p.Settings,
			Aliases: []fleet.Alias{{Name: fleet.AutoDB, Database: fleet.AutoDB, SizeConns: 60, Server: "pg"}}}}})
	if got := plannertest.LimitsOfFleet(plannertest.Modelled(t, gone)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("limits of pools that have gone %v, want %v", got, want)
	}
}

// TestAForcedUserOfAStarHasALimitInEachOfItsDatabases before 1.23, and one over all of them from then on.
func TestAForcedUserOfAStarHasALimitInEachOfItsDatabases(t *testing.T) {
	pools := func(open int) []fleet.PoolGauges { return []fleet.PoolGauges{{User: "app", ServersActive: open}} }
	for version, want := range map[string]int{"1.22.1": 50, "1.23.1": 10} {
		o := plannertest.Starred(t, fleet.Process{Version: version, UsersKnown: true,
			Users: []fleet.UserLimit{{Name: "app", MaxConns: 7}},
			// its own counts where nobody forces it
			Settings: fleet.Settings{DefaultPoolConns: 20, MaxUserConns: 10}}, fleet.Server{},
			map[string][]fleet.PoolGauges{"a": pools(9), "b": pools(9), "c": pools(0), "d": pools(0), "e": pools(0)},
			func(a *fleet.Alias) { a.ForceUser = "app" })
		if version == "1.23.1" {
			o.Processes[0].Users = nil
			for i := range o.Processes[0].Aliases[0].Pools {
				o.Processes[0].Aliases[0].Pools[i].ServersActive = min(1, o.Processes[0].Aliases[0].Pools[i].ServersActive)
			}
		}
		if n := plannertest.Worst(plannertest.Modelled(t, o), "pg"); n != want {
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
		o := fleet.Observation{At: plannertest.Epoch, Servers: []fleet.Server{{Name: "pg", MaxConns: 500}},
			Processes: []fleet.Process{{ID: "g/1",
				Group: "g", Version: c.version, At: plannertest.Epoch,
				Settings: fleet.Settings{DefaultPoolConns: 20, MaxUserConns: 10, PoolMode: "transaction"}, UsersKnown: true,
				Listed: c.listed, Users: []fleet.UserLimit{{Name: "web", MaxConns: 7}}}}}
		for _, name := range []string{"a", "b", "c", "d"} {
			o.Processes[0].Aliases = append(o.Processes[0].Aliases, fleet.Alias{Name: name, Database: name, SizeConns: 20,
				Server: "pg", PoolMode: "transaction",
				Pools: []fleet.PoolGauges{{User: "web", ServersActive: 1}}})
		}
		for turn, o := range []fleet.Observation{o, plannertest.Starred(t, o.Processes[0], o.Servers[0],
			map[string][]fleet.PoolGauges{}, nil)} {
			if n := plannertest.Worst(plannertest.Modelled(t, o), "pg"); n != c.want {
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

// TestWhomPAMLetsInIsCountedOnceByTheProcessesLimit: no line of [users] reaches him before 1.23, whether there is one
// or not.
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
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("a", 20, 0, 1, "web"), plannertest.SeenAlias("b", 20, 0, 1,
			"web"))
		p := &o.Processes[0]
		p.Version, p.PAM, p.UsersKnown, p.Listed = "1.18.0", true, true, []string{}
		p.Settings.MaxUserConns = c.limit
		if c.listed {
			p.Users, p.Listed = []fleet.UserLimit{{Name: "web", MaxConns: 3}}, []string{"web"}
		}
		if got := plannertest.Worst(plannertest.Modelled(t, o), "main"); got != c.want {
			t.Errorf("%s: worst case %d, want %d", name, got, c.want)
		}
	}
}
