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
	if x := plan.Pools[1]; !x.Frozen.Any() || x.ToSize != 20 || x.WorstConns.After != 20 {
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
	if x := plan.Pools[0]; x.LinePools != 1 || x.WorstConns.After != x.ToSize+1+9 {
		t.Errorf("%+v; want one pool that follows the line, and 9 connections that do not", x)
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
	if app := f.Pools[1]; len(app.Under) != 1 || app.Under[0].Conns != 5 || len(app.Under[0].LinePools) != 1 {
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
	if p.Servers[0].SpareConns < 9000 || p.Pools[0].Bound != "no further gain" {
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

// TestSolveEqualsBruteForce tries every pair of sizes of random two-pool fleets.
func TestSolveEqualsBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	solved := 0
	for range 400 {
		d := plannertest.WhatIf(30 + rng.IntN(60))
		for i := range d.Pools {
			p := &d.Pools[i]
			p.LinePools, p.Weight = 1+rng.IntN(4), math.Exp(rng.NormFloat64())
			p.Load.ArrivalsPerSec = 100 * float64(p.LinePools) * (0.5 + 8*rng.Float64())
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

func TestReserveRangesMayFixTheReserve(t *testing.T) {
	d := plannertest.WhatIf(60)
	d.Pools[0].ReserveConns, d.Pools[0].Reserve = plannertest.Ptr(4), &budget.IntRange{Min: 0, Max: 0}
	d.Pools[1].Reserve = &budget.IntRange{Min: 2, Max: 3}
	p := solve(t, d)
	if p.Pools[0].ReserveSize != 0 || p.Pools[1].ReserveSize != 2 {
		t.Errorf("reserves %d and %d; want 0 and 2", p.Pools[0].ReserveSize, p.Pools[1].ReserveSize)
	}
}
