package plannertest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// RandomShift draws two pools before one server, at some percentage, with a budget that may or may not do.
func RandomShift(r *rand.Rand) (budget.Fleet, shift.Shift, int) {
	s := shift.Shift{From: "a/db", To: "b/db", At: r.IntN(3) * 10, Until: 60 + r.IntN(5)*10}
	if s.LoadsAt = s.At; r.IntN(4) == 0 { // and back again, measured at either end
		if s.At, s.Until = s.Until, s.At; r.IntN(2) == 0 {
			s.LoadsAt = s.At
		}
	}
	phi := 0.2 + 0.6*r.Float64()
	s.Fraction = load.Range{Lower: max(0, phi-0.1*r.Float64()), Target: phi, Upper: min(1, phi+0.1*r.Float64())}
	f := budget.Fleet{Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain}
	floors := 0
	for i, group := range []string{"a", "b"} {
		p := budget.FleetPool{ID: group + "/db", Group: group, Alias: "db", Server: "pg", Rules: budget.Rules{Min: 1,
			Weight: 1, Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond,
			Count: budget.CountWorst}}
		processes := 1 + r.IntN(2)
		for k := range processes {
			id := fmt.Sprintf("%s/%d", group, k+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: id, Conns: 30, CapConns: 0})
			p.Copies = append(p.Copies, budget.Copy{Process: id, User: "u", Share: 1 / float64(processes)})
		}
		// what comes may hold for longer, or shorter, than what is there
		hold := []time.Duration{time.Millisecond, 20 * time.Millisecond, 500 * time.Millisecond}[r.IntN(3)]
		l := []float64{2 + 8*r.Float64(), 0.1 + r.Float64()}[i]
		p.Load = load.Load{Pool: p.ID, Erlangs: load.Range{Lower: 0.95 * l, Target: l, Upper: 1.05 * l}, MeanHold: hold,
			PerSec: l / hold.Seconds(), Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1, Method: load.MethodCounters}
		p.Tally()
		f.Pools = append(f.Pools, p)
	}
	f.Servers = []budget.FleetServer{{Name: "pg", MaxConns: 200, CPU: budget.CPUFacts{Now: fleet.Unknown()}}}
	for _, p := range s.Loaded(f, (s.At+s.Until)/2).Pools {
		size, _, _ := sizing.Floor(p)
		floors += size * p.Sized()
	}
	f.Servers[0].BudgetConns = floors + r.IntN(6) - 1
	return f, s, []int{5, 20, 100}[r.IntN(3)]
}
