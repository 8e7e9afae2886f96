package plannertest

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// Recycling is a fleet of one process with two pools, of two users and of one, 2 × 8 + 8 connections at most.
func Recycling(t *testing.T, version string, maxConns int) budget.Fleet {
	t.Helper()
	o := fleet.Observation{At: time.Unix(1e9, 0), Servers: []fleet.Server{{Name: "main", MaxConns: maxConns}}}
	alias := func(name string, users ...string) fleet.Alias {
		a := fleet.Alias{Name: name, Database: name, SizeConns: 8, PoolMode: "transaction", Server: "main",
			Proof: fleet.ProofBackends, Counters: fleet.Counters{Assignments: -1}}
		for _, u := range users {
			a.Pools = append(a.Pools, fleet.PoolGauges{User: u, ServersIdle: 1})
		}
		return a
	}
	o.Processes = []fleet.Process{{ID: "rw/1", Group: "rw", Version: version,
		Settings: fleet.Settings{DefaultPoolConns: 20, PoolMode: "transaction", ServerTLS: "prefer"},
		Aliases:  []fleet.Alias{alias("blog", "a", "b"), alias("shop", "a")}}}
	var e load.Evidence
	for range 3 {
		var err error
		if e, err = e.Add(o); err != nil {
			t.Fatal(err)
		}
		o.At = o.At.Add(time.Minute)
	}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(o.At, budget.Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
