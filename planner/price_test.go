package planner

import "testing"

// TestAFreeReserveIsTheCheapestToLose: nobody waits for a reserve that the plan may lower, so one fewer costs nothing
// there.
func TestAFreeReserveIsTheCheapestToLose(t *testing.T) {
	for _, least := range []int{2, 0} { // it must stay, or may go
		f, _ := manyPools(3)
		conns := 0
		for i := range f.Pools {
			p := &f.Pools[i]
			p.ReserveConns = 2
			p.Rules.Max, _, _ = Floor(*p) // nothing else may be had, and nothing else be lost
			conns += (p.Rules.Max + 2) * p.sized()
		}
		f.Servers[0].BudgetConns = conns
		p := &f.Pools[1]
		p.ReserveFree, p.Reserve = true, IntRange{least, 2}
		plan, err := Solve(f, Options{})
		if err != nil || plan.Pools[1].ReserveSize != 2 {
			t.Fatalf("least %d: %v, %+v", least, err, plan.Pools)
		}
		fewer := plan.Servers[0].Price.OneFewer
		if may := least < 2; may != (fewer != nil) || may && *fewer != (OneFewer{Pool: p.ID + " reserve", UnitConns: p.sized()}) {
			t.Errorf("least %d: one fewer %+v", least, fewer)
		}
	}
}
