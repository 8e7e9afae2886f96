package control_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
)

func TestNoStepGoesBeyondALimitOfARoleADatabaseOrAUser(t *testing.T) {
	walked, under := 0, map[string]int{}
	for seed := range 300 {
		f := plannertest.UnderLimits(t, rand.New(rand.NewPCG(uint64(seed), 5)))
		plan, err := sizing.Solve(f, sizing.Options{})
		if operr.KindOf(err) == operr.KindInfeasible {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		walked++
		goal := sizing.GoalOf(plan)
		for n := 0; ; n++ {
			step, blocked := steps.Next(f, goal, state.Policy{Percent: 5}, nil)
			if len(step.Changes) == 0 {
				for _, p := range f.Pools {
					if g, _ := goal.Pool(p.ID); p.Sizes[0].Conns != g.Size {
						t.Errorf("seed %d: %s ends at %d, the plan says %d: %s", seed, p.ID, p.Sizes[0].Conns, g.Size, blocked.Text())
					}
				}
				break
			}
			if n > 200 {
				t.Fatalf("seed %d: no end", seed)
			}
			var releases, grants []fleet.SettingChange
			for _, x := range step.Changes {
				if x.Grows() {
					grants = append(grants, x)
				} else {
					releases = append(releases, x)
				}
			}
			f = f.With(releases).Drained()
			if err := control.Promise(f, grants); err != nil {
				t.Errorf("seed %d: step %d: %v", seed, n, err)
			}
			f = f.With(grants)
			for _, l := range f.Limits {
				under[string(l.Kind)]++
				if got := plannertest.OpenUnder(f, true)[fmt.Sprint(l.Text(), l.Process)]; got > l.Conns {
					t.Errorf("seed %d: step %d, %s: %d under %s", seed, n, step.Text(), got, l.Text())
				}
			}
		}
	}
	if walked < 100 || under[string(fleet.LimitUser)] < 300 {
		t.Errorf("%d of 300 fleets walked, under limits of %v", walked, under)
	}
}

func TestThePromiseRefusesAGrantBeyondALimit(t *testing.T) {
	for seed := range 100 {
		f := plannertest.UnderLimits(t, rand.New(rand.NewPCG(uint64(seed), 6)))
		for _, p := range f.Pools {
			by := 1 + seed%12
			x := fleet.SettingChange{Process: p.Sizes[0].Process, Alias: p.Alias, Key: fleet.KeySize, From: p.Sizes[0].Conns,
				To: p.Sizes[0].Conns + by}
			over := func(trusted bool) (over bool) {
				then := plannertest.OpenUnder(f.With([]fleet.SettingChange{x}), trusted)
				for _, l := range f.Limits {
					over = over || then[fmt.Sprint(l.Text(), l.Process)] > l.Conns
				}
				return over
			}
			if err := control.Promise(f, []fleet.SettingChange{x}); over(true) && err == nil || err != nil && !over(false) {
				t.Errorf("seed %d: %s %d more: %v, over a limit: %v", seed, p.ID, by, err, over(true))
			}
		}
	}
}
