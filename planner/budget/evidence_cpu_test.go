package budget_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestCPUIsThatOfTheOtherEvidence takes readings, and what could not be read, from a second evidence.
func TestCPUIsThatOfTheOtherEvidence(t *testing.T) {
	sample := func(at time.Duration, direct int, cpu fleet.Signal) fleet.Observation {
		return fleet.Observation{At: plannertest.Noon.Add(at), Servers: []fleet.Server{{Name: "pg", MaxConns: 100,
			Backends: fleet.BackendCounts{DirectConns: direct}}}, Signals: []fleet.Signal{cpu}}
	}
	first, err := load.Evidence{}.Add(sample(0, 9, fleet.Signal{Name: fleet.SignalCPU, Server: "pg", Value: 0.6}))
	if err != nil {
		t.Fatal(err)
	}
	later, err := load.Evidence{}.Add(sample(time.Minute, 2, fleet.Signal{Name: fleet.SignalCPU, Server: "pg",
		Value: 0.9}))
	if err != nil {
		t.Fatal(err)
	}
	if p := first.WithCPU(later).Peaks[0]; p.CPUSum != 0.9 || p.CPUReads != 1 || p.DirectConns != 9 ||
		first.Peaks[0].CPUSum != 0.6 {
		t.Errorf("%+v", p)
	}
	blind, err := load.Evidence{}.Add(sample(time.Minute, 2, fleet.Signal{Name: fleet.SignalCPU, Server: "pg",
		Value: fleet.Unknown(), Error: "no answer"}))
	if err != nil {
		t.Fatal(err)
	}
	e := first.WithCPU(blind)
	if _, err := budget.Model(e.To, budget.Declared{SizeAll: true,
		Servers: []budget.DeclaredServer{{Name: "pg", DirectCount: budget.CountHighest}}}, e,
		nil); operr.KindOf(err) != operr.KindEvidence {
		t.Errorf("a CPU that cannot be read is planned without: %v", err)
	}
}
