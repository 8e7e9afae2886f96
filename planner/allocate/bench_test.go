package allocate

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// waiting is the curve of one pool: weight × the mean number of clients that
// wait at each of its copies, load erlangs each.
type waiting struct{ weight, load float64 }

func (c waiting) Cost(n int) float64 { return c.weight * queue.WaitingClients(n, c.load) }

func (c waiting) Gains(n int, dst []float64) {
	w := queue.NewWalker(c.load, n)
	for k := range dst {
		dst[k] = c.weight * w.Gain()
		w.Next()
	}
}

// fleet returns n pools behind one budget of conns connections; copies are
// drawn from 1..most. Floors need fill of the budget at 0.95 utilisation, as in
// MATH: the loads are log-normal and then scaled until they do.
func fleet(seed uint64, n, conns, most int, fill float64) Problem {
	rng := rand.New(rand.NewPCG(seed, 7))
	load, m, weight := make([]float64, n), make([]int, n), make([]float64, n)
	sum := 0.0
	for i := range n {
		load[i] = math.Exp(rng.NormFloat64())
		m[i] = 1 + rng.IntN(most)
		weight[i] = 0.5 + rng.Float64()
		sum += load[i] * float64(m[i])
	}
	var p Problem
	row := Row{Name: "budget", Cap: conns}
	for scale := fill * float64(conns) / sum; ; scale *= 0.97 {
		p.Items, row.Terms = make([]Item, 0, n), make([]Term, 0, n)
		need := 0
		for i := range n {
			a := load[i] * scale
			lo := int(a/0.95) + 1
			need += m[i] * lo
			p.Items = append(p.Items, Item{ID: "pool", Lo: lo, Hi: MaxSize, Cost: waiting{weight[i] * float64(m[i]), a}})
			row.Terms = append(row.Terms, Term{i, m[i]})
		}
		if float64(need) <= fill*float64(conns) {
			break
		}
	}
	p.Rows = []Row{row}
	return p
}

func benchSolve(b *testing.B, p Problem) {
	b.ReportAllocs()
	var sol Solution
	for b.Loop() {
		sol, _ = Solve(p)
	}
	b.ReportMetric(sol.Gap, "gap")
	use := float64(sol.RowUse[0])
	b.ReportMetric(use, "conns")
}

func BenchmarkSolve(b *testing.B) {
	for _, c := range []struct {
		name           string
		n, conns, most int
	}{
		{"pools=10/copies=1", 10, 500, 1},
		{"pools=10/copies=8", 10, 500, 8},
		{"pools=1000/copies=1", 1000, 20000, 1},
		{"pools=1000/copies=8", 1000, 20000, 8},
		{"pools=100000/copies=1", 100000, 1000000, 1},
		{"pools=100000/copies=8", 100000, 1000000, 8},
	} {
		b.Run(c.name, func(b *testing.B) { benchSolve(b, fleet(1, c.n, c.conns, c.most, 0.8)) })
	}
}

var _ = heap.Init
var _ = time.Now

// grouped adds user caps by copies and database caps by units to a fleet, each
// tight for most of its groups.
func grouped(seed uint64, p Problem, users, dbs int, byCopies bool) Problem {
	rng := rand.New(rand.NewPCG(seed, 9))
	free, _ := Solve(p)
	m := make([]int, len(p.Items))
	for _, t := range p.Rows[0].Terms {
		m[t.Item] = t.Coef
	}
	for _, parts := range []int{users, dbs} {
		for _, members := range split(rng, len(p.Items), max(1, parts)) {
			if parts == 0 || len(members) == 0 {
				continue
			}
			row := Row{Name: "group"}
			low, now := 0, 0
			for _, i := range members {
				c := 1
				if byCopies {
					c = m[i]
				}
				row.Terms = append(row.Terms, Term{i, c})
				low += c * p.Items[i].Lo
				now += c * free.N[i]
			}
			row.Cap = low + int(float64(now-low)*(0.5+0.8*rng.Float64()))
			p.Rows = append(p.Rows, row)
		}
	}
	return p
}

func BenchmarkGrouped(b *testing.B) {
	for _, c := range []struct {
		name                       string
		n, conns, most, users, dbs int
		byCopies                   bool
	}{
		{"pools=10/users=3/copies", 10, 500, 8, 3, 0, true},
		{"pools=30/users=4/dbs=3/copies", 30, 1500, 8, 4, 3, true},
		{"pools=30/users=4/dbs=3/unit", 30, 1500, 8, 4, 3, false},
		{"pools=100/users=10/copies", 100, 4000, 8, 10, 0, true},
		{"pools=100/users=10/dbs=5/copies", 100, 4000, 8, 10, 5, true},
		{"pools=1000/users=20/dbs=10/copies", 1000, 20000, 8, 20, 10, true},
		{"pools=1000/users=40/dbs=20/flow", 1000, 20000, 1, 40, 20, true},
		{"pools=10000/users=400/nested", 10000, 200000, 1, 400, 0, true},
		{"pools=10000/users=400/dbs=100/flow", 10000, 200000, 1, 400, 100, true},
		{"pools=10000/users=100/copies", 10000, 200000, 8, 100, 0, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := grouped(1, fleet(1, c.n, c.conns, c.most, 0.8), c.users, c.dbs, c.byCopies)
			benchSolve(b, p)
			sol, _ := Solve(p)
			b.ReportMetric(sol.Gap/sol.Objective, "gap/objective")
			b.Log(sol.Method, sol.Objective)
		})
	}
}
