package allocate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// drawListed is a small problem with lists of any shape: costs that are flat or
// rise, uses that stop growing or jump, and curves among them.
func drawListed(rng *rand.Rand) Problem {
	n := 1 + rng.IntN(5)
	var p Problem
	rows := 1 + rng.IntN(4)
	for r := range rows {
		p.Rows = append(p.Rows, Row{Name: fmt.Sprint("row", r)})
	}
	for i := range n {
		if rng.IntN(3) == 0 {
			it := randomItems(rng, 1, 5, one)[0]
			it.ID = fmt.Sprint("curve", i)
			p.Items = append(p.Items, it)
			for r := range rows {
				if rng.IntN(3) > 0 {
					p.Rows[r].Terms = append(p.Rows[r].Terms, Term{i, rng.IntN(4)})
				}
			}
			continue
		}
		l := &List{}
		for r := range rows {
			if rng.IntN(3) > 0 {
				l.Rows = append(l.Rows, r)
			}
		}
		lo := rng.IntN(4)
		cost, uses := 20*rng.Float64(), make([]int, len(l.Rows))
		for j := range uses {
			uses[j] = rng.IntN(5)
		}
		size := lo
		for range 1 + rng.IntN(7) {
			l.Options = append(l.Options, Option{Size: size, Cost: cost, Uses: append([]int(nil), uses...)})
			size += rng.IntN(3)
			cost -= []float64{0, -1, 1, 5}[rng.IntN(4)] * rng.Float64()
			for j := range uses {
				uses[j] += rng.IntN(4) * rng.IntN(2)
			}
		}
		p.Items = append(p.Items, Item{ID: fmt.Sprint("list", i), Lo: lo, Hi: size, Min: lo, List: l})
	}
	for r := range p.Rows {
		for _, d := range p.demands(r) {
			p.Rows[r].Cap += d.floor
		}
		p.Rows[r].Cap += rng.IntN(14) - 1
	}
	return p
}

// bruteListed returns the least cost over all choices; +Inf when none fits.
func bruteListed(p Problem) float64 {
	best := math.Inf(1)
	use := make([]int, len(p.Rows))
	var visit func(i int, cost float64)
	visit = func(i int, cost float64) {
		if i == len(p.Items) {
			for r := range use {
				if use[r] > p.Rows[r].Cap {
					return
				}
			}
			best = min(best, cost)
			return
		}
		it := p.Items[i]
		was := append([]int(nil), use...)
		if it.List != nil {
			for _, o := range it.List.Options {
				if o.Size < it.Lo || o.Size > it.Hi {
					continue
				}
				for j, r := range it.List.Rows {
					use[r] = was[r] + o.Uses[j]
				}
				visit(i+1, cost+o.Cost)
				copy(use, was)
			}
			return
		}
		for n := it.Lo; n <= it.Hi; n++ {
			for r, row := range p.Rows {
				for _, t := range row.Terms {
					if t.Item == i {
						use[r] = was[r] + t.Coef*n
					}
				}
			}
			visit(i+1, cost+it.Cost.Cost(n))
			copy(use, was)
		}
	}
	visit(0, 0)
	return best
}

