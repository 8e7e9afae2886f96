package sizing_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func solve(t *testing.T, d budget.Declared) sizing.Plan {
	t.Helper()
	p, err := trySolve(t, d, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func trySolve(t *testing.T, d budget.Declared, opt sizing.Options) (sizing.Plan, error) {
	t.Helper()
	f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sizing.Solve(f, opt)
	plannertest.CheckLedger(t, p)
	return p, err
}

func sizesOf(p sizing.Plan) string {
	var out []string
	for _, x := range p.Pools {
		out = append(out, fmt.Sprintf("%s=%d", x.ID, x.ToSize))
	}
	return strings.Join(out, " ")
}

func TestEqualPoolsGetEqualSizes(t *testing.T) {
	p := solve(t, plannertest.WhatIf(60)) // budget 60 − 3 − 5 = 52
	if got := sizesOf(p); got != "ci/app=13 main/app=13" {
		t.Errorf("%s, want 13 each", got)
	}
	if p.Gap != 0 || p.Servers[0].BudgetConns != 52 {
		t.Errorf("gap %v, budget %d", p.Gap, p.Servers[0].BudgetConns)
	}
}

func TestWeightMovesConnections(t *testing.T) {
	d := plannertest.WhatIf(60)
	d.Pools[0].Weight = 20
	p := solve(t, d)
	if p.Pools[0].ToSize <= p.Pools[1].ToSize {
		t.Errorf("%s: the pool of weight 20 is not larger", sizesOf(p))
	}
}

func TestSurviveLossServesTheLoadWithOneProcessFewer(t *testing.T) {
	d := plannertest.WhatIf(120)
	d.Pools[0].SurviveLoss, d.Pools[0].Users = 1, []string{"app"}
	p := solve(t, d)
	// One process of two is lost: the other carries all 10 Erlangs.
	want, _ := queue.MinServers(10, 10*time.Millisecond, 1, queue.Target{Utilization: budget.DefaultUtilization,
		Mean: budget.DefaultMaxWaitMean, P99: budget.DefaultMaxWaitP99})
	x := p.Pools[0]
	if x.Floor != want || x.ToSize < want || !strings.Contains(x.FloorBy, "with 1 of 2 processes lost") {
		t.Errorf("floor %d by %q, size %d; want a floor of %d", x.Floor, x.FloorBy, x.ToSize, want)
	}
	if without := solve(t, plannertest.WhatIf(120)); without.Pools[0].Floor >= want {
		t.Errorf("the floor without survive_loss is %d already", without.Pools[0].Floor)
	}
}

func TestDeclaredLineTakesConnectionsFromThePools(t *testing.T) {
	d := plannertest.WhatIf(60)
	d.Lines = []budget.DeclaredLine{{Server: "main", Name: "backup agent", Conns: 8}}
	p := solve(t, d)
	if got := sizesOf(p); got != "ci/app=11 main/app=11" {
		t.Errorf("%s, want 11 each", got)
	}
	text, err := json.Marshal(p.Servers[0].Ledger)
	if err != nil || !strings.Contains(string(text),
		`{"item":"backup agent","conns":8,"source":"declared","count":"declared"}`) {
		t.Errorf("ledger %s, %v", text, err)
	}
}

func TestWorstCaseCountsUsersReservesAndWhatIsOpen(t *testing.T) {
	capped := plannertest.SeenAlias("capped", 10, 0, 7, "app1", "app2")
	capped.MaxConns = 12
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 2, 3, "app1", "app2"), capped,
		plannertest.SeenAlias("over", 4, 0, 9, "app1"))
	f, _ := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	for i, want := range []int{
		14, // 2 users × (5 + 2)
		14, // 2 × 10 capped at 12 by max_db_connections, but 14 are open, and a cap closes nothing
		9,  // 9 are open, more than size 4
	} {
		if got := f.Pools[i].WorstConns; got != want {
			t.Errorf("worst case of %s = %d, want %d", f.Pools[i].ID, got, want)
		}
	}
}

