package planner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

func TestARELOADRecyclesFrom116To123WithTLS(t *testing.T) {
	for _, c := range []struct {
		version, tls string
		want         bool
	}{
		{"1.15.0", "require", false}, {"1.16.0", "prefer", true}, {"1.18.0", "disable", false}, {"1.18.0", "prefer", true}, {"1.20.1", "prefer", true},
		{"1.23.1", "verify-full", true}, {"1.23.1", "disable", false}, {"1.23.1", "", false}, {"1.24.0", "prefer", false}, {"1.25.2", "require", false}, {"", "prefer", false},
	} {
		if got := planner.Recycles(c.version, c.tls); got != c.want {
			t.Errorf("%s with %s: %v, want %v", c.version, c.tls, got, c.want)
		}
	}
}

// recycling is a fleet of one process with two pools, of two users and of one, 2 × 8 + 8 connections at most.
func recycling(t *testing.T, version string, maxConns int) planner.Fleet {
	t.Helper()
	o := planner.Observation{At: time.Unix(1e9, 0), Servers: []planner.Server{{Name: "main", MaxConns: maxConns}}}
	alias := func(name string, users ...string) planner.Alias {
		a := planner.Alias{Name: name, Database: name, SizeConns: 8, PoolMode: "transaction", Server: "main", Proof: planner.ProofBackends, Counters: planner.Counters{Assignments: -1}}
		for _, u := range users {
			a.Pools = append(a.Pools, planner.PoolGauges{User: u, ServersIdle: 1})
		}
		return a
	}
	o.Processes = []planner.Process{{ID: "rw/1", Group: "rw", Version: version, Settings: planner.Settings{DefaultPoolConns: 20, PoolMode: "transaction", ServerTLS: "prefer"},
		Aliases: []planner.Alias{alias("blog", "a", "b"), alias("shop", "a")}}}
	var e planner.Evidence
	for range 3 {
		var err error
		if e, err = e.Add(o); err != nil {
			t.Fatal(err)
		}
		o.At = o.At.Add(time.Minute)
	}
	loads, err := planner.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := planner.Model(o.At, planner.Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatARecyclingMayOpenStandsInTheLedger(t *testing.T) {
	old, mended := recycling(t, "1.23.1", 100).Servers[0], recycling(t, "1.24.0", 100)
	line := planner.Line{Item: "recycling of rw/1", Conns: 3, Source: "one more a pool at any RELOAD", Count: planner.CountWorst}
	found := false
	for _, l := range old.Lines {
		found = found || l == line
	}
	if !found || old.RecycleConns != 3 || old.BudgetConns != mended.Servers[0].BudgetConns-3 {
		t.Errorf("%d of %d, lines %+v; want %+v", old.RecycleConns, old.BudgetConns, old.Lines, line)
	}
	if mended.Servers[0].RecycleConns != 0 || planner.RecyclingRefused(mended, planner.Policy{}) != nil {
		t.Errorf("1.24 recycles %d", mended.Servers[0].RecycleConns)
	}
	said := strings.Join(recycling(t, "1.23.1", 100).Warnings, "\n")
	for _, want := range []string{"rw/1: PgBouncer 1.23.1 with server_tls_sslmode prefer", "policy: {accept: [recycle]}"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
}

// TestARecyclingIsRefusedUnlessAcceptedAndHeld: 24 connections at most, 3 by a RELOAD, and 8 for the server itself.
func TestARecyclingIsRefusedUnlessAcceptedAndHeld(t *testing.T) {
	probe := recycling(t, "1.23.1", 100)
	enough := 100 - probe.SpareConns("main")
	for _, c := range []struct {
		max    int
		accept bool
		want   planner.Kind
		none   bool
	}{
		{enough, true, 0, true}, {enough - 1, true, planner.KindInfeasible, false}, {enough, false, planner.KindUsage, false},
	} {
		err := planner.RecyclingRefused(recycling(t, "1.23.1", c.max), planner.Policy{Recycle: c.accept})
		if (err == nil) != c.none || !c.none && (planner.KindOf(err) != c.want || planner.HintOf(err) == "") {
			t.Errorf("max_connections %d, accepted %v: %v", c.max, c.accept, err)
		}
	}
}
