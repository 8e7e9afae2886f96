package allocate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestTheSameProblemGivesTheSameBytes(t *testing.T) {
	for k, kd := range kinds {
		rng := rand.New(rand.NewPCG(uint64(k), 50))
		for range 300 {
			p := kd.draw(rng)
			before := fmt.Sprintf("%+v", p)
			var first string
			for range 3 {
				sol, err := Solve(p)
				if err != nil {
					t.Fatal(err)
				}
				bytes, err := json.Marshal(sol)
				if err != nil {
					t.Fatal(err)
				}
				if first == "" {
					first = string(bytes)
				}
				if string(bytes) != first {
					t.Fatalf("%s: got %s, before %s", kd.name, bytes, first)
				}
			}
			if got := fmt.Sprintf("%+v", p); got != before {
				t.Fatalf("Solve changed its problem:\n%s\nbefore\n%s", got, before)
			}
		}
	}
}

// permuted returns p with its items in the order given by at, and its rows and
// terms reversed.
func permuted(p Problem, at []int) Problem {
	q := Problem{MinGain: p.MinGain, Items: make([]Item, len(p.Items))}
	to := make([]int, len(p.Items))
	for j, i := range at {
		q.Items[j] = p.Items[i]
		to[i] = j
	}
	for r := len(p.Rows) - 1; r >= 0; r-- {
		row := Row{Name: p.Rows[r].Name, Cap: p.Rows[r].Cap}
		for j := len(p.Rows[r].Terms) - 1; j >= 0; j-- {
			t := p.Rows[r].Terms[j]
			row.Terms = append(row.Terms, Term{to[t.Item], t.Coef})
		}
		q.Rows = append(q.Rows, row)
	}
	return q
}

func TestTheOrderOfItemsAndRowsDoesNotChangeTheObjective(t *testing.T) {
	for k, kd := range kinds {
		rng := rand.New(rand.NewPCG(uint64(k), 51))
		for range 500 {
			p := kd.draw(rng)
			a, err := Solve(p)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Solve(permuted(p, rng.Perm(len(p.Items))))
			if err != nil {
				t.Fatal(err)
			}
			if !close9(a.Objective, b.Objective) || (a.Gap == 0) != (b.Gap == 0) {
				t.Fatalf("%s: objective %v (gap %v), permuted %v (gap %v)\n%+v", kd.name, a.Objective, a.Gap, b.Objective, b.Gap, p)
			}
		}
	}
}

func TestTiesGoToTheLowerItem(t *testing.T) {
	for _, coef := range []int{1, 3} {
		var p Problem
		row := Row{Name: "budget", Cap: 4 * coef}
		for i := range 4 {
			p.Items = append(p.Items, Item{ID: "same", Lo: 0, Hi: 9, Cost: stepsCurve{gains: []float64{5, 5, 5, 5, 5}}})
			row.Terms = append(row.Terms, Term{i, coef})
		}
		p.Rows = []Row{row}
		sol, err := Solve(p)
		if want := "[4 0 0 0]"; err != nil || fmt.Sprint(sol.N) != want {
			t.Errorf("coefficient %d: got %v, %v; want %s", coef, sol.N, err, want)
		}
	}
}

func TestAGapCoversTheRisesThatWereRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 52))
	wrong := 0
	for range 6000 {
		p := drawOneRow(rng)
		for i := range p.Items {
			p.Items[i].Hi = min(p.Items[i].Hi, p.Items[i].Lo+firstBatch) // all of it is read
			c := p.Items[i].Cost.(stepsCurve)
			rng.Shuffle(len(c.gains), func(a, b int) { c.gains[a], c.gains[b] = c.gains[b], c.gains[a] })
			for k := range c.gains { // gains too small to be bought hide what follows them
				c.gains[k] += 1e-3
			}
		}
		got, err := Solve(p)
		if err != nil {
			t.Fatal(err)
		}
		best, _ := brute(p)
		if excess := got.Objective - best; excess > got.Gap+1e-9*best {
			t.Fatalf("%d: gap %v, true gap %v\n%+v", wrong, got.Gap, excess, p)
		} else if excess > 1e-9*best {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("no problem was solved wrongly: the curves were convex after all")
	}
}
