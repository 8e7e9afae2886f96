package observe_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TestAUserByAuthQueryIsCountedInEachDatabaseBefore123 and over all of them by 1.24; a sample shows which of the two a
// process does, and who asks.
func TestAUserByAuthQueryIsCountedInEachDatabaseBefore123(t *testing.T) {
	t.Parallel()
	spec := labtest.TwoGenerations(1, 4)
	for i := range spec.Groups {
		spec.Groups[i].Settings = map[string]string{"auth_user": lab.Superuser, "max_user_connections": "2"}
		spec.Groups[i].Aliases = []lab.AliasSpec{{Name: "app", PoolSize: 4}, {Name: "other", DBName: "app", PoolSize: 4}}
	}
	l := labtest.Start(t, spec)
	if _, err := l.Server("main").Query(t.Context(),
		"CREATE ROLE web LOGIN PASSWORD '"+lab.Password("web")+"'"); err != nil {
		t.Fatal(err)
	}
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range livetest.Observed(t, f).Processes {
		if p.AuthUser != lab.Superuser || p.AuthDatabase != "" || slices.ContainsFunc(p.Aliases,
			func(a fleet.Alias) bool { return len(a.Pools) > 0 }) {
			t.Errorf("%s: auth_user %q of %q, %+v; want postgres, who has asked nothing yet", p.ID, p.AuthUser,
				p.AuthDatabase, p.Aliases)
		}
	}
	for _, group := range []string{"old", "new"} {
		for _, alias := range []string{"app", "other"} {
			livetest.Run(t, clients.Direct{DSN: l.Process(group, 0).DSN("web", alias), Conns: 3,
				Active: group == "old"}) // busy ones of new/app would keep all others out
		}
	}
	want := map[string]string{
		"old/1": "postgres in app, postgres in other, web in app 2, web in other 2; web is not listed",
		"new/1": "postgres in app, postgres in other, web within 2 in all; nobody is known to be listed"}
	for patience := time.Now().Add(livetest.Generous); ; time.Sleep(100 * time.Millisecond) {
		got := map[string]string{}
		for _, p := range livetest.Observed(t, f).Processes {
			web := map[string]int{}
			text := ""
			for _, a := range p.Aliases {
				for _, g := range a.Pools {
					if web[a.Name] += 0; g.User == "web" {
						web[a.Name] = g.Conns()
					} else {
						text += g.User + " in " + a.Name + ", "
					}
				}
			}
			switch {
			case p.Listed == nil:
				text += fmt.Sprintf("web within %d in all; nobody is known to be listed", max(2, web["app"]+web["other"]))
			case !slices.Contains(p.Listed, "web") && slices.Contains(p.Listed, "app1"):
				text += fmt.Sprintf("web in app %d, web in other %d; web is not listed", web["app"], web["other"])
			}
			got[p.ID] = text
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			break
		}
		if time.Now().After(patience) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