func TestCountAtPeakIsAnAcceptedRiskAndNamed(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 30, 0, 6, "app1"), plannertest.SeenAlias("big", 40, 0, 5,
		"app1"))
	d := budget.Declared{LeastGain: budget.DefaultLeastGain}
	for _, id := range []string{"main/app", "main/big"} {
		p, _ := d.Pool(id)
		d.Pools = append(d.Pools, p)
	}
	_, strict := plannertest.SolveSeen(t, d, a, b)
	d.Pools[1].Count = budget.CountHighest
	_, risk := plannertest.SolveSeen(t, d, a, b)
	x := risk.Pools[1]
	if x.WorstConns.Before != 5 || x.ToSize != 40 || x.WorstConns.After != 5 {
		t.Errorf("%+v; want 5 connections counted and the size left at 40", x)
	}
	if !strings.Contains(strings.Join(risk.Warnings, "\n"),
		"accepted risk: main/big is counted at its highest seen, 5 connections; the strict line would be 40") {
		t.Errorf("warnings %q do not name the risk", risk.Warnings)
	}
	if strict.Pools[1].ToSize >= 40 || risk.Servers[0].PlannedConns > risk.Servers[0].BudgetConns {
		t.Errorf("the strict plan leaves main/big at %d", strict.Pools[1].ToSize)
	}
}

func TestFrozenPoolsStayInTheLedger(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 0, 5, "app1"), plannertest.SeenAlias("other", 20, 0, 2,
		"app1"))
	d := budget.Declared{}
	p, _ := d.Pool("main/app")
	d.Pools = []budget.DeclaredPool{p}
	_, plan := plannertest.SolveSeen(t, d, a, b)
	if x := plan.Pools[1]; x.Frozen == "" || x.ToSize != 20 || x.WorstConns.After != 20 {
		t.Errorf("%+v; want main/other frozen at 20", x)
	}
}

func TestAUsersOwnSizeIsNotTheLinesToChange(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 1, 3, "app1", "app2"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app2", SizeConns: 8}}
	}
	f, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if f.Pools[0].WorstConns != 6+9 {
		t.Errorf("worst case %d, want (5+1) + (8+1)", f.Pools[0].WorstConns)
	}
	if x := plan.Pools[0]; x.Copies != 1 || x.WorstConns.After != x.ToSize+1+9 {
		t.Errorf("%+v; want one copy that follows the line, and 9 connections that do not", x)
	}
}

func TestCapsOfUsersRolesAndDatabasesBindThePlan(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fleet.Observation)
		bound  string
		most   int
	}{
		{"max_user_connections", func(o *fleet.Observation) { o.Processes[0].Settings.MaxUserConns = 20 },
			"max_user_connections 20 of app1 in main/1", 20},
		{"role", func(o *fleet.Observation) { o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 17}} },
			"CONNECTION LIMIT 17 of role app1", 17},
		{"database", func(o *fleet.Observation) { o.Servers[0].Databases = []fleet.ConnLimit{{Name: "app", Conns: 8}} },
			"CONNECTION LIMIT 8 of database app", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"), plannertest.SeenAlias("big", 8, 0, 5,
				"app1"))
			c.change(&a)
			c.change(&b)
			_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
			sum := plan.Pools[0].ToSize
			if c.name != "database" {
				sum += plan.Pools[1].ToSize
			}
			if sum != c.most || plan.Pools[0].Bound != c.bound {
				t.Errorf("%s bound by %q; want %d connections bound by %q", sizesOf(plan), plan.Pools[0].Bound, c.most, c.bound)
			}
		})
	}
}

