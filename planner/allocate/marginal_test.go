package allocate

import (
	"math/rand/v2"
	"testing"
)

// withCap returns p with the cap of row r changed by d connections.
func withCap(p Problem, r, d int) Problem {
	p.Rows = append([]Row(nil), p.Rows...)
	p.Rows[r].Cap += d
	return p
}

func TestMarginalsOfOneRowOfUnitsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 40))
	for range 5000 {
		n := 1 + rng.IntN(5)
		items := randomItems(rng, n, 5, one)
		p := Problem{Items: items, Rows: []Row{rowOver(rng, "budget", items, all(n), one)}}
		sol, _ := compare(t, p)
		more, fewer := sol.Marginals[0].OneMore, sol.Marginals[0].OneFewer
		saves, costs := 0.0, 0.0
		if more.Item >= 0 {
			saves = more.Saves
		}
		if fewer.Item >= 0 {
			costs = fewer.Costs
		}
		after, _ := compare(t, withCap(p, 0, 1))
		if want := sol.Objective - after.Objective; !closeTo(saves, want, sol.Objective) {
			t.Fatalf("one more saves %v, says the marginal; %v, says Solve\n%+v", saves, want, p)
		}
		if room := p.Rows[0].Cap - floors(p, 0); room > 0 {
			after, _ = compare(t, withCap(p, 0, -1))
			if want := after.Objective - sol.Objective; !closeTo(costs, want, after.Objective) {
				t.Fatalf("one fewer costs %v, says the marginal; %v, says Solve\n%+v", costs, want, p)
			}
		}
	}
}

func TestMarginalsNeverPromiseMoreThanAnotherSolveKeeps(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 40))
	mores, fewers := 0, 0
	for range 5000 {
		p := drawMixed(rng)
		sol, _ := compare(t, p)
		for r := range p.Rows {
			if m := sol.Marginals[r].OneMore; m.Item >= 0 {
				mores++
				after, _ := compare(t, withCap(p, r, m.Short))
				if got := sol.Objective - after.Objective; got < m.Saves-1e-9*sol.Objective {
					t.Fatalf("row %d: %+v, but %d more connections save %v\n%+v", r, m, m.Short, got, p)
				}
			}
			if f := sol.Marginals[r].OneFewer; f.Item >= 0 {
				fewers++
				spare := p.Rows[r].Cap - sol.RowUse[r]
				after, _ := compare(t, withCap(p, r, -f.Coef-spare))
				if got := after.Objective - sol.Objective; got > f.Costs+1e-9*after.Objective {
					t.Fatalf("row %d: %+v, but losing its connections costs %v\n%+v", r, f, got, p)
				}
			}
		}
	}
	if mores < 1000 || fewers < 1000 {
		t.Errorf("%d marginals of more and %d of fewer were checked, want 1000 of each", mores, fewers)
	}
}

func TestMarginalsNameTheUnits(t *testing.T) {
	p := Problem{
		Items: []Item{
			{ID: "a", Lo: 1, Hi: 9, Cost: stepsCurve{from: 1, gains: []float64{9, 6, 3}}},
			{ID: "b", Lo: 1, Hi: 9, Cost: stepsCurve{from: 1, gains: []float64{16, 14, 2}}},
		},
		Rows: []Row{
			{Name: "budget", Cap: 13, Terms: []Term{{0, 3}, {1, 2}}},
			{Name: "roomy", Cap: 100, Terms: []Term{{1, 2}}},
		},
	}
	sol, err := Solve(p)
	if err != nil {
		t.Fatal(err)
	}
	want := Marginal{OneMore{Item: 0, Coef: 3, Short: 2, Saves: 6}, OneFewer{Item: 0, Coef: 3, Costs: 9}}
	if sol.N[0] != 2 || sol.N[1] != 3 || sol.Marginals[0] != want {
		t.Errorf("got sizes %v, %+v; want [2 3], %+v", sol.N, sol.Marginals[0], want)
	}
	if got, want := sol.Marginals[1], (Marginal{OneMore{Item: -1}, OneFewer{Item: -1}}); got != want {
		t.Errorf("a row with room: got %+v, want %+v", got, want)
	}
}

// floors returns what the floors of p use of row r.
func floors(p Problem, r int) (sum int) {
	for _, t := range p.Rows[r].Terms {
		sum += t.Coef * p.Items[t.Item].Lo
	}
	return sum
}

// closeTo says whether a and b agree to 1e-9 of scale.
func closeTo(a, b, scale float64) bool { return max(a-b, b-a) <= 1e-9*scale }
