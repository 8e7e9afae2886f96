package sizing_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func TestCPUAboveTheCeilingIsInfeasibleAndBestEffortCapsBusyConnections(t *testing.T) {
	d := plannertest.WhatIf(200)
	d.Servers[0].Cores = 8
	for i := range d.Pools {
		d.Pools[i].Load.CPUPerXact = 4 * time.Millisecond // 2 × 1000/s × 4 ms = 8 cores
	}
	plan, err := trySolve(t, d, sizing.Options{})
	if operr.KindOf(err) != operr.KindInfeasible || plan.Infeasible.Constraint != "cpu" {
		t.Fatalf("%v", err)
	}
	plan, err = trySolve(t, d, sizing.Options{BestEffort: true})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, x := range plan.Pools {
		total += x.ToSize * x.LinePools
	}
	if total > 16 { // 20 Erlangs at 100 % CPU, ceiling 80 %
		t.Errorf("%d connections may be busy, the ceiling carries 16", total)
	}
	d.Servers[0].CPUHeadroom, d.Servers[0].CPUHold = 0, 0.95
	plan, _ = trySolve(t, d, sizing.Options{})
	if plan.Infeasible == nil || math.Abs(float64(plan.Infeasible.Cap)-0.90) > 1e-12 {
		t.Errorf("%+v; want the ceiling 5 points below the hold level of 0.95", plan.Infeasible)
	}
}

func TestCPUIsPredictedForTheDemandThatAFullPoolHides(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 5, Version: "1.24.1", Mode: "transaction", Active: 5,
		Waiting: 5000, MaxWait: 5 * time.Second, Counts: true}
	var samples []fleet.Observation
	for range 20 {
		w.Run(3*time.Second, 300, 50*time.Millisecond, 5*time.Second) // 100/s served
		w.Xacts += 2700                                               // of 1000/s that come
		o := w.Sample()
		o.Signals = []fleet.Signal{{Name: fleet.SignalCPU, Server: "main", Value: 0.5, At: o.At}}
		samples = append(samples, o)
	}
	e := plannertest.EvidenceOf(t, samples...)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sizing.Solve(f, sizing.Options{})
	if operr.KindOf(err) != operr.KindInfeasible || plan.Infeasible == nil ||
		math.Abs(float64(plan.Infeasible.Need)-5) > 0.3 {
		t.Errorf("%v; want 500 %% CPU predicted: ten times what is served now", err)
	}
	if plan.Objective.Known() || plan.Gap.Known() || len(plan.Pools) != 0 {
		t.Errorf("an infeasible plan claims objective %v and gap %v", plan.Objective, plan.Gap)
	}
	f.Servers[0].CPU.Now = 0.05 // then 50 % are predicted: feasible, and extrapolated
	plan, err = sizing.Solve(f, sizing.Options{})
	if err != nil || !plan.Servers[0].CPU.Extrapolated || !strings.Contains(strings.Join(plan.Warnings, "\n"),
		"CPU is extrapolated") {
		t.Errorf("%v, %+v, %q", err, plan.Servers, plan.Warnings)
	}
}
