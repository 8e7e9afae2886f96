package sizing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// planFor plans one pool on an open budget.
func planFor(t *testing.T, e load.Evidence, declared *budget.DeclaredLoad) sizing.PlanPool {
	t.Helper()
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	d := budget.Declared{Servers: []budget.DeclaredServer{budget.DeclaredOf("main", budget.Declared{})},
		Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain}
	p, _ := d.Pool("main/app")
	p.Load = declared
	d.Pools = []budget.DeclaredPool{p}
	f, err := budget.Model(plannertest.Epoch, d, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sizing.Solve(f, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan.Pools[0]
}

func TestAPausedPoolKeepsItsSize(t *testing.T) {
	samples := plannertest.Quiet(func(_ int, o *fleet.Observation) {
		a := o.Processes[0].Aliases[0]
		a.Name, a.Paused, a.Counters, a.Pools = "stopped", true, fleet.Counters{},
			[]fleet.PoolGauges{{User: "app1", ClientsWaiting: 30}}
		o.Processes[0].Aliases = append(o.Processes[0].Aliases, a)
		second := o.Processes[0]
		second.ID, second.Aliases = "main/2", slices.Clone(second.Aliases)
		o.Processes = append(o.Processes, second)
	})
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
	if err != nil {
		t.Fatal(err)
	}
	x := plan.Pools[1]
	why := x.Frozen.Text()
	if x.ToSize != 15 || x.FrozenCode != verdict.AlwaysPaused || strings.Count(why, "paused") != 2 ||
		!strings.Contains(why, "main/1/stopped") || !strings.Contains(why, "main/2/stopped") {
		t.Errorf("size %d, frozen %q; want 15 and why, of both processes", x.ToSize, why)
	}
	if x.UseNow.Known() || x.Utilization.Known() || x.Wait.P99.Known() || x.Wait.P99Now.Known() {
		t.Errorf("%+v; of a load that is not known follows no use and no wait", x)
	}
}

func TestFullMinutesOfTheLookbackAreItsPeaks(t *testing.T) {
	var h, eight load.Histogram
	for i := range 1000 {
		h = h.Add(plannertest.Epoch.Add(time.Duration(i-1000)*time.Minute), 2)
		eight = eight.Add(plannertest.Epoch.Add(time.Duration(i-1000)*time.Minute), 8)
	}
	for _, c := range []struct {
		censored, full float64
		least, most    int // size
		atLeast        bool
		target         float64
	}{{0, 0, 3, 14, false, 2}, {.005, 14, 3, 14, false, 2}, {.03, 14, 15, 20, true, 2}, {.5, 14, 16, 20, true, 14},
		{.5, 0, 15, 15, true, 2}} {
		// Beside it a pool that wants more than there is.
		samples := plannertest.Quiet(func(i int, o *fleet.Observation) {
			n := time.Duration(i)
			o.Processes[0].Aliases = append(o.Processes[0].Aliases, fleet.Alias{Name: "other", Database: "other", SizeConns: 9,
				PoolMode: "transaction", Server: "main", Proof: fleet.ProofBackends,
				Counters: fleet.Counters{Xacts: 800 * int64(i), Assignments: 800 * int64(i), XactTime: 8 * n * time.Second},
				Pools:    []fleet.PoolGauges{{User: "app1", ServersActive: 8}}})
			o.Servers[0].MaxConns = 38
		})
		e := plannertest.EvidenceOf(t, samples...)
		e.History = load.History{Lookback: 7 * 24 * time.Hour, Pools: []load.PoolHistory{{Pool: "main/app", Erlangs: h,
			Censored: c.censored, Full: c.full}, {Pool: "main/other", Erlangs: eight}}}
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		if l := loads[0]; l.AtLeast != c.atLeast || l.Erlangs.Target < c.target-.2 || l.Erlangs.Target > c.target+.2 {
			t.Errorf("full in %g of the minutes: %+v at least %v, want about %g, %v", c.censored, l.Erlangs, l.AtLeast, c.target,
				c.atLeast)
		}
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Deadband: budget.DefaultDeadband,
			LeastGain: budget.DefaultLeastGain}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := sizing.Solve(f, sizing.Options{})
		if err != nil {
			t.Errorf("full in %g of the minutes: %v", c.censored, err)
			continue
		}
		if n := plan.Pools[0].ToSize; n < c.least || n > c.most {
			t.Errorf("full in %g of the minutes: 15 -> %d, want %d to %d", c.censored, n, c.least, c.most)
		}
	}
}

func TestSessionsAreWhatIsThere(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 5, Version: "1.24.1", Mode: "session", Active: 5, Waiting: 3,
		MaxWait: time.Minute, Counts: true}
	var samples []fleet.Observation
	for range 60 {
		samples = append(samples, w.Sample())
		w.At = w.At.Add(time.Second)
	}
	if x := planFor(t, plannertest.EvidenceOf(t, samples...), nil); x.ToSize != 8 {
		t.Errorf("8 sessions on 5 connections: 5 -> %d, want 8", x.ToSize)
	}
	w.Size, w.Active, w.Waiting = 15, 6, 0
	samples = nil
	for range 60 {
		samples = append(samples, w.Sample())
		w.Run(time.Second, 100, 10*time.Millisecond, 0)
	}
	for _, declared := range []*budget.DeclaredLoad{nil, {ArrivalsPerSec: 100, MeanHold: 10 * time.Millisecond,
		ArrivalSCV: 1, HoldSCV: 1}} {
		if x := planFor(t, plannertest.EvidenceOf(t, samples...), declared); x.ToSize != 15 {
			t.Errorf("6 sessions on 15 connections, load declared %v: 15 -> %d, want 15", declared != nil, x.ToSize)
		}
	}
}

func TestThoseLeftTakeWhatTheLostCarried(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		lost   int
		floor  int
	}{{[]float64{.9, .1}, 1, 10}, {[]float64{.5, .5}, 1, 10}, {[]float64{1, 0}, 1, 10}, {[]float64{.4, .3, .3}, 1, 6},
		{[]float64{.4, .3, .3}, 2, 10}} {
		p := budget.FleetPool{ID: "m/a", Server: "s", Rules: budget.Rules{Min: 1, Weight: 1, Utilization: .9,
			SurviveLoss: c.lost},
			Load: load.Load{Erlangs: load.Range{Lower: 9, Target: 9, Upper: 9}, MeanHold: 10 * time.Millisecond, ArrivalSCV: 1,
				HoldSCV: 1}}
		for i, s := range c.shares {
			id := "m/" + string(rune('1'+i))
			p.Sizes = append(p.Sizes, budget.Size{Process: id, Conns: 20, CapConns: 0})
			p.LinePools = append(p.LinePools, budget.LinePool{Process: id, User: "u", Share: s})
		}
		if n, by, err := sizing.Floor(p); n != c.floor || err != nil {
			t.Errorf("shares %v, %d lost: floor %d (%s) %v, want %d", c.shares, c.lost, n, by, err, c.floor)
		}
	}
}