// TestASuperusersPoolTakesFromADatabasesLimit which holds back the others, and not itself.
func TestASuperusersPoolTakesFromADatabasesLimit(t *testing.T) {
	seen := func(limit int, app, adm fleet.Alias) (budget.Fleet, sizing.Plan) {
		a, b := plannertest.SeenFleet(app, adm)
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Processes[0].Aliases[1].Database = "app"
			o.Servers[0].Superusers = []string{"root"}
			if limit > 0 {
				o.Servers[0].Databases = []fleet.ConnLimit{{Name: "app", Conns: limit}}
			}
		}
		return plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	}
	_, free := seen(0, plannertest.SeenAlias("app", 8, 0, 5, "web"), plannertest.SeenAlias("adm", 8, 0, 5, "root"))
	_, plan := seen(17, plannertest.SeenAlias("app", 8, 0, 5, "web"), plannertest.SeenAlias("adm", 8, 0, 5, "root"))
	if sum := plan.Pools[0].ToSize + plan.Pools[1].ToSize; sum > 17 || free.Pools[0].ToSize+free.Pools[1].ToSize <= 17 {
		t.Errorf("%s under a limit of 17, %s without one; want 17 for both pools", sizesOf(plan), sizesOf(free))
	}
	f, plan := seen(17, plannertest.SeenAlias("app", 8, 0, 5, "root"), plannertest.SeenAlias("adm", 8, 0, 5, "root"))
	if len(f.Limits) > 0 || sizesOf(plan) != sizesOf(free) {
		t.Errorf("limits %v, %s; want %s: there is nobody whom it holds back", f.Limits, sizesOf(plan), sizesOf(free))
	}
	f, _ = seen(30, plannertest.SeenAlias("app", 20, 0, 5, "web"), plannertest.SeenAlias("adm", 15, 0, 5, "root"))
	adm, app := f.Pools[0], f.Pools[1]
	if len(adm.Under) > 0 || len(app.Under) != 1 || app.Under[0].Conns != 15 ||
		app.Under[0].Text != "CONNECTION LIMIT 30 of database app, of which superusers' pools may take 15" {
		t.Errorf("the superuser's pool is under %+v, the other under %+v; want 15 of 30 for the other alone", adm.Under,
			app.Under)
	}
	f, _ = seen(40, plannertest.SeenAlias("app", 20, 0, 5, "web", "root"), plannertest.SeenAlias("adm", 15, 0, 5, "root"))
	if app := f.Pools[1]; len(app.Under) != 1 || app.Under[0].Conns != 5 || len(app.Under[0].Copies) != 1 {
		t.Errorf("a pool of both is under %+v; want 5 of 40 for web", app.Under)
	}
}

func TestReserveIsLoweredOnlyWhereItsConnectionsAreWanted(t *testing.T) {
	d := plannertest.WhatIf(60)
	for i := range d.Pools {
		d.Pools[i].ReserveConns, d.Pools[i].Reserve = plannertest.Ptr(4), &budget.IntRange{Min: 1, Max: 4}
	}
	if p := solve(t, d); p.Pools[0].ReserveSize != 1 || p.Pools[0].ToSize != 12 {
		t.Errorf("size %d reserve %d; want 12 and 1 where connections are scarce", p.Pools[0].ToSize, p.Pools[0].ReserveSize)
	}
	d.Servers[0].MaxConns = plannertest.Ptr(1000)
	if p := solve(t, d); p.Pools[0].ReserveSize != 4 {
		t.Errorf("reserve %d; want 4, nobody needs the connections", p.Pools[0].ReserveSize)
	}
}

func TestNothingIsSpentThatBuysNothing(t *testing.T) {
	d := plannertest.WhatIf(10000)
	d.LeastGain = budget.DefaultLeastGain
	p := solve(t, d)
	if p.Servers[0].SpareConns < 9000 || p.Pools[0].Bound != "one more buys nothing" {
		t.Errorf("spare %d, bound %q", p.Servers[0].SpareConns, p.Pools[0].Bound)
	}
}

