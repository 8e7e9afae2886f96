package sizing_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestASavedPlanIsBrokenByWhateverBoundsTodays(t *testing.T) {
	d := plannertest.WhatIf(60)
	saved := sizing.Saved{Plan: solve(t, d)}
	var err error
	if saved.Fleet, err = budget.Model(plannertest.Epoch, d, load.Evidence{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*budget.Fleet)
		want   string // 13 and 13 as saved
	}{
		{"nothing", func(*budget.Fleet) {}, ""},
		{"max", func(f *budget.Fleet) { f.Pools[1].Rules.Max = 12 }, "main/app may have 12 now (max), the plan gives it 13"},
		{"max, and it does not matter", func(f *budget.Fleet) { f.Pools[1].Rules.Max = 13 }, ""},
		{"min", func(f *budget.Fleet) { f.Pools[1].Rules.Min = 14 }, "main/app needs 14 now (min), the plan gives it 13"},
		{"role", func(f *budget.Fleet) {
			f.Servers[0].Caps = []budget.Cap{{Name: "CONNECTION LIMIT 25 of role app", Conns: 25,
				Terms: []budget.CapTerm{{Pool: "ci/app", Coef: 1}, {Pool: "main/app", Coef: 1}}}}
		}, "its sizes are over CONNECTION LIMIT 25 of role app by 1"},
		{"role that holds them", func(f *budget.Fleet) {
			f.Servers[0].Caps = []budget.Cap{{Name: "role", Conns: 26, Terms: []budget.CapTerm{{Pool: "ci/app", Coef: 1},
				{Pool: "main/app", Coef: 1}}}}
		}, ""},
		{"alias, and it does not matter", func(f *budget.Fleet) { f.Pools[0].Sizes[1].CapConns = 12 }, ""},
		{"alias", func(f *budget.Fleet) { f.Pools[0].Sizes[1].CapConns = 1 },
			"ci/app needs 6 (stability), and max_db_connections 1 of ci/app in ci/2 allows 1"},
		{"sessions", func(f *budget.Fleet) {
			f.Pools[0].Load.Session = true
			f.Pools[0].Sizes[0].Conns, f.Pools[0].Sizes[1].Conns = 14, 14
		}, "ci/app may not shrink below 14 now (sessions: never shrunk), the plan gives it 13"},
		{"a load of which only a lower bound is known", func(f *budget.Fleet) {
			f.Pools[0].Load.AtLeast = true
			f.Pools[0].Sizes[0].Conns, f.Pools[0].Sizes[1].Conns = 14, 14
		}, "ci/app may not shrink below 14 now (its load is known as a lower bound alone), the plan gives it 13"},
		{"both, and sessions are the reason", func(f *budget.Fleet) {
			f.Pools[0].Load.AtLeast, f.Pools[0].Load.Session = true, true
			f.Pools[0].Sizes[0].Conns, f.Pools[0].Sizes[1].Conns = 14, 14
		}, "ci/app may not shrink below 14 now (sessions: never shrunk), the plan gives it 13"},
		{"counted at what was seen", func(f *budget.Fleet) {
			f.Pools[0].Rules.Count = budget.CountHighest
			f.Pools[0].Sizes[0].Conns, f.Pools[0].Sizes[1].Conns = 14, 14
		}, "ci/app may not shrink below 14 now (counted at what was seen, so it may not shrink), the plan gives it 13"},
		{"left alone", func(f *budget.Fleet) {
			f.Pools[1].Frozen, f.Pools[1].Sizes[0].Conns = verdict.Print(verdict.NotListed, ""), 10
		}, "main/app stays at 10 now (not listed under pools:), the plan gives it 13"},
		{"reserve", func(f *budget.Fleet) {
			f.Pools[0].ReserveFree, f.Pools[0].ReserveConns, f.Pools[0].Reserve = true, 2, budget.IntRange{Min: 1, Max: 2}
		}, "ci/app may have a reserve of 1 to 2 now, the plan gives it 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&f)
			plan, err := sizing.Solve(f, sizing.Options{})
			if err != nil && operr.KindOf(err) != operr.KindInfeasible {
				t.Fatal(err)
			}
			r := sizing.Compare(saved, f, plan)
			got := strings.Join(r.Broken, "; ")
			if got != c.want {
				t.Errorf("broken: %q, want %q", got, c.want)
			}
			if strings.HasPrefix(c.name, "alias") && len(r.Moved) == 0 {
				t.Error("a limit that is new has not moved")
			}
			if broken := r.Verdict == "its sizes no longer keep every promise"; broken != (c.want != "") {
				t.Errorf("verdict %q", r.Verdict)
			}
		})
	}
}

// TestALoadThatStaysInItsIntervalMayGiveOtherSizes: nothing has moved by what is said of intervals, and the sizes of
// today are others. Sizes that are not those of their own inputs were changed by hand.
func TestALoadThatStaysInItsIntervalMayGiveOtherSizes(t *testing.T) {
	d := plannertest.WhatIf(60)
	model := func() budget.Fleet {
		f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Pools {
			f.Pools[i].Load.Erlangs.Lower, f.Pools[i].Load.Erlangs.Upper = 0.5*f.Pools[i].Load.Erlangs.Target,
				1.5*f.Pools[i].Load.Erlangs.Target
		}
		return f
	}
	saved := sizing.Saved{Fleet: model()}
	var err error
	if saved.Plan, err = sizing.Solve(saved.Fleet, sizing.Options{BestEffort: true}); err != nil {
		t.Fatal(err)
	}
	now := model()
	now.Pools[0].Load.Erlangs.Target *= 1.3
	for _, c := range []struct {
		name          string
		now           budget.Fleet
		nudge         int
		code          sizing.ReviewCode
		want, without string
	}{
		{"grown within its interval", now, 0, sizing.ReviewOtherLoads, "no input left its interval; today's loads give ",
			"for the same inputs"},
		{"other sizes for the same loads", model(), 1, sizing.ReviewOtherSizes,
			"this pgbudget chooses other sizes for the same inputs", "today's loads"},
		{"the same", model(), 0, sizing.ReviewUnchanged, "no input changed: the saved plan still holds", "instead"},
	} {
		was := saved
		was.Plan.Pools = append([]sizing.PlanPool{}, saved.Plan.Pools...)
		was.Plan.Pools[0].ToSize -= c.nudge
		plan, err := sizing.Solve(c.now, sizing.Options{BestEffort: true})
		if err != nil {
			t.Fatal(err)
		}
		r := sizing.Compare(was, c.now, plan)
		if len(r.Moved) > 0 || r.Code != c.code || !strings.Contains(r.Verdict, c.want) ||
			strings.Contains(r.Verdict, c.without) {
			t.Errorf("%s: moved %v, broken %v, %q", c.name, r.Moved, r.Broken, r.Verdict)
		}
		t.Log(r.Verdict)
	}
}
