package plannertest

import (
	"slices"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// Ptr points to a number.
func Ptr(n int) *int { return &n }

// WhatIf is a server of K connections with pools main and ci, 2 processes each, that the test changes.
func WhatIf(k int) budget.Declared {
	server := budget.DeclaredOf("main", budget.Declared{})
	server.MaxConns, server.DirectConns = Ptr(k), Ptr(0)
	d := budget.Declared{Servers: []budget.DeclaredServer{server}, Deadband: 0}
	for _, id := range []string{"ci/app", "main/app"} {
		p, _ := d.Pool(id)
		p.LinePools, p.Size = 2, Ptr(10)
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 1000, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}

// CheckLedger proves the promise on the printed numbers alone.
func CheckLedger(t *testing.T, p sizing.Plan) {
	t.Helper()
	for _, s := range p.Servers {
		sum := s.SpareConns - s.SavedConns
		for _, l := range s.Ledger[1:] {
			sum += l.Conns
		}
		if sum != s.MaxConns || s.Ledger[0].Conns != s.MaxConns {
			t.Fatalf("the ledger of %s adds up to %d with the spare, max_connections is %d: %+v", s.Name, sum, s.MaxConns,
				s.Ledger)
		}
		if s.SpareConns < 0 {
			t.Fatalf("%s is over its budget by %d", s.Name, -s.SpareConns)
		}
		after := 0
		for _, x := range p.Pools {
			if x.Server == s.Name || slices.Contains(x.AlsoOn, s.Name) {
				after += x.WorstConns.After
			}
		}
		if after -= s.SavedConns; after != s.PlannedConns {
			t.Fatalf("the pools of %s add up to %d, planned are %d", s.Name, after, s.PlannedConns)
		}
	}
}

// SeenFleet is a fleet of one process with pools that a recording showed: size, reserve, seen connections per alias.
func SeenFleet(aliases ...fleet.Alias) (fleet.Observation, fleet.Observation) {
	o := fleet.Observation{At: Epoch, Servers: []fleet.Server{{Name: "main", MaxConns: 60, SuperuserReservedConns: 3}},
		Processes: []fleet.Process{{ID: "main/1", Group: "main", Version: "1.24.1",
			Settings: fleet.Settings{ReserveTimeout: 5 * time.Second}}}}
	later := o
	later.At = Epoch.Add(60 * time.Second)
	later.Processes = []fleet.Process{o.Processes[0]}
	for _, a := range aliases {
		a.Database, a.PoolMode, a.Server = a.Name, "transaction", "main"
		o.Processes[0].Aliases = append(o.Processes[0].Aliases, a)
		a.Counters.Xacts += 24000
		a.Counters.Assignments += 24000
		a.Counters.XactTime += 240 * time.Second // 4 Erlangs
		later.Processes[0].Aliases = append(later.Processes[0].Aliases, a)
	}
	return o, later
}

// Quarter makes the loads of a later sample a quarter of what they were.
func Quarter(later fleet.Observation) {
	for i := range later.Processes[0].Aliases {
		later.Processes[0].Aliases[i].Counters.XactTime /= 4
	}
}

// SeenAlias is an alias with a size, a reserve, and so many idle connections of each user.
func SeenAlias(name string, size, reserve, conns int, users ...string) fleet.Alias {
	a := fleet.Alias{Name: name, SizeConns: size, ReserveConns: reserve}
	for _, u := range users {
		a.Pools = append(a.Pools, fleet.PoolGauges{User: u, ServersIdle: conns})
	}
	return a
}

// SolveSeen models two samples, plans, and checks the ledger of the plan.
func SolveSeen(t *testing.T, d budget.Declared, first, later fleet.Observation) (budget.Fleet, sizing.Plan) {
	t.Helper()
	e := EvidenceOf(t, first, later)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(Epoch, d, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sizing.Solve(f, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	CheckLedger(t, p)
	return f, p
}