func TestDeadbandLeavesSizesThatAreGoodEnough(t *testing.T) {
	d := plannertest.WhatIf(61) // budget 53: one pool can be one larger
	best := solve(t, d)
	d.Pools[0].Size, d.Pools[1].Size = plannertest.Ptr(13), plannertest.Ptr(13)
	d.Deadband = 0.01
	if p := solve(t, d); p.Changes() {
		t.Errorf("%s; 13 and 13 are the optimum", sizesOf(p))
	}
	d.Pools[0].Size, d.Pools[1].Size = plannertest.Ptr(14), plannertest.Ptr(12)
	p := solve(t, d)
	if !p.Changes() {
		t.Errorf("%s stays although the optimum %s saves far more than 1 %%", sizesOf(p), sizesOf(best))
	}
	d.Deadband = 0.9
	if p := solve(t, d); p.Changes() || p.Gap <= 0 || !strings.HasPrefix(p.Pools[0].Bound, "deadband") {
		t.Errorf("%s, gap %v, bound %q; want the sizes kept, the loss in the gap, and the reason", sizesOf(p), p.Gap,
			p.Pools[0].Bound)
	}
}

func TestInfeasibleNamesTheSmallestClashAndTheConnectionsShort(t *testing.T) {
	d := plannertest.WhatIf(30) // budget 22
	plan, err := trySolve(t, d, sizing.Options{})
	if operr.KindOf(err) != operr.KindInfeasible || plan.Infeasible == nil {
		t.Fatalf("%v, %+v", err, plan.Infeasible)
	}
	short := plan.Infeasible.ShortConns
	d.Servers[0].HeadroomConns = plannertest.Ptr(5 - short) // exactly what was short
	if _, err := trySolve(t, d, sizing.Options{}); err != nil {
		t.Errorf("with the %d connections that were short: %v", short, err)
	}
	d.Servers[0].HeadroomConns = plannertest.Ptr(5 - short + 1)
	if _, err := trySolve(t, d, sizing.Options{}); err == nil {
		t.Errorf("one less than %d suffices, too", short)
	}
}

func TestBestEffortStaysWithinTheBudget(t *testing.T) {
	d := plannertest.WhatIf(26)
	plan, err := trySolve(t, d, sizing.Options{BestEffort: true})
	if err != nil || !plan.BestEffort || plan.Infeasible == nil {
		t.Fatalf("%v, best effort %v", err, plan.BestEffort)
	}
	if plan.Servers[0].SpareConns < 0 || plan.Servers[0].SpareConns > 1 {
		t.Errorf("spare %d; want the whole budget used and no more", plan.Servers[0].SpareConns)
	}
}

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
		total += x.ToSize * x.Copies
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

// TestSolveEqualsBruteForce tries every pair of sizes of random two-pool fleets.
func TestSolveEqualsBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	solved := 0
	for range 400 {
		d := plannertest.WhatIf(30 + rng.IntN(60))
		for i := range d.Pools {
			p := &d.Pools[i]
			p.Copies, p.Weight = 1+rng.IntN(4), math.Exp(rng.NormFloat64())
			p.Load.ArrivalsPerSec = 100 * float64(p.Copies) * (0.5 + 8*rng.Float64())
			p.Load.HoldSCV = 3 * rng.Float64()
			p.ReserveConns = plannertest.Ptr(rng.IntN(2))
			p.Size = nil
		}
		plan, err := trySolve(t, d, sizing.Options{})
		f, _ := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		best := math.Inf(1)
		lo := [2]int{}
		for i, p := range f.Pools {
			lo[i], _, _ = sizing.Floor(p)
		}
		for a := lo[0]; a < 90; a++ {
			for b := lo[1]; b < 90; b++ {
				if f.Pools[0].WorstAt(a, f.Pools[0].ReserveConns)+f.Pools[1].WorstAt(b,
					f.Pools[1].ReserveConns) <= f.Servers[0].BudgetConns {
					best = min(best, sizing.CurveOf(f.Pools[0]).Cost(a)+sizing.CurveOf(f.Pools[1]).Cost(b))
				}
			}
		}
		switch {
		case err != nil && !math.IsInf(best, 1):
			t.Fatalf("refused (%v), but an objective of %g exists", err, best)
		case err == nil && math.Abs(float64(plan.Objective)-best) > 1e-9*best+1e-12:
			t.Fatalf("objective %g, brute force %g (%s)", plan.Objective, best, sizesOf(plan))
		case err == nil:
			solved++
		}
	}
	if solved < 200 {
		t.Errorf("only %d of 400 fleets were feasible: the test proves too little", solved)
	}
}

