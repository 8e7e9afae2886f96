package allocate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/queue"
)

// erlangs is the cost of a pool: the mean number of clients that wait in M/M/n at so many Erlangs.
type erlangs struct{ weight, load float64 }

func (c erlangs) Cost(n int) float64 { return c.weight * queue.WaitingClients(n, c.load) }

func (c erlangs) Gains(n int, dst []float64) {
	for k := range dst {
		dst[k] = c.Cost(n+k) - c.Cost(n+k+1)
	}
}

// leastOfAllUses is the least cost of all uses of four rows, each item in one of the first two and in one of the last
// two.
func leastOfAllUses(p Problem) float64 {
	caps, size := [4]int{}, 1
	var step [4]int
	for r, row := range p.Rows {
		caps[r] = row.Cap
		for _, t := range row.Terms {
			caps[r] -= t.Coef * p.Items[t.Item].Lo
		}
		step[r] = size
		size *= caps[r] + 1
	}
	least := make([]float64, size) // by what is left of each row
	for i, it := range p.Items {
		next := make([]float64, size)
		for at := range next {
			next[at] = math.Inf(1)
			left := [4]int{}
			for r := range left {
				left[r] = at / step[r] % (caps[r] + 1)
			}
			from := at
		sizes:
			for n := it.Lo; n <= it.Hi; n++ {
				if n > it.Lo {
					for r, row := range p.Rows {
						for _, t := range row.Terms {
							if t.Item != i {
								continue
							}
							if left[r] -= t.Coef; left[r] < 0 {
								break sizes
							}
							from -= t.Coef * step[r]
						}
					}
				}
				next[at] = min(next[at], least[from]+it.Cost.Cost(n))
			}
		}
		least = next
	}
	return least[size-1]
}

// TestRowsThatCrossAreSolvedAsATableOfAllUses: ten pools of unequal copies under two rows that two others cross, as the
// caps of users and of databases do. The table shares nothing with the search but the costs.
func TestRowsThatCrossAreSolvedAsATableOfAllUses(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 5))
	methods := map[Method]int{}
	for range 40 {
		p := Problem{Rows: make([]Row, 4)}
		for i := range 10 {
			load, copies := 0.3+4*rng.Float64(), 1+rng.IntN(6)
			lo := int(load/0.95) + 1
			p.Items = append(p.Items, Item{ID: "x", Lo: lo, Hi: lo + 6, Cost: erlangs{(0.5 + rng.Float64()) * float64(copies),
				load}})
			for _, r := range []int{rng.IntN(2), 2 + rng.IntN(2)} {
				p.Rows[r].Terms = append(p.Rows[r].Terms, Term{Item: i, Coef: copies})
				p.Rows[r].Cap += copies * lo
			}
		}
		for r := range p.Rows {
			p.Rows[r].Cap += 6 + rng.IntN(15)
		}
		got, err := Solve(p)
		if err != nil {
			t.Fatal(err)
		}
		methods[got.Method]++
		want := leastOfAllUses(p)
		if !fits(p, got.N) || got.Objective < want-1e-9*want || got.Objective-got.Gap > want+1e-9*want {
			t.Errorf("%s: %v costs %v with a gap of %v, the least is %v\n%+v", got.Method, got.N, got.Objective, got.Gap, want,
				p)
		}
		if got.Gap == 0 && got.Objective > want*(1+1e-9) {
			t.Errorf("proved, and %v is not the least, %v\n%+v", got.Objective, want, p)
		}
	}
	t.Logf("%v", methods)
	if methods[Branched] < 20 {
		t.Errorf("%v: want most of them branched", methods)
	}
}
