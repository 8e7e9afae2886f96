package allocate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// perKind is how many random problems of each kind are checked.
const perKind = 6000

func TestEverySolutionIsAsGoodAsBruteForce(t *testing.T) {
	for k, kd := range kinds {
		t.Run(kd.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(k), 20))
			methods := map[Method]int{}
			loose, wide, off := 0, 0.0, 0
			for trial := range perKind {
				p := kd.draw(rng)
				got, err := Solve(p)
				if err != nil {
					t.Fatalf("trial %d: %v", trial, err)
				}
				want, at := brute(p)
				if !fits(p, got.N) {
					t.Fatalf("trial %d: %v does not fit %+v", trial, got.N, p)
				}
				if !close9(got.Objective, worth(p, got.N)) {
					t.Fatalf("trial %d: Objective = %v, its sizes cost %v", trial, got.Objective, worth(p, got.N))
				}
				truth := got.Objective - want
				if truth < -1e-9*want {
					t.Fatalf("trial %d: objective %v is below the least possible %v", trial, got.Objective, want)
				}
				if truth > got.Gap+1e-9*math.Abs(want) {
					t.Fatalf("trial %d: %s: gap %v, true gap %v (%v, best %v at %v)\n%+v", trial, got.Method, got.Gap, truth, got.N, want, at, p)
				}
				if kd.proved && got.Gap != 0 {
					t.Fatalf("trial %d: %s: gap %v, want 0: this kind is proved\n%+v", trial, got.Method, got.Gap, p)
				}
				methods[got.Method]++
				if got.Gap > 0 {
					loose++
					wide = max(wide, got.Gap/want)
				}
				if truth > 1e-9*want {
					off++
				}
			}
			t.Logf("%d problems, methods %v; %d left with a gap (worst %.2g of the objective), %d not optimal", perKind, methods, loose, wide, off)
		})
	}
}
