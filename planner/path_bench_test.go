package planner

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// manyPools is a fleet of so many pools before one server, of which the first gives 40 % of its load to the second, with a tenth
// more connections than the floors need.
func manyPools(n int) (Fleet, Shift) {
	r := rand.New(rand.NewPCG(uint64(n), 13))
	f := Fleet{Deadband: DefaultDeadband, LeastGain: DefaultLeastGain, Servers: []FleetServer{{Name: "pg", CPU: CPUFacts{Now: Unknown()}}}}
	floors := 0
	for i := range n {
		id := fmt.Sprintf("g%04d/db", i)
		load := 1 + 9*r.Float64()
		if i < 2 {
			load = []float64{100, 5}[i]
		}
		p := FleetPool{ID: id, Group: id[:5], Alias: "db", Server: "pg", Rules: Rules{Min: 1, Weight: 1, Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond, Count: CountWorst},
			Load: Load{Pool: id, Erlangs: Range{0.95 * load, load, 1.05 * load}, MeanHold: 20 * time.Millisecond, PerSec: load / 0.02, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1, Method: MethodCounters}}
		for k := range 1 + r.IntN(4) {
			process := fmt.Sprintf("%s/%d", p.Group, k+1)
			p.Sizes = append(p.Sizes, Size{process, 1, 0})
			p.Copies = append(p.Copies, Copy{Process: process, User: "u"})
		}
		for k := range p.Copies {
			p.Copies[k].Share = 1 / float64(len(p.Copies))
		}
		p.tally()
		size, _, _ := Floor(p)
		floors += size * p.sized()
		f.Pools = append(f.Pools, p)
	}
	f.Servers[0].BudgetConns = floors + floors/10 + 100
	f.Servers[0].MaxConns = f.Servers[0].BudgetConns
	return f, Shift{From: f.Pools[0].ID, To: f.Pools[1].ID, Fraction: Range{0.3, 0.4, 0.5}, Until: 100}
}

// BenchmarkPath plans a way of a hundred turns of one point each, against as many bare solves of the same fleet, taking turns.
func BenchmarkPath(b *testing.B) {
	for _, pools := range []int{10, 1000} {
		b.Run(fmt.Sprintf("pools=%d/steps=100", pools), func(b *testing.B) {
			f, s := manyPools(pools)
			var path, solves time.Duration
			for b.Loop() {
				begun := time.Now()
				p, err := PathOf(f, s, 1)
				if err != nil || len(p.Jumps) != 100 {
					b.Fatal(err, len(p.Jumps))
				}
				path += time.Since(begun)
				begun = time.Now()
				for range 100 {
					if _, err := Solve(f, Options{}); err != nil {
						b.Fatal(err)
					}
				}
				solves += time.Since(begun)
			}
			b.ReportMetric(float64(path.Nanoseconds())/float64(b.N), "ns/path")
			b.ReportMetric(path.Seconds()/solves.Seconds(), "x-solves")
		})
	}
}
