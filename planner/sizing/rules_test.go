package sizing_test

import (
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

func TestCapsCountReserves(t *testing.T) {
	capped := plannertest.SeenAlias("app", 4, 2, 3, "app1")
	capped.MaxConns = 12
	a, b := plannertest.SeenFleet(capped)
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[0]; x.ToSize != 12 || plan.Servers[0].PlannedConns != 12 {
		t.Errorf("size %d, %d connections; want 12 and 12: the reserve of 2 counts under max_db_connections 12", x.ToSize,
			plan.Servers[0].PlannedConns)
	}
}

func TestAForcedUserBefore123IsLimitedInEachDatabaseApart(t *testing.T) {
	for _, c := range []struct {
		version string
		want    int
	}{{"1.18.0", 6 + 6}, {"1.23.1", 6}} {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("d1", 10, 0, 1, "forced"), plannertest.SeenAlias("d2", 10, 0, 1,
			"forced"))
		plannertest.Quarter(b)
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Processes[0].Version = c.version
			o.Processes[0].Settings.MaxUserConns = 6
			for i := range o.Processes[0].Aliases {
				o.Processes[0].Aliases[i].ForceUser = "forced"
			}
		}
		f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
		got := f.Pools[0].WorstConns + f.Pools[1].WorstConns
		for _, l := range f.Servers[0].Lines {
			if strings.HasPrefix(l.Item, "user ") {
				got += l.Conns
			}
		}
		if got != c.want {
			t.Errorf("%s: worst case %d, want %d", c.version, got, c.want)
		}
	}
}

func TestAUserLimitOfZeroLiftsTheProcesss(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 1, "app1", "app2"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Settings.MaxUserConns = 4
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app2", MaxConns: fleet.Unlimited}}
	}
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if f.Servers[0].BudgetConns != 60-3-5-4 || f.Pools[0].WorstConns != 10 {
		t.Errorf("budget %d, worst %d; want app1 counted at its 4 and app2 at 10", f.Servers[0].BudgetConns,
			f.Pools[0].WorstConns)
	}
}

func TestSizeZeroWithoutACapHasNoWorstCase(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 0, 0, 4, "app1"))
	e := plannertest.EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e,
		loads); operr.KindOf(err) != operr.KindEvidence {
		t.Errorf("%v, want a refusal: 0 is unlimited", err)
	}
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Aliases[0].MaxConns = 12
	}
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if f.Pools[0].WorstConns != 12 {
		t.Errorf("worst case %d, want max_db_connections", f.Pools[0].WorstConns)
	}
}

func TestBestEffortClaimsNoProof(t *testing.T) {
	plan, err := trySolve(t, plannertest.WhatIf(26), sizing.Options{BestEffort: true})
	if err != nil || plan.Gap.Known() {
		t.Errorf("%v, gap %v; want none", err, plan.Gap)
	}
}

func TestCPUIfAllWereBusyCountsTheBase(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"))
	e := plannertest.EvidenceOf(t, a, b)
	e.History = load.History{Servers: []load.ServerHistory{{Server: "main", CPU: load.CPUFit{Samples: 100, Base: 0.1,
		Mean: 0.0005, MaxPerSec: 500,
		Demands: []load.CPUCost{{Pool: "main/app", RatioPerTPS: 0.0005}}}}}}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Deadband: 0.01}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sizing.Solve(f, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cpu := plan.Servers[0].CPU
	plannertest.Near(t, "predicted", float64(cpu.Predicted), 0.1+400*0.0005, 1e-9) // 24000 in 60 s
	conns := float64(plan.Servers[0].PlannedConns)
	plannertest.Near(t, "if all were busy", float64(cpu.AllBusy), 0.1+conns*0.0005/0.010, 1e-9)
}

func TestCompareSeesPoolsComeAndGoAndPromisesBreak(t *testing.T) {
	d := plannertest.WhatIf(60)
	f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sizing.Solve(f, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	saved := sizing.Saved{Fleet: f, Plan: plan}
	review := func(d budget.Declared) sizing.Review {
		t.Helper()
		now, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := sizing.Solve(now, sizing.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return sizing.Compare(saved, now, p)
	}
	if r := review(d); len(r.Moved) != 0 || len(r.Broken) != 0 || float64(r.Excess) != 0 ||
		r.Code != sizing.ReviewUnchanged {
		t.Errorf("nothing moved: %+v", r)
	}
	gone := plannertest.WhatIf(60)
	gone.Pools = gone.Pools[:1]
	if r := review(gone); len(r.Moved) != 1 || r.Moved[0] != "pool main/app is gone" {
		t.Errorf("%+v", r)
	}
	more := plannertest.WhatIf(60)
	extra := more.Pools[0]
	extra.ID, extra.Load = "zz/app", &budget.DeclaredLoad{ArrivalsPerSec: 10, MeanHold: 10 * time.Millisecond,
		ArrivalSCV: 1, HoldSCV: 1}
	more.Pools = append(more.Pools, extra)
	if r := review(more); len(r.Moved) != 1 || r.Moved[0] != "pool zz/app is new" || len(r.Broken) == 0 ||
		!strings.Contains(r.Broken[0], "the saved plan gives it no size") {
		t.Errorf("%+v", r)
	}
	loaded := plannertest.WhatIf(60)
	// 11.5 Erlangs a pool of the line, 13 planned: utilisation 0.88; p99 and mean still hold
	loaded.Pools[0].Load.ArrivalsPerSec = 2300
	if r := review(loaded); len(r.Moved) == 0 || !strings.Contains(r.Moved[0], "load of ci/app 10 → 23") {
		t.Errorf("%+v", r)
	}
}

func TestPoolsOfTheDefaultSizeAreNamed(t *testing.T) {
	for _, c := range []struct {
		sizes [3]int
		list  []string
		want  string // in the warnings; "" where nothing is to be said
		marks [3]bool
	}{
		{[3]int{10, 10, 8}, nil, "main/a, main/b have default_pool_size, 10: a line without", [3]bool{true, true, false}},
		{[3]int{7, 10, 8}, nil, "main/b has default_pool_size, 10: a line without", [3]bool{false, true, false}},
		{[3]int{7, 9, 8}, nil, "", [3]bool{}},
		{[3]int{10, 9, 8}, []string{"main/b"}, "", [3]bool{}}, // not ours
	} {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("a", c.sizes[0], 0, 4, "app1"), plannertest.SeenAlias("b",
			c.sizes[1], 0, 4, "app1"), plannertest.SeenAlias("c", c.sizes[2], 0, 4, "app1"))
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Processes[0].Settings.DefaultPoolConns, o.Processes[0].Settings.PoolMode = 10, "transaction"
		}
		d := budget.Declared{SizeAll: c.list == nil}
		for _, id := range c.list {
			p, _ := d.Pool(id)
			d.Pools = append(d.Pools, p)
		}
		f, plan := plannertest.SolveSeen(t, d, a, b)
		text := strings.Join(f.Warnings, "\n")
		if !strings.Contains(text, c.want) || c.want == "" && strings.Contains(text, "default_pool_size") || c.want != "" &&
			!strings.Contains(text, "list main/* in its place") {
			t.Errorf("%v: warnings %q, want %q", c.sizes, f.Warnings, c.want)
		}
		for i, x := range plan.Pools {
			if x.Follows != c.marks[i] {
				t.Errorf("%v: %s follows: %v, want %v", c.sizes, x.ID, x.Follows, c.marks[i])
			}
		}
	}
}
