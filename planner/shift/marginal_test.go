package shift_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// TestAFreeReserveIsTheCheapestToLose: nobody waits for a reserve that the plan may lower, so one fewer costs nothing
// there.
func TestAFreeReserveIsTheCheapestToLose(t *testing.T) {
	for _, least := range []int{2, 0} { // it must stay, or may go
		f, _ := plannertest.ManyPools(3)
		conns := 0
		for i := range f.Pools {
			p := &f.Pools[i]
			p.ReserveConns = 2
			p.Rules.Max, _, _ = sizing.Floor(*p) // nothing else may be had, and nothing else be lost
			conns += (p.Rules.Max + 2) * p.Sized()
		}
		f.Servers[0].BudgetConns = conns
		p := &f.Pools[1]
		p.ReserveFree, p.Reserve = true, budget.IntRange{Min: least, Max: 2}
		plan, err := sizing.Solve(f, sizing.Options{})
		if err != nil || plan.Pools[1].ReserveSize != 2 {
			t.Fatalf("least %d: %v, %+v", least, err, plan.Pools)
		}
		fewer := plan.Servers[0].Marginal.OneFewer
		if may := least < 2; may != (fewer != nil) || may &&
			*fewer != (sizing.OneFewer{Pool: p.ID + " reserve", UnitConns: p.Sized()}) {
			t.Errorf("least %d: one fewer %+v", least, fewer)
		}
	}
}
