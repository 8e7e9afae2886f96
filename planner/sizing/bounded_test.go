package sizing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAUserWithADeclaredMaxIsAnAcceptedRiskAndNamed(t *testing.T) {
	pooled := func(max int, change func(*fleet.Observation)) (budget.Fleet, sizing.Plan) {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 2, 1, "app1", "pooler"))
		for _, o := range []*fleet.Observation{&a, &b} {
			if change != nil {
				change(o)
			}
		}
		p, _ := budget.Declared{}.Pool("main/app")
		if max > 0 {
			p.UserMax = []budget.UserMax{{User: "pooler", Conns: max}}
		}
		return plannertest.SolveSeen(t, budget.Declared{Pools: []budget.DeclaredPool{p}}, a, b)
	}
	strict, unbound := pooled(0, nil)
	f, plan := pooled(1, nil)
	if strict.Pools[0].WorstConns != 24 || f.Pools[0].WorstConns != 13 {
		t.Errorf("worst case %d, with the bound %d; want 2 × 12 and 12 + 1", strict.Pools[0].WorstConns,
			f.Pools[0].WorstConns)
	}
	x := plan.Pools[0]
	if x.LinePools != 1 || x.WorstConns.After != x.ToSize+2+1 {
		t.Errorf("%+v; want one pool that follows the line and the bound of 1", x)
	}
	want := "accepted risk: main/app counts pooler with 1 in each of 1 process, as declared: 13 connections; the strict " +
		"line would be 24"
	if !strings.Contains(strings.Join(plan.Warnings, "\n"), want) {
		t.Errorf("warnings %q, want %q", plan.Warnings, want)
	}
	risks := func(p sizing.Plan) (risks int, source string) { // as a program reads them
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			Warnings []string
			Servers  []struct{ Ledger []budget.Line }
		}
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		for _, w := range read.Warnings {
			risks += strings.Count(w, "accepted risk: main/app counts pooler with 1")
		}
		for _, l := range read.Servers[0].Ledger {
			if l.Item == "pool main/app" {
				source = l.Source
			}
		}
		return risks, source
	}
	if n, source := risks(plan); n != 1 || !strings.HasSuffix(source, " + 1 of users with a declared max, accepted risk") {
		t.Errorf("%d warnings of a plan in JSON, line %q; want the accepted risk in both", n, source)
	}
	if n, source := risks(unbound); n != 0 || strings.Contains(source, "risk") {
		t.Errorf("%d warnings of a plan in JSON, line %q; want no risk where nothing is declared", n, source)
	}
	for i, c := range f.Pools[0].LinePools {
		if c.Bounded != (c.User == "pooler") || c.Bounded && c.FixedConns != 1 || strict.Pools[0].LinePools[i].Bounded {
			t.Errorf("pool %+v, without the bound %+v; want pooler's alone bounded, with 1", c, strict.Pools[0].LinePools[i])
		}
	}
	seen, plan := pooled(1, func(o *fleet.Observation) { o.Processes[0].Aliases[0].Pools[1].ServersIdle = 4 })
	if got := seen.Pools[0].WorstConns; got != 24 {
		t.Errorf("worst case %d where 4 are open, want the strict 24: the bound is disproved", got)
	}
	want = "main/app: users: declares at most 1 connection of pooler, and main/1 has 4 open: the strict worst case counts"
	if got := strings.Join(plan.Warnings, "\n"); !strings.Contains(got, want) || strings.Contains(got, "accepted risk") {
		t.Errorf("warnings %q, want %q and no accepted risk", got, want)
	}
	if wide, _ := pooled(40, nil); wide.Pools[0].WorstConns != 24 {
		t.Errorf("worst case %d; a bound above the pool's own changes nothing", wide.Pools[0].WorstConns)
	}
}

func TestALineThatNoUserFollowsIsSaidToHaveNoEffect(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 20, 0, 2, "app1"), plannertest.SeenAlias("other", 5, 0, 2,
		"app2"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Aliases[0].ForceUser = "app1"
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app1", SizeConns: 3}}
	}
	_, plan := plannertest.SolveSeen(t, budget.Declared{SizeAll: true}, a, b)
	x := plan.Pools[0]
	if x.WorstConns.After != 3 || !x.Frozen.Is(verdict.SizesOfUsers) || x.FrozenCode != verdict.SizesOfUsers ||
		!strings.Contains(x.Frozen.Text(), "pool_size 20 of the line has no effect") ||
		!strings.Contains(x.Frozen.Text(), "app1 3") {
		t.Errorf("%+v", x)
	}
	if x.Wait.P99.Known() || x.Wait.P99Now.Known() || x.Utilization.Known() {
		t.Errorf("waits %+v, use %v of a size that no pool has", x.Wait, x.Utilization)
	}
	if !strings.Contains(strings.Join(plan.Warnings, "\n"), "main/app: pool_size 20 of the line has no effect") {
		t.Errorf("warnings %q", plan.Warnings)
	}
}

func TestSizesInDoubtAreCountedAndProveNothing(t *testing.T) {
	doubted := func(doubt bool, conns int) (sizing.Plan, error) {
		a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 6, 0, 2, "app1", "app2", "app3"))
		for _, o := range []*fleet.Observation{&a, &b} {
			o.Servers[0].MaxConns = conns
			o.Processes[0].Users = []fleet.UserLimit{{Name: "app1", SizeConns: 11}}
			if doubt {
				o.Processes[0].Users = append(o.Processes[0].Users, fleet.UserLimit{Name: "app2", SizeConns: 11, Doubtful: true},
					fleet.UserLimit{Name: "app3", SizeConns: 11, Doubtful: true})
			}
		}
		e := plannertest.EvidenceOf(t, a, b)
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		return sizing.Solve(f, sizing.Options{})
	}
	if p, err := doubted(true, 60); err != nil || p.Gap.Known() || p.Pools[0].WorstConns.Before != 33 {
		t.Errorf("%v, gap %v, worst case %d; want the 33 that may be, and no proof", err, p.Gap, p.Pools[0].WorstConns.Before)
	}
	if p, err := doubted(false, 40); err != nil || p.Gap != 0 || p.Pools[0].WorstConns.Before != 23 ||
		p.Servers[0].SpareConns < 0 {
		t.Errorf("%v, gap %v, %+v; want 11 + 6 + 6, proved", err, p.Gap, p.Pools)
	}
	_, err := doubted(true, 40) // 32 for 33 that may be
	if operr.KindOf(err) != operr.KindInfeasible || !strings.Contains(err.Error(), "in doubt") ||
		!strings.Contains(operr.HintOf(err), "config:") {
		t.Errorf("%v, hint %q; want the doubt said", err, operr.HintOf(err))
	}
}
