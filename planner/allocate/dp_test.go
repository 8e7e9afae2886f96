package allocate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// erlang is the cost of one pool: weight × waiting clients at load erlangs.
type erlang struct{ weight, load float64 }

func (c erlang) Cost(n int) float64 { return c.weight * queue.WaitingClients(n, c.load) }

func (c erlang) Gains(n int, dst []float64) {
	w := queue.NewWalker(c.load, n)
	for k := range dst {
		dst[k] = c.weight * w.Gain()
		w.Next()
	}
}

// pools draws n pools of Erlang cost and their pools of the line.
func pools(rng *rand.Rand, n, most int) (items []Item, m []int) {
	for i := range n {
		a := math.Exp(rng.NormFloat64())
		m = append(m, 1+rng.IntN(most))
		lo := int(a/0.95) + 1
		items = append(items, Item{ID: fmt.Sprint("p", i), Lo: lo, Hi: lo + 5 + rng.IntN(40),
			Cost: erlang{rng.Float64() * float64(m[i]), a}})
	}
	return items, m
}

// budgetOver returns a row by pools of the line over the members, with room for share more
// than their floors.
func budgetOver(items []Item, m, members []int, share float64) Row {
	row := Row{Name: "row"}
	need := 0
	for _, i := range members {
		row.Terms = append(row.Terms, Term{i, m[i]})
		need += m[i] * items[i].Lo
	}
	row.Cap = need + int(share*float64(need))
	return row
}

// table is, for 0, 1, … connections above the floors, the least cost of some
// items within them.
type table []float64

// add returns the table of items of t and one more, by trying all its sizes.
func (t table) add(it Item, coef int) table {
	out := make(table, len(t))
	for room := range out {
		out[room] = math.Inf(1)
		for n := it.Lo; n <= it.Hi && coef*(n-it.Lo) <= room; n++ {
			out[room] = min(out[room], t[room-coef*(n-it.Lo)]+it.Cost.Cost(n))
		}
	}
	return out
}

// join returns the table of the items of both.
func (t table) join(o table) table {
	out := make(table, len(t))
	for room := range out {
		out[room] = math.Inf(1)
		for x := range room + 1 {
			out[room] = min(out[room], t[x]+o[room-x])
		}
	}
	return out
}

func TestAServerOfThirtyPoolsIsAsGoodAsDynamicProgramming(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 60))
	for trial := range 150 {
		items, m := pools(rng, 5+rng.IntN(25), []int{1, 2, 3, 8, 16}[trial%5])
		row := budgetOver(items, m, all(len(items)), 0.05+0.5*rng.Float64())
		p := Problem{Items: items, Rows: []Row{row}}
		best := make(table, row.Cap-floors(p, 0)+1)
		for i, it := range items {
			best = best.add(it, m[i])
		}
		sol, err := Solve(p)
		if want := best[len(best)-1]; err != nil || sol.Gap != 0 || !close9(sol.Objective, want) {
			t.Fatalf("trial %d: got %v, gap %v, %v; want %v", trial, sol.Objective, sol.Gap, err, want)
		}
	}
}

func TestRolesWithinABudgetAreAsGoodAsDynamicProgramming(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 60))
	layered := 0
	for trial := range 150 {
		items, m := pools(rng, 6+rng.IntN(20), []int{2, 3, 8, 16}[trial%4])
		p := Problem{Items: items, Rows: []Row{budgetOver(items, m, all(len(items)), 0.1+0.4*rng.Float64())}}
		room := p.Rows[0].Cap - floors(p, 0)
		best := make(table, room+1)
		for _, members := range split(rng, len(items), 2+rng.IntN(3)) {
			role := budgetOver(items, m, members, 0.1+0.4*rng.Float64())
			p.Rows = append(p.Rows, role)
			own := make(table, room+1)
			for _, i := range members {
				own = own.add(items[i], m[i])
			}
			for x := max(0, role.Cap-floors(p, len(p.Rows)-1)) + 1; x < len(own); x++ {
				own[x] = own[x-1]
			}
			best = best.join(own)
		}
		sol, err := Solve(p)
		if err != nil || sol.Gap != 0 || !close9(sol.Objective, best[room]) {
			t.Fatalf("trial %d: %s: got %v, gap %v, %v; want %v", trial, sol.Method, sol.Objective, sol.Gap, err, best[room])
		}
		if sol.Method == Layered {
			layered++
		}
	}
	if layered < 30 {
		t.Errorf("%d problems needed the layered search, want at least 30", layered)
	}
}

func TestLargeRandomCrossingsAreProved(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 60))
	flows := 0
	for trial := range 40 {
		items, _ := pools(rng, 50+rng.IntN(150), 1)
		m := make([]int, len(items))
		for i := range m {
			m[i] = 1
		}
		p := Problem{Items: items, Rows: []Row{budgetOver(items, m, all(len(items)), 0.3)}}
		for range 2 {
			for _, members := range split(rng, len(items), 4+rng.IntN(10)) {
				p.Rows = append(p.Rows, budgetOver(items, m, members, 0.15+0.3*rng.Float64()))
			}
		}
		sol, err := Solve(p)
		if err != nil || sol.Gap != 0 || !fits(p, sol.N) {
			t.Fatalf("trial %d: %s, gap %v, %v", trial, sol.Method, sol.Gap, err)
		}
		if sol.Method == Flow {
			flows++
		}
	}
	if flows < 30 {
		t.Errorf("%d problems needed the flow, want at least 30", flows)
	}
}
