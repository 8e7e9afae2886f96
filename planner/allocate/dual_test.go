package allocate

import (
	"math/rand/v2"
	"testing"
)

// TestEveryAlgorithmFindsTheSameOptimum solves crossings by pools of the line too large for
// brute force, as one component and, with every row's items in another order
// and the search limited, again: proofs must agree, and no cut off search may
// beat a proof or claim a gap that is too small.
func TestEveryAlgorithmFindsTheSameOptimum(t *testing.T) {
	branched, bounded := 0, 0
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 90))
		items, m := pools(rng, 12, 8)
		p := Problem{Items: items, Rows: []Row{budgetOver(items, m, all(len(items)), 0.3)}}
		for range 2 {
			for _, members := range split(rng, len(items), 3) {
				p.Rows = append(p.Rows, budgetOver(items, m, members, 0.15+0.3*rng.Float64()))
			}
		}
		sol, err := Solve(p)
		if err != nil || sol.Gap != 0 {
			t.Fatalf("seed %d: gap %v, %v; a dozen pools should be proved", seed, sol.Gap, err)
		}
		if sol.Method == Branched {
			branched++
		}
		permutedToo, err := Solve(permuted(p, rng.Perm(len(items))))
		if err != nil || !close9(permutedToo.Objective, sol.Objective) {
			t.Fatalf("seed %d: %s proved %v, and in another order %s proved %v", seed, sol.Method, sol.Objective,
				permutedToo.Method,
				permutedToo.Objective)
		}
		for _, within := range []limits{{}, {work: 1000, effort: 100}, {work: 40000}} {
			rough, err := solve(p, within)
			if err != nil {
				t.Fatal(err)
			}
			if rough.Gap > 0 {
				bounded++
			}
			if truth := rough.Objective - sol.Objective; truth < -1e-9*sol.Objective || truth > rough.Gap+1e-9*sol.Objective {
				t.Fatalf("seed %d within %v: %v, gap %v; proved %v", seed, within, rough.Objective, rough.Gap, sol.Objective)
			}
		}
	}
	if branched < 500 || bounded < 500 {
		t.Errorf("%d were branched, %d cut off; want 500 of each", branched, bounded)
	}
}
