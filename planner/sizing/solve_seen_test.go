package sizing_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAPoolThatShowsTooLittleKeepsItsSize(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"), plannertest.SeenAlias("nightly", 12, 0, 0,
		"cron"))
	nightly := &b.Processes[0].Aliases[1]
	nightly.Counters = fleet.Counters{Xacts: 99, XactTime: time.Second}
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[1]; x.ToSize != 12 || !x.Frozen.Is(verdict.FewForSize) ||
		!strings.Contains(x.Frozen.Text(), "99 transactions in 1m0s are too few") {
		t.Errorf("%+v; want main/nightly frozen at 12", x)
	}
	nightly.Counters.Xacts = 100
	_, plan = plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[1]; x.Frozen.Any() || x.ToSize == 12 {
		t.Errorf("%+v; want main/nightly sized by its 100 transactions", x)
	}
}

func TestDirectConnectionsCountAtTheirHighest(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"))
	a.Servers = []fleet.Server{{Name: "main", MaxConns: 60, SuperuserReservedConns: 3,
		Backends: fleet.BackendCounts{DirectConns: 9}}}
	b.Servers = []fleet.Server{{Name: "main", MaxConns: 60, SuperuserReservedConns: 3,
		Backends: fleet.BackendCounts{DirectConns: 4, OrphanConns: 2, ClosingConns: 1}}}
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if got := f.Servers[0].BudgetConns; got != 60-3-9-2-1-5 {
		t.Errorf("budget %d, want 60 − 3 reserved − 9 direct − 2 orphans − 1 closing − 5 headroom", got)
	}
	var h load.Histogram
	for i := range 200 {
		h = h.Add(plannertest.Epoch, float64(i/199*8+4)) // 4 always, 12 once
	}
	e := plannertest.EvidenceOf(t, a, b)
	e.History = load.History{Servers: []load.ServerHistory{{Server: "main", Direct: h}}}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	d := budget.Declared{SizeAll: true}
	direct := func() budget.Line {
		f, err := budget.Model(plannertest.Epoch, d, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		return f.Servers[0].Lines[3]
	}
	if got := direct(); got.Conns != 12 || got.Count != budget.CountHighest {
		t.Errorf("%+v, want 12, the highest of the lookback", got)
	}
	s := budget.DeclaredOf("main", budget.Declared{})
	s.DirectCount = budget.CountP99
	d.Servers = []budget.DeclaredServer{s}
	if got := direct(); got.Conns != 5 || got.Count != budget.CountP99 || !strings.Contains(got.Source, "highest 12") {
		t.Errorf("%+v, want 5 (p99, rounded up in its bucket), with the highest named", got)
	}
}

func TestCapsOfOneProcessDoNotHoldForAnother(t *testing.T) {
	first := plannertest.SeenAlias("app", 10, 0, 1, "app1", "app2")
	first.MaxConns = 8
	a, b := plannertest.SeenFleet(first)
	for _, o := range []*fleet.Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []fleet.Alias{second.Aliases[0]}
		second.Aliases[0].MaxConns = 0
		o.Processes = append(o.Processes, second)
		o.Servers = []fleet.Server{{Name: "main", MaxConns: 100, SuperuserReservedConns: 3}}
	}
	f, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if got := f.Pools[0].WorstConns; got != 8+20 {
		t.Errorf("worst case %d, want 8 in the process with max_db_connections 8 and 2 × 10 in the other", got)
	}
	if x := plan.Pools[0]; x.WorstConns.After != 8+2*x.ToSize {
		t.Errorf("%+v; want 8 in the one process and twice the size in the other", x)
	}
}

func TestALimitOvercommittedByOthersDoesNotForbidTodaysSizes(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 6, 0, 5, "app1"), plannertest.SeenAlias("other", 30, 0, 5,
		"app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 20}}
	}
	d := budget.Declared{}
	p, _ := d.Pool("main/app")
	d.Pools = []budget.DeclaredPool{p}
	_, plan := plannertest.SolveSeen(t, d, a, b)
	if x := plan.Pools[0]; x.ToSize != 6 {
		t.Errorf("%+v; want at most today's 6: the frozen pool may take all 20 of the role", x)
	}
}

func TestAUsersOwnReserveCounts(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 1, 3, "app1", "app2"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app2", ReserveConns: 4}}
	}
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if got := f.Pools[0].WorstConns; got < 5+1+5+4 {
		t.Errorf("worst case %d, want at least (5+1) + (5+4)", got)
	}
	// What the plan makes of the line's reserve is no matter to a user that has its own.
	rules, _ := budget.Declared{}.Pool("main/app")
	rules.Reserve = &budget.IntRange{Min: 0, Max: 2}
	_, plan := plannertest.SolveSeen(t, budget.Declared{Pools: []budget.DeclaredPool{rules}}, a, b)
	x := plan.Pools[0]
	if got, want := x.WorstConns.After, x.ToSize+x.ReserveSize+x.ToSize+4; got != want {
		t.Errorf("planned worst case %d of %d + %d, want %d: app2 keeps its reserve of 4", got, x.ToSize, x.ReserveSize, want)
	}
}

