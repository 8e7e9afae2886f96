package allocate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/bench/fleets"
	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// seat is one pool of the bare loop: its walker and its gain per connection.
type seat struct {
	walker queue.Walker
	weight float64
	rate   float64
	coef   int
}

// bare is what a first draft of the allocator looks like: a heap of pools, the
// best gain per connection taken while it fits; no check, no proof, no marginals.
// It takes the same Erlang steps and returns the sum of the sizes.
func bare(p allocate.Problem, heap []seat) int {
	row := p.Rows[0]
	left, total := row.Cap, 0
	heap = heap[:0]
	for _, t := range row.Terms {
		it := p.Items[t.Item]
		w := it.Cost.(fleets.Waiting)
		left -= t.Coef * it.Lo
		total += it.Lo
		s := seat{walker: queue.NewWalker(w.Load, it.Lo), weight: w.Weight / float64(t.Coef), coef: t.Coef}
		s.rate = s.weight * s.walker.Gain()
		heap = append(heap, s)
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sift(heap, i)
	}
	for len(heap) > 0 {
		top := &heap[0]
		if top.coef > left {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		} else {
			left -= top.coef
			total++
			top.walker.Next()
			top.rate = top.weight * top.walker.Gain()
		}
		sift(heap, 0)
	}
	return total
}

// sift moves seat i down to its place in the heap.
func sift(h []seat, i int) {
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1].rate > h[c].rate {
			c++
		}
		if h[i].rate >= h[c].rate {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// BenchmarkAgainstBareGreedy times Solve beside the bare loop in the same run
// and reports the ratio of their times. Asked: at most 5 with unit pools of the line and
// 10 pools, at most 40 with pools of the line up to 8, where the bare answer is not even
// optimal.
func BenchmarkAgainstBareGreedy(b *testing.B) {
	for _, c := range []struct{ pools, conns, linePools int }{
		{10, 500, 1}, {10, 500, 8}, {1000, 20000, 1}, {1000, 20000, 8}, {100000, 1000000, 1}, {100000, 1000000, 8},
	} {
		b.Run(fmt.Sprintf("pools=%d/line_pools=%d", c.pools, c.linePools), func(b *testing.B) {
			p := fleets.One(1, c.pools, c.conns, c.linePools)
			heap := make([]seat, 0, c.pools)
			var ours, theirs time.Duration
			inner := max(1, 100/c.pools) // so that reading the clock costs nothing
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				for range inner {
					bare(p, heap)
				}
				between := time.Now()
				for range inner {
					if sol, err := allocate.Solve(p); err != nil || sol.Gap != 0 {
						b.Fatal(err, sol.Gap)
					}
				}
				theirs += between.Sub(start)
				ours += time.Since(between)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N*inner), "ns/solve")
		})
	}
}

// BenchmarkGrouped times fleets whose users and databases have caps of their
// own, and reports the gap that is left, relative to the objective.
func BenchmarkGrouped(b *testing.B) {
	for _, c := range []struct {
		pools, conns, linePools, users, databases int
		byLinePools                               bool
	}{
		{100, 2000, 1, 12, 0, true},
		{1000, 20000, 1, 40, 20, true},
		{10000, 200000, 1, 400, 0, true},
		{10000, 200000, 1, 400, 100, true},
		{10, 500, 8, 3, 0, true},
		{30, 1500, 8, 4, 3, false},
		{30, 1500, 8, 4, 3, true},
		{100, 4000, 8, 10, 0, true},
		{100, 4000, 8, 10, 0, false},
		{100, 4000, 8, 10, 5, true},
		{1000, 20000, 8, 20, 0, true},
		{1000, 20000, 8, 20, 10, true},
		{10000, 200000, 8, 100, 0, true},
	} {
		name := fmt.Sprintf("pools=%d/line_pools=%d/users=%d/databases=%d/by_line_pools=%v", c.pools, c.linePools, c.users,
			c.databases,
			c.byLinePools)
		b.Run(name, func(b *testing.B) {
			p := fleets.Grouped(1, fleets.One(1, c.pools, c.conns, c.linePools), c.users, c.databases, c.byLinePools)
			var sol allocate.Solution
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if sol, err = allocate.Solve(p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(sol.Gap/sol.Objective, "gap/objective")
			b.Log(sol.Method, sol.Objective)
		})
	}
}
