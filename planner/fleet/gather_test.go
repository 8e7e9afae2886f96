package fleet_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestGatherCountsEveryDatabaseOfAStarAsOnePool has two databases that live by *, one with a line of its own, and a
// process that nobody has come to yet.
func TestGatherCountsEveryDatabaseOfAStarAsOnePool(t *testing.T) {
	alias := func(name, server string, xacts int64, conns int) fleet.Alias {
		return fleet.Alias{Name: name, Server: server, SizeConns: 12, PoolMode: "transaction",
			Counters: fleet.Counters{Xacts: xacts, Assignments: xacts, WaitTime: time.Second},
			Pools:    []fleet.PoolGauges{{User: "u", ServersActive: conns}}}
	}
	settings := fleet.Settings{DefaultPoolConns: 12, PoolMode: "transaction", Lifetime: time.Hour}
	sample := fleet.Observation{
		Servers: []fleet.Server{{Name: "pg", IdleInTransaction: []fleet.IdleInTransaction{{Pool: "g/d2"}, {Pool: "g/own"},
			{Pool: "other/d2"},
			{}}}},
		Processes: []fleet.Process{
			{ID: "g/1", Group: "g", Version: "1.24.1", Settings: settings, Aliases: []fleet.Alias{alias("d1", "pg", 5, 2),
				alias("d2", "pg", 7, 3), alias("own", "pg", 9, 4)}},
			{ID: "g/2", Group: "g", Version: "1.24.1", Settings: settings, Aliases: []fleet.Alias{alias("own", "pg", 9, 4)}},
			{ID: "other/1", Group: "other", Aliases: []fleet.Alias{alias("d2", "pg", 1, 1)}},
		},
	}
	got, err := fleet.Gather(sample, map[string][]string{"g/1": {"own", "*"}, "g/2": {"own", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := fleet.FindAlias(got, "g/1", fleet.AutoDB)
	if !ok || a.SizeConns != 12 || a.Server != "pg" || a.Counters.Xacts != 12 || a.Counters.WaitTime != 2*time.Second ||
		len(a.Pools) != 2 || a.Pools[1].User != "u@d2" || a.Pools[1].ServersActive != 3 {
		t.Errorf("%+v", a)
	}
	if b, ok := fleet.FindAlias(got, "g/2", fleet.AutoDB); !ok || b.Server != "pg" || len(b.Pools) != 0 {
		t.Errorf("where nobody has come yet: %+v", b)
	}
	if n := len(got.Processes[0].Aliases); n != 2 || len(got.Processes[2].Aliases) != 1 ||
		len(sample.Processes[0].Aliases) != 3 {
		t.Errorf("%d aliases are left; %+v", n, sample.Processes[0].Aliases)
	}
	for i, want := range []string{"g/*", "g/own", "other/d2", ""} {
		if pool := got.Servers[0].IdleInTransaction[i].Pool; pool != want {
			t.Errorf("session %d is of %q, want %q", i, pool, want)
		}
	}
	later := sample
	later.Processes = []fleet.Process{sample.Processes[0]}
	later.Processes[0].Aliases = append([]fleet.Alias{}, sample.Processes[0].Aliases...)
	later.Processes[0].Aliases[0].SizeConns = 40 // somebody has given it a line since the files were read
	got, err = fleet.Gather(later, map[string][]string{"g/1": {"own", "*"}})
	if d1, ok := fleet.FindAlias(got, "g/1", "d1"); err != nil || !ok || d1.SizeConns != 40 {
		t.Errorf("a database with another size is hidden behind *: %+v (%v)", d1, err)
	}
	paused := later
	paused.Processes[0].Aliases = append([]fleet.Alias{}, sample.Processes[0].Aliases...)
	paused.Processes[0].Aliases[1].Paused = true
	got, err = fleet.Gather(paused, map[string][]string{"g/1": {"own", "*"}})
	if a, ok := fleet.FindAlias(got, "g/1", fleet.AutoDB); err != nil || !ok || !a.Paused {
		t.Errorf("a database that is paused: %+v (%v)", a, err)
	}
	sample.Processes[0].Users = []fleet.UserLimit{{Name: "u", SizeConns: 40}}
	if _, err := fleet.Gather(sample, map[string][]string{"g/1": {"own", "*"}}); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("a user with a size of its own: %v", err)
	}
}
