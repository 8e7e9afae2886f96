package sizing_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestAPlanUnderALimitDoesNotDependOnTodaysSizes plans the same fleet from three sizes of today: what PgBouncer limits
// by itself is no reason to stay where one is.
func TestAPlanUnderALimitDoesNotDependOnTodaysSizes(t *testing.T) {
	feasible := 0
	for seed := range uint64(400) {
		var objectives []float64
		for _, today := range []int{1, 4, 30} {
			f, err := budget.Model(plannertest.Epoch, plannertest.FromToday(rand.New(rand.NewPCG(seed, 5)), today),
				load.Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := sizing.Solve(f, sizing.Options{})
			if err != nil {
				objectives = append(objectives, math.Inf(1))
				continue
			}
			objectives = append(objectives, float64(plan.Objective)-float64(plan.Gap))
		}
		for _, x := range objectives[1:] {
			if math.IsInf(x, 1) != math.IsInf(objectives[0], 1) || math.Abs(x-objectives[0]) > 1e-6*(1+objectives[0]) {
				t.Errorf("seed %d: from sizes 1, 4 and 30 the least waiting is %v", seed, objectives)
				break
			}
		}
		if !math.IsInf(objectives[0], 1) {
			feasible++
		}
	}
	t.Logf("%d of 400 have a plan", feasible)
	if feasible < 100 {
		t.Errorf("only %d have a plan", feasible)
	}
}

// TestALimitThatIsFarAwayChangesNothing plans fleets without limits, and with limits that no size comes near.
func TestALimitThatIsFarAwayChangesNothing(t *testing.T) {
	compared := 0
	for seed := range uint64(300) {
		var plans []sizing.Plan
		for _, limit := range []int{0, 200} {
			d := plannertest.FromToday(rand.New(rand.NewPCG(seed, 6)), 4)
			d.LeastGain = budget.DefaultLeastGain
			for i := range d.Pools {
				if d.Pools[i].MaxDBConns = nil; limit > 0 {
					d.Pools[i].MaxDBConns = &limit
				}
			}
			f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := sizing.Solve(f, sizing.Options{})
			if err == nil {
				plans = append(plans, plan)
			}
		}
		if len(plans) == 1 {
			t.Fatalf("seed %d: a limit of 200 decides whether there is a plan", seed)
		}
		if len(plans) < 2 {
			continue
		}
		compared++
		if a, b := float64(plans[0].Objective), float64(plans[1].Objective); math.Abs(a-b) > 1e-9*(1+a) {
			t.Errorf("seed %d: %v waiting clients without a limit, %v under one that is far away", seed, a, b)
		}
	}
	if compared < 100 {
		t.Errorf("only %d have a plan", compared)
	}
}
