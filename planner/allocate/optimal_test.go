package allocate

import (
	"math/rand/v2"
	"testing"
)

// perKind is how many random problems of each kind's own shape are checked.
const perKind = 6000

// compare solves p and returns the solution after holding it against brute
// force: it must fit, cost what it says, be no better than the best, and no
// further from it than its gap.
func compare(t *testing.T, p Problem) (got Solution, excess float64) {
	t.Helper()
	got, err := Solve(p)
	if err != nil {
		t.Fatalf("%v\n%+v", err, p)
	}
	want, at := brute(p)
	if !fits(p, got.N) {
		t.Fatalf("%v does not fit\n%+v", got.N, p)
	}
	if !close9(got.Objective, worth(p, got.N)) {
		t.Fatalf("Objective = %v, its sizes cost %v\n%+v", got.Objective, worth(p, got.N), p)
	}
	excess = got.Objective - want
	if excess < -1e-9*want {
		t.Fatalf("objective %v is below the least possible %v\n%+v", got.Objective, want, p)
	}
	if excess > got.Gap+1e-9*want {
		t.Fatalf("%s: gap %v, true gap %v (%v, best %v at %v)\n%+v", got.Method, got.Gap, excess, got.N, want, at, p)
	}
	if got.Gap != 0 && got.Method != Bounded {
		t.Fatalf("%s: gap %v, want 0: this method proves\n%+v", got.Method, got.Gap, p)
	}
	return got, excess
}

func TestEverySolutionIsAsGoodAsBruteForce(t *testing.T) {
	problems := perKind
	if testing.Short() {
		problems /= 6
	}
	for k, kd := range kinds {
		t.Run(kd.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(k), 20))
			methods := map[Method]int{}
			drawn, own := 0, 0
			for ; own < problems && drawn < 60*problems; drawn++ {
				got, _ := compare(t, kd.draw(rng))
				methods[got.Method]++
				if kd.shape == "" || got.Method == kd.shape {
					own++
				}
			}
			if own < problems {
				t.Errorf("only %d of %d problems were solved as %q, want %d", own, drawn, kd.shape, problems)
			}
			t.Logf("%d problems, by method %v", drawn, methods)
		})
	}
}
