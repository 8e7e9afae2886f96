package sizing_test

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func TestASizeAboveItsCapGivesBackWhatItDoesNotNeed(t *testing.T) {
	for _, c := range []struct {
		size int // of a today
		hold time.Duration
		want string
		cost float64
	}{
		{20, 40 * time.Millisecond, "a/app=8 b/app=14", 6.4e-4},
		{13, 40 * time.Millisecond, "a/app=8 b/app=14", 6.4e-4},
		{20, 60 * time.Millisecond, "a/app=7 b/app=15", 9.26e-3},
		{13, 60 * time.Millisecond, "a/app=7 b/app=15", 9.26e-3},
	} {
		p := solve(t, plannertest.CappedFleet(c.size, c.hold))
		if got := sizesOf(p); got != c.want || p.Gap != 0 || math.Abs(float64(p.Objective)-c.cost) > 0.01*c.cost {
			t.Errorf("from %d, %v: %s, objective %v, gap %v; want %s, %v, proved", c.size, c.hold, got, p.Objective, p.Gap,
				c.want, c.cost)
		}
		if s := p.Servers[0]; s.SpareConns != 0 || s.Marginal.OneMore == nil || s.Marginal.OneFewer == nil {
			t.Errorf("from %d, %v: spare %d, marginals %+v; want none spare and both marginals", c.size, c.hold, s.SpareConns,
				s.Marginal)
		}
	}
}

func TestAListedPoolThatDoesNotFitIsNamedWithWhatItTakes(t *testing.T) {
	d := plannertest.CappedFleet(20, 60*time.Millisecond)
	d.Pools[0].Min = 14
	plan, err := trySolve(t, d, sizing.Options{})
	if operr.KindOf(err) != operr.KindInfeasible {
		t.Fatal(err)
	}
	floor := solveFloor(t, d, "b/app")
	if i := plan.Infeasible; i.ShortConns != 14+floor-22 || float64(i.Need) != float64(14+floor) || i.Cap != 22 {
		t.Errorf("%+v; want 14 + %d connections of 22", i, floor)
	}
	best, err := trySolve(t, d, sizing.Options{BestEffort: true})
	if err != nil || best.Pools[0].ToSize < 14 || best.Pools[1].ToSize != 8 || best.Servers[0].SpareConns != 0 {
		t.Errorf("%s, %v; want a at its min or above, where more costs nothing, and b with all the rest", sizesOf(best), err)
	}
}

func solveFloor(t *testing.T, d budget.Declared, id string) int {
	t.Helper()
	f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := f.Pool(id)
	size, _, err := sizing.Floor(p)
	if err != nil {
		t.Fatal(err)
	}
	return size
}