func TestADoubtfulUserSizeCountsWhereItIsTheLargerOne(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 0, 3, "app1", "app2"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app2", SizeConns: 30, Doubtful: true}}
	}
	f, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if got := f.Pools[0].WorstConns; got != 5+30 {
		t.Errorf("worst case %d, want 5 and, for the user whose size may be 30, 30", got)
	}
	x := plan.Pools[0]
	if x.LinePools != 2 || x.WorstConns.After != x.ToSize+max(30, x.ToSize) ||
		!strings.Contains(strings.Join(plan.Warnings, "\n"), "may show app2 the pool_size of another user") {
		t.Errorf("%+v, warnings %q", x, plan.Warnings)
	}
}

func TestSessionPoolsAreNeverShrunkOnAGauge(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 0, 5, "app1"), plannertest.SeenAlias("sessions", 20, 0,
		18, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Aliases[1].PoolMode = "session"
		o.Processes[0].Aliases[1].Pools[0].ServersActive = 6
	}
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[1]; x.ToSize < 20 || x.Wait.P99.Known() || x.Utilization.Known() {
		t.Errorf("%+v; want at least 20, and no modelled waits", x)
	}
}

func TestWhatIsOpenBeyondTheSettingsStaysInThePlan(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 20, 0, 30, "app1"))
	f, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if f.Pools[0].WorstConns != 30 || f.Pools[0].OverConns != 10 {
		t.Errorf("worst %d, beyond the settings %d; want 30 and 10", f.Pools[0].WorstConns, f.Pools[0].OverConns)
	}
	if x := plan.Pools[0]; x.WorstConns.After != x.ToSize+10 {
		t.Errorf("%+v; want the 10 counted until they are gone", x)
	}
}

func TestAUserWhoseLimitBindsIsCountedAsAWhole(t *testing.T) {
	var aliases []fleet.Alias
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		aliases = append(aliases, plannertest.SeenAlias(name, 20, 0, 2, "app1"))
	}
	a, b := plannertest.SeenFleet(aliases...)
	plannertest.Quarter(b)
	a.Processes[0].Settings.MaxUserConns, b.Processes[0].Settings.MaxUserConns = 20, 20
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true, Deadband: budget.DefaultDeadband}, a, b)
	for _, x := range plan.Pools {
		if x.ToSize != 20 {
			t.Errorf("%s %d → %d; the limit of 20 is no reason to shrink", x.ID, 20, x.ToSize)
		}
	}
	if s := plan.Servers[0]; s.BudgetConns != 60-3-5-20 || s.PlannedConns != 0 {
		t.Errorf("budget %d, planned %d; want the user's 20 as one line of the ledger", s.BudgetConns, s.PlannedConns)
	}
}

func TestAnOvercommittedCapIsNotInfeasible(t *testing.T) {
	capped := plannertest.SeenAlias("app", 20, 5, 1, "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "v1")
	capped.MaxConns = 40
	a, b := plannertest.SeenFleet(capped)
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[0]; x.WorstConns.After != 40 {
		t.Errorf("%+v; want 40, the cap", x)
	}
}

func TestGrowthOfAPoolCountedAtItsPeakIsChargedForEachProcess(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 5, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []fleet.Alias{second.Aliases[0]}
		second.Aliases[0].SizeConns = 30
		o.Processes = append(o.Processes, second)
	}
	p, _ := budget.Declared{}.Pool("main/app")
	p.Count, p.Min = budget.CountHighest, 30
	_, plan := plannertest.SolveSeen(t, budget.Declared{Pools: []budget.DeclaredPool{p}, LeastGain: 1}, a, b)
	if x := plan.Pools[0]; x.ToSize != 30 || x.WorstConns.After != 10+20 {
		t.Errorf("%+v; want 10 seen and 20 by which main/1 grows", x)
	}
}

func TestMarginalsAreThoseOfTheNextUnit(t *testing.T) {
	d := plannertest.WhatIf(61) // budget 53, units of 2: 26 units and one connection spare
	p := solve(t, d)
	marginal := p.Servers[0].Marginal
	if marginal.OneMore == nil || marginal.OneMore.UnitConns != 2 || marginal.OneMore.ShortConns != 1 ||
		marginal.OneFewer == nil ||
		marginal.OneFewer.Costs <= marginal.OneMore.Saves {
		t.Errorf("%+v %+v, spare %d", marginal.OneMore, marginal.OneFewer, p.Servers[0].SpareConns)
	}
	d.Servers[0].MaxConns = plannertest.Ptr(62)
	more := solve(t, d)
	if saved := float64(p.Objective - more.Objective); math.Abs(saved-marginal.OneMore.Saves) > 1e-12 {
		t.Errorf("one more connection saves %g, the marginal said %g", saved, marginal.OneMore.Saves)
	}
}
