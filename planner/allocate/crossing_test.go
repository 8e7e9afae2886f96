package allocate

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestACrossingFindsWhatCountingFinds(t *testing.T) {
	problems, split := 0, 0
	for seed := uint64(0); problems < 1000; seed++ {
		rng := rand.New(rand.NewPCG(seed, 101))
		draw := drawCopies
		if seed%2 == 0 {
			draw = drawMixed
		}
		tr := crossed(draw(rng))
		if tr == nil {
			continue
		}
		problems++
		most := 0.0
		tr.answers(tr.m.whole(), func(_ []int, saves float64) { most = max(most, saves) })
		// Few columns awake, few cuts: the search has to wake and to split.
		e := effort{math.MaxInt, rng.IntN(4), rng.IntN(3)}
		a := tr.newCrossing(tr.tighten(tr.m.whole(), tr.slackness(tr.m.whole())), math.Inf(1), e)
		if visits := rng.IntN(6); len(a.open) > 0 {
			a.search(visits, math.MaxInt)
			if bound := a.bound(); bound < most-1e-9 {
				t.Fatalf("seed %d: bound %v after %d nodes, the best saves %v", seed, bound, visits, most)
			}
			a.search(math.MaxInt, math.MaxInt)
		}
		split += a.visits
		if len(a.open) > 0 || math.Abs(tr.gained-most) > 1e-9*max(1, most) {
			t.Fatalf("seed %d: saves %v with %d nodes left, the best saves %v", seed, tr.gained, len(a.open), most)
		}
		if tr.m.set(tr.best); math.Abs(tr.m.saved(tr.first, tr.best)-tr.gained) > 1e-9 || !tr.m.set(tr.best) {
			t.Fatalf("seed %d: %v does not fit, or does not save %v", seed, tr.best, tr.gained)
		}
	}
	if split < 500 {
		t.Errorf("only %d nodes were visited", split)
	}
}
