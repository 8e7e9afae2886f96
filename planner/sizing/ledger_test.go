package sizing_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// A pool counted at what was seen whose max: is below today's size gives back nothing that it had open.
func TestAPoolCountedAtItsPeakMayShrinkToItsMax(t *testing.T) {
	for _, top := range []int{6, 9, 10, 14, 0} {
		first, later := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 8, "app"), plannertest.SeenAlias("ci", 10,
			0, 8, "app"))
		rules, _ := budget.Declared{}.Pool("main/app")
		rules.Count, rules.Max = budget.CountHighest, top
		rules.Load = &budget.DeclaredLoad{ArrivalsPerSec: 100, MeanHold: 20 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
		ci := rules
		ci.ID, ci.Max, ci.Count = "main/ci", 0, budget.CountWorst
		// takes what is there
		ci.Load = &budget.DeclaredLoad{ArrivalsPerSec: 1600, MeanHold: 20 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
		server := budget.DeclaredOf("main", budget.Declared{})
		_, p := plannertest.SolveSeen(t, budget.Declared{Servers: []budget.DeclaredServer{server},
			Pools: []budget.DeclaredPool{rules, ci}, LeastGain: budget.DefaultLeastGain}, first, later)
		app := p.Pools[0]
		want := 10
		if top > 0 {
			want = min(want, top)
		}
		if app.ToSize != want || app.WorstConns.After != 8 {
			t.Errorf("max %d: size %d, %d connections counted; want %d and the 8 that were seen", top, app.ToSize,
				app.WorstConns.After, want)
		}
	}
}