func TestEqualInputsGiveEqualBytes(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 5, 2, 3, "app1", "app2"), plannertest.SeenAlias("big", 8, 0,
		5, "app1"), plannertest.SeenAlias("c", 4, 0, 1, "x"))
	b.Processes[0].Settings.MaxUserConns = 40
	var first string
	for range 20 {
		_, p := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Fatalf("two runs differ:\n%s\n%s", first, text)
		}
	}
}

func TestAPoolThatShowsTooLittleKeepsItsSize(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"), plannertest.SeenAlias("nightly", 12, 0, 0,
		"cron"))
	nightly := &b.Processes[0].Aliases[1]
	nightly.Counters = fleet.Counters{Xacts: 99, XactTime: time.Second}
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[1]; x.ToSize != 12 || !strings.Contains(x.Frozen, "99 transactions in 1m0s are too few") {
		t.Errorf("%+v; want main/nightly frozen at 12", x)
	}
	nightly.Counters.Xacts = 100
	_, plan = plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	if x := plan.Pools[1]; x.Frozen != "" || x.ToSize == 12 {
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
	if x.Copies != 2 || x.WorstConns.After != x.ToSize+max(30, x.ToSize) ||
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

func TestCPUIsPredictedForTheDemandThatAFullPoolHides(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 5, Version: "1.24.1", Mode: "transaction", Active: 5,
		Waiting: 5000, MaxWait: 5 * time.Second, Counts: true}
	var looks []fleet.Observation
	for range 20 {
		w.Run(3*time.Second, 300, 50*time.Millisecond, 5*time.Second) // 100/s served
		w.Xacts += 2700                                               // of 1000/s that come
		o := w.Look()
		o.Signals = []fleet.Signal{{Name: fleet.SignalCPU, Server: "main", Value: 0.5, At: o.At}}
		looks = append(looks, o)
	}
	e := plannertest.EvidenceOf(t, looks...)
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

func TestPricesAreThoseOfTheNextUnit(t *testing.T) {
	d := plannertest.WhatIf(61) // budget 53, units of 2: 26 units and one connection spare
	p := solve(t, d)
	price := p.Servers[0].Price
	if price.OneMore == nil || price.OneMore.UnitConns != 2 || price.OneMore.ShortConns != 1 || price.OneFewer == nil ||
		price.OneFewer.Costs <= price.OneMore.Saves {
		t.Errorf("%+v %+v, spare %d", price.OneMore, price.OneFewer, p.Servers[0].SpareConns)
	}
	d.Servers[0].MaxConns = plannertest.Ptr(62)
	more := solve(t, d)
	if saved := float64(p.Objective - more.Objective); math.Abs(saved-price.OneMore.Saves) > 1e-12 {
		t.Errorf("one more connection saves %g, the price said %g", saved, price.OneMore.Saves)
	}
}

func TestReserveRangesMayFixTheReserve(t *testing.T) {
	d := plannertest.WhatIf(60)
	d.Pools[0].ReserveConns, d.Pools[0].Reserve = plannertest.Ptr(4), &budget.IntRange{Min: 0, Max: 0}
	d.Pools[1].Reserve = &budget.IntRange{Min: 2, Max: 3}
	p := solve(t, d)
	if p.Pools[0].ReserveSize != 0 || p.Pools[1].ReserveSize != 2 {
		t.Errorf("reserves %d and %d; want 0 and 2", p.Pools[0].ReserveSize, p.Pools[1].ReserveSize)
	}
}
