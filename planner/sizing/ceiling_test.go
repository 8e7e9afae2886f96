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
	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func TestALoadAboveItsLimitIsInfeasibleAndTheLimitNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		d    budget.Declared
		want string
	}{
		{"one user", plannertest.Limited(10, 4, 1, []string{"a"}, 500),
			"max_db_connections 4 of ci/app in ci/1 is 2 connections short"},
		{"two users share it", plannertest.Limited(10, 4, 1, []string{"a", "b"}, 500),
			"max_db_connections 4 of ci/app in ci/1"},
		{"in each of two processes", plannertest.Limited(10, 4, 2, []string{"a"}, 1000),
			"max_db_connections 4 of ci/app in ci/1"},
		{"its use would be above the ceiling", plannertest.Limited(10, 4, 1, []string{"a"}, 390), "(utilization)"},
	} {
		p, err := trySolve(t, c.d, sizing.Options{})
		if operr.KindOf(err) != operr.KindInfeasible || !strings.Contains(err.Error(), c.want) || p.Infeasible == nil {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
			continue
		}
		if !strings.Contains(operr.HintOf(err), "raise that limit") {
			t.Errorf("%s: hint %q", c.name, operr.HintOf(err))
		}
		best, err := trySolve(t, c.d, sizing.Options{BestEffort: true})
		if err != nil || !best.BestEffort {
			t.Errorf("%s: best effort %v", c.name, err)
			continue
		}
		if wait := float64(best.Pools[0].Wait.P99); math.IsInf(wait, 1) == (c.want == "(utilization)") {
			t.Errorf("%s: a p99 wait of %v, want one without an end where the load is above the limit", c.name, wait)
		}
	}
}

// The wait under a limit is that of the queue at the limit, whatever the size above it.
func TestWaitsUnderALimitAreThoseOfTheQueueAtIt(t *testing.T) {
	m := queue.Model{Hold: 10 * time.Millisecond, SCVFactor: 1}
	for _, size := range []int{4, 5, 10, 100} {
		d := plannertest.Limited(size, 4, 1, []string{"a"}, 300)
		d.Pools[0].Min, d.Pools[0].MaxWaitMean, d.Pools[0].MaxWaitP99 = size, time.Second, time.Second
		x := solve(t, d).Pools[0]
		plannertest.Near(t, "use", float64(x.Utilization), 0.75, 1e-9)
		plannertest.Near(t, "mean wait", float64(x.Wait.Mean), m.MeanWait(4, 3), 1e-9)
		plannertest.Near(t, "p99 wait", float64(x.Wait.P99), m.Quantile(4, 3, 0.99), 1e-9)
		if x.WorstConns.After != 4 {
			t.Errorf("size %d: %d connections counted", size, x.WorstConns.After)
		}
		if size > 4 && x.Bound != "min" {
			t.Errorf("size %d: bound by %q", size, x.Bound)
		}
	}
	d := plannertest.Limited(10, 4, 1, []string{"a"}, 200)
	d.Pools[0].MaxWaitMean, d.Pools[0].MaxWaitP99 = time.Second, time.Second
	if x := solve(t, d).Pools[0]; x.ToSize != 4 || !strings.Contains(x.Bound, "max_db_connections 4") {
		t.Errorf("size %d bound by %q, want the 4 of the limit", x.ToSize, x.Bound)
	}
	d.Deadband = 0.01
	if x := solve(t, d).Pools[0]; x.ToSize != 10 || !strings.Contains(x.Bound, "max_db_connections 4") {
		t.Errorf("size %d bound by %q, want today's 10, of which the limit lets 4 be", x.ToSize, x.Bound)
	}
}

// Several users under one limit wait no less than in one queue of as many connections, and no less than apart.
func TestUsersUnderOneLimitWaitAsOneQueueWhereItBinds(t *testing.T) {
	for _, c := range []struct{ size, limit int }{{3, 12}, {4, 12}, {5, 12}, {6, 8}, {20, 8}, {3, 100}} {
		// 1.5 Erlangs for each of six pools of the line
		d := plannertest.Limited(c.size, c.limit, 2, []string{"a", "b", "c"}, 900)
		f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		apart, joint := 6*queue.WaitingClients(c.size, 1.5), 2*queue.WaitingClients(c.limit, 4.5)
		plannertest.Near(t, "waiting clients", sizing.CurveOf(f.Pools[0]).Cost(c.size), math.Max(apart, joint), 1e-9)
	}
}

// Gains are differences of costs, and never rise: the solver rests on both.
func TestGainsUnderALimitAreDifferencesOfCosts(t *testing.T) {
	for _, limit := range []int{5, 6, 9, 13, 40} {
		for _, users := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c"}} {
			f, err := budget.Model(plannertest.Epoch, plannertest.Limited(3, limit, 2, users, 900), load.Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c := sizing.CurveOf(f.Pools[0])
			gains := make([]float64, 30)
			first := 10
			c.Gains(first, gains)
			for k, g := range gains {
				if diff := c.Cost(first+k) - c.Cost(first+k+1); !math.IsNaN(diff) && math.Abs(diff-g) > 1e-9*(1+diff) {
					t.Errorf("limit %d, users %v: the gain of %d is %v, the costs differ by %v", limit, users, first+k, g, diff)
				}
				if k > 0 && g > gains[k-1] {
					t.Errorf("limit %d, users %v: the gain rises at %d", limit, users, first+k)
				}
			}
		}
	}
}

// A limit over pools of several lines makes their loads classes of one queue.
func TestALimitOverSeveralPoolsThatIsOvercommittedIsOneQueue(t *testing.T) {
	seen := func(limit int) (budget.Fleet, error) {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 8, "app1"), plannertest.SeenAlias("big", 8, 0, 8,
			"app1"))
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: limit}}
		}
		e := plannertest.EvidenceOf(t, a, b)
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		return budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, loads)
	}
	f, err := seen(12) // 4 Erlangs each
	if err != nil {
		t.Fatal(err)
	}
	half := queue.WaitingClients(12, 8) / 2
	plannertest.Near(t, "waiting of one pool", sizing.CurveOf(f.Pools[0]).Cost(30), half, 1e-6)
	if f, err = seen(16); err != nil || sizing.CurveOf(f.Pools[0]).Cost(30) > half/10 {
		t.Errorf("%v; a limit that today's sizes do not reach is kept by the plan, and nobody waits for it", err)
	}
	if f, err = seen(8); err != nil {
		t.Fatal(err)
	}
	if _, err := sizing.Solve(f, sizing.Options{}); operr.KindOf(err) != operr.KindInfeasible ||
		!strings.Contains(err.Error(), "CONNECTION LIMIT 8 of role app1") {
		t.Errorf("%v; want the role's limit named", err)
	}
}

// TestADeclaredLoadComesByNobodyWhoIsDeclaredToOpenLess: it is served by the pools of the line that follow the size,
// and all of it is.
func TestADeclaredLoadComesByNobodyWhoIsDeclaredToOpenLess(t *testing.T) {
	d := plannertest.Limited(10, 0, 1, []string{"app", "pooler"}, 500)
	d.Pools[0].MaxDBConns, d.Pools[0].UserMax = nil, []budget.UserMax{{User: "pooler", Conns: 1}}
	p, err := trySolve(t, d, sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := p.Pools[0]
	plannertest.Near(t, "use", float64(x.Utilization), 5/float64(x.ToSize), 1e-9)
	if text := strings.Join(p.Warnings, "\n"); !strings.Contains(text, "accepted risk: ci/app counts pooler with 1") {
		t.Errorf("warnings %q", text)
	}
}
