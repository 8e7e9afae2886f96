package plannertest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
)

// FromToday is a what-if of two or three pools under max_db_connections whose sizes of today are all the same number.
func FromToday(r *rand.Rand, today int) budget.Declared {
	conns := 30 + r.IntN(40)
	d := budget.Declared{SizeAll: true, LeastGain: 0, Servers: []budget.DeclaredServer{{Name: "pg", MaxConns: &conns,
		DirectConns: new(int), HeadroomConns: new(int)}}}
	for i := range 2 + r.IntN(2) {
		p := budget.DeclaredPool{ID: fmt.Sprintf("g%d/db", i), Size: &today, Copies: 1 + r.IntN(2), Users: []string{"u"},
			Weight: 1, Min: 1,
			Utilization: 0.95, MaxWaitMean: time.Second, MaxWaitP99: 10 * time.Second, Count: budget.CountWorst, Server: "pg"}
		if r.IntN(2) == 0 && p.Copies == 1 {
			p.Users = []string{"u", "v"}
			p.Copies = 2
		}
		if r.IntN(3) > 0 {
			limit := 3 + r.IntN(12)
			p.MaxDBConns = &limit
		}
		if r.IntN(2) == 0 {
			reserve := r.IntN(3)
			p.ReserveConns = &reserve
		}
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 20 + 200*r.Float64(), MeanHold: 20 * time.Millisecond, ArrivalSCV: 1,
			HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}