// checkListed compares Solve with brute force, and says whether it was proved.
func checkListed(t *testing.T, p Problem, within limits) (solved, proved bool) {
	t.Helper()
	want := bruteListed(p)
	sol, err := solve(p, within)
	var clash *Infeasible
	if errors.As(err, &clash) {
		if !math.IsInf(want, 1) {
			t.Fatalf("%v, but %v is possible\n%+v", err, want, p)
		}
		return false, false
	}
	if err != nil {
		t.Fatal(err)
	}
	cost, use := 0.0, make([]int, len(p.Rows))
	for i, it := range p.Items {
		if it.List == nil {
			cost += it.Cost.Cost(sol.N[i])
			continue
		}
		o := it.List.Options[sol.Options[i]]
		cost += o.Cost
		if o.Size != sol.N[i] {
			t.Fatalf("option %d is of size %d, not %d", sol.Options[i], o.Size, sol.N[i])
		}
		for j, r := range it.List.Rows {
			use[r] += o.Uses[j]
		}
	}
	for r, row := range p.Rows {
		for _, u := range row.Terms {
			use[r] += u.Coef * sol.N[u.Item]
		}
		if use[r] > row.Cap || use[r] != sol.RowUse[r] {
			t.Fatalf("row %d uses %d of %d, RowUse says %d\n%+v", r, use[r], row.Cap, sol.RowUse[r], p)
		}
	}
	if !close9(cost, sol.Objective) {
		t.Fatalf("the objective is %v, the sizes cost %v", sol.Objective, cost)
	}
	if excess := sol.Objective - want; excess < -1e-9*max(1, want) || excess > sol.Gap+1e-9*max(1, math.Abs(want)) {
		t.Fatalf("%s: objective %v, gap %v, the best is %v\n%+v", sol.Method, sol.Objective, sol.Gap, want, p)
	}
	return true, sol.Gap == 0
}

func TestListsOfAnyShapeAreAsGoodAsBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 60))
	solved, infeasible := 0, 0
	for range soak(4000) {
		p := drawListed(rng)
		if len(p.listed()) == 0 {
			continue
		}
		ok, proved := checkListed(t, p, limits{maxWork, maxEffort, maxLabels})
		switch {
		case !ok:
			infeasible++
		case !proved:
			t.Fatalf("not proved: %+v", p)
		default:
			solved++
		}
	}
	if solved < 1000 || infeasible < 100 {
		t.Errorf("%d solved, %d infeasible: too few to mean anything", solved, infeasible)
	}
}

func TestAGapOfListsIsNeverBelowTheTruthWhenTheSearchIsCutOff(t *testing.T) {
	for _, labels := range []int{1, 2, 4} {
		rng := rand.New(rand.NewPCG(uint64(labels), 61))
		open := 0
		for range soak(3000) {
			p := drawListed(rng)
			if len(p.listed()) == 0 {
				continue
			}
			if ok, proved := checkListed(t, p, limits{maxWork, maxEffort, labels}); ok && !proved {
				open++
			}
		}
		t.Logf("%d labels: %d not proved", labels, open)
		if labels == 1 && open < 10 {
			t.Errorf("%d were cut off, too few to mean anything", open)
		}
	}
}

func TestAHundredListedPoolsUnderOneBudgetAreProved(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 60))
	for trial := range 6 {
		p := drawFleet(rng, 100, 40)
		sol, err := Solve(p)
		if err != nil || sol.Gap != 0 {
			t.Errorf("trial %d: %s, gap %v of %v, %v", trial, sol.Method, sol.Gap, sol.Objective, err)
		}
	}
}

// drawFleet is a budget over pools of several pools of the line, some of which are free
// from some size on.
func drawFleet(rng *rand.Rand, n, listed int) Problem {
	p := Problem{Rows: []Row{{Name: "budget"}}}
	items, m := pools(rng, n, 8)
	for i, it := range items {
		need := m[i] * it.Lo
		if i < listed {
			l := &List{Rows: []int{0}}
			full := it.Lo + rng.IntN(8)
			for size := it.Lo; size <= it.Hi; size++ {
				l.Options = append(l.Options, Option{size, it.Cost.Cost(size), []int{m[i] * min(size, full)}})
			}
			it.List = l
		} else {
			p.Rows[0].Terms = append(p.Rows[0].Terms, Term{i, m[i]})
		}
		p.Items = append(p.Items, it)
		p.Rows[0].Cap += need + need/3
	}
	return p
}

// soak is n, or twenty times that with PGBUDGET_SOAK set.
func soak(n int) int {
	if os.Getenv("PGBUDGET_SOAK") != "" {
		return 20 * n
	}
	return n
}
