package steps

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

// ManyPools is a fleet of so many pools before one server, of which the first gives 40 % of its load to the second,
// with a tenth more connections than the floors need.
func ManyPools(n int) (budget.Fleet, shift.Shift) {
	r := rand.New(rand.NewPCG(uint64(n), 13))
	f := budget.Fleet{Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain,
		Servers: []budget.FleetServer{{Name: "pg", CPU: budget.CPUFacts{Now: fleet.Unknown()}}}}
	floors := 0
	for i := range n {
		id := fmt.Sprintf("g%04d/db", i)
		l := 1 + 9*r.Float64()
		if i < 2 {
			l = []float64{100, 5}[i]
		}
		p := budget.FleetPool{ID: id, Group: id[:5], Alias: "db", Server: "pg", Rules: budget.Rules{Min: 1, Weight: 1,
			Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond, Count: budget.CountWorst},
			Load: load.Load{Pool: id, Erlangs: load.Range{Lower: 0.95 * l, Target: l, Upper: 1.05 * l},
				MeanHold: 20 * time.Millisecond, PerSec: l / 0.02, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1,
				Method: load.MethodCounters}}
		for k := range 1 + r.IntN(4) {
			process := fmt.Sprintf("%s/%d", p.Group, k+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: process, Conns: 1, CapConns: 0})
			p.LinePools = append(p.LinePools, budget.LinePool{Process: process, User: "u"})
		}
		for k := range p.LinePools {
			p.LinePools[k].Share = 1 / float64(len(p.LinePools))
		}
		p.Tally()
		size, _, _ := sizing.Floor(p)
		floors += size * p.Sized()
		f.Pools = append(f.Pools, p)
	}
	f.Servers[0].BudgetConns = floors + floors/10 + 100
	f.Servers[0].MaxConns = f.Servers[0].BudgetConns
	return f, shift.Shift{From: f.Pools[0].ID, To: f.Pools[1].ID, Fraction: load.Range{Lower: 0.3, Target: 0.4,
		Upper: 0.5}, Until: 100}
}
