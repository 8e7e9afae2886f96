package plannertest

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// Starred is a gathered process whose line of * has those databases, each with those pools.
func Starred(t *testing.T, p fleet.Process, s fleet.Server, databases map[string][]fleet.PoolGauges,
	change func(*fleet.Alias)) fleet.Observation {
	t.Helper()
	p.ID, p.Group, p.At = "g/1", "g", Epoch
	p.Settings.PoolMode = "transaction"
	for name, pools := range databases {
		a := fleet.Alias{Name: name, Database: name, SizeConns: p.Settings.DefaultPoolConns, MaxConns: p.Settings.MaxDBConns,
			Server: "pg", PoolMode: "transaction", Pools: pools}
		if change != nil {
			change(&a)
		}
		p.Aliases = append(p.Aliases, a)
	}
	s.Name = "pg"
	if s.MaxConns == 0 {
		s.MaxConns = 500
	}
	g, err := fleet.Gather(fleet.Observation{At: Epoch, Servers: []fleet.Server{s}, Processes: []fleet.Process{p}},
		map[string][]string{"g/1": {fleet.AutoDB}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Modelled is the fleet of one sample, nothing declared.
func Modelled(t *testing.T, o fleet.Observation) budget.Fleet {
	t.Helper()
	var loads []load.Load
	for _, id := range fleet.PoolIDs(o) {
		loads = append(loads, load.Load{Pool: id, Unknown: "not asked"})
	}
	f, err := budget.Model(Epoch, budget.Declared{SizeAll: true}, load.Evidence{To: Epoch, Samples: 1, Last: o}, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// LimitsOfFleet are the limits with what is left of each and how many copies are under it.
func LimitsOfFleet(f budget.Fleet) map[string][2]int {
	out := map[string][2]int{}
	for _, l := range f.Limits {
		out[l.Text()] = [2]int{l.Conns, len(l.Members)}
	}
	return out
}

// Worst is what the ledger counts for the pools of one server, users that are counted as a whole included.
func Worst(f budget.Fleet, server string) int {
	_, users := f.Retallied(server)
	return f.WorstConns(server) + users
}
