package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestAuthUsersPoolCountsInEachDatabaseOfAStar or in the one in which it is asked, whether a client has named that or
// not.
func TestAuthUsersPoolCountsInEachDatabaseOfAStar(t *testing.T) {
	for in, want := range map[string]string{
		"":     "app@a 10, app@b 10, pooler@a 10, pooler@b 10",
		"b":    "app@a 10, app@b 10, pooler@b 10",
		"auth": "app@a 10, app@b 10, pooler@auth 10",
		"own":  "app@a 10, app@b 10",
	} {
		p := fleet.Process{Version: "1.24.1", Settings: fleet.Settings{DefaultPoolConns: 10}, AuthUser: "pooler",
			AuthDatabase: in,
			Aliases: []fleet.Alias{{Name: "own", Database: "own", SizeConns: 7, Server: "pg", PoolMode: "transaction",
				Pools: []fleet.PoolGauges{{User: "app"}}}}}
		o := plannertest.Starred(t, p, fleet.Server{Roles: []fleet.ConnLimit{{Name: "pooler", Conns: 90}}},
			map[string][]fleet.PoolGauges{"a": {{User: "app"}}, "b": {{User: "app"}}}, nil)
		f := plannertest.Modelled(t, o)
		star, _ := f.Pool("g/*")
		var got []string
		for _, c := range star.LinePools {
			got = append(got, fmt.Sprintf("%s %d", c.User, c.Worst(10, 0)))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("auth_dbname %q: %s, want %s", in, text, want)
		}
		if got := plannertest.LimitsOfFleet(f)["CONNECTION LIMIT 90 of role pooler"][1]; got != strings.Count(want,
			"pooler")+b2i(in == "" || in == "own") {
			t.Errorf("auth_dbname %q: %d pools under pooler's limit", in, got)
		}
	}
}

// TestADeclaredLoadIsNotThatOfAuthUser: its pool serves no transaction of a client.
func TestADeclaredLoadIsNotThatOfAuthUser(t *testing.T) {
	o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 2, 1, "app1"))
	o.Processes[0].AuthUser = "pooler"
	p, _ := budget.Declared{}.Pool("main/app")
	p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 100, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{Pools: []budget.DeclaredPool{p}},
		load.Evidence{To: plannertest.Epoch, Samples: 1, Last: o}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Pools[0].LinePools {
		if want := float64(b2i(c.User == "app1")); c.Share != want {
			t.Errorf("%s has a share of %g, want %g", c.User, c.Share, want)
		}
	}
}
