package learn

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"

	"github.com/pgbudget/pgbudget/planner/plannertest/race"
)

// TestAJudgementHoldsWhatItClaims draws traffic changes that move nothing, or the least that was expected, in each of
// the rhythms, and counts the verdicts that are wrong: of all rhythms together they are below the claim, and in no
// rhythm by itself beyond it. PGBUDGET_SOAK=1 draws 300,000 of each kind.
func TestAJudgementHoldsWhatItClaims(t *testing.T) {
	draws := 1000 // of each rhythm
	switch {
	case os.Getenv("PGBUDGET_SOAK") != "":
		draws = 300_000/len(Rhythms) + 1
	case race.On, testing.Short():
		draws = 100
	}
	nothing := map[Verdict]float64{Moved: movedByChance, Confounded: surpriseByChance}
	change := ObservedChange{FromX: 0, ToX: 20, Fraction: load.Range{Lower: 0.25, Target: 0.35, Upper: 0.45},
		Hold: 10 * time.Millisecond}
	far := ObservedChange{FromX: 0, ToX: 100, Fraction: load.Range{Lower: 0.6, Target: 0.7, Upper: 0.8},
		Hold: 10 * time.Millisecond}
	wrong, all := map[Verdict]int{}, map[Verdict]int{}
	claims := map[Verdict]float64{}
	for kind, c := range map[string]struct {
		from, to float64
		moves    float64 // of the least that was expected
		change   ObservedChange
		claims   map[Verdict]float64
	}{
		"nothing moves":                 {1000, 300, 0, change, nothing},
		"nothing moves to an idle pool": {1000, 0, 0, change, nothing},
		"nothing moves of a little":     {20, 5, 0, change, nothing},
		"the least moves, all the way":  {1000, 300, 1, far, map[Verdict]float64{NotMoved: notMovedByChance}},
	} {
		least := c.from * float64(c.change.ToX-c.change.FromX) / 100 * c.change.Fraction.Lower / arrivalsPerSum
		for name, rhythm := range Rhythms {
			said := map[Verdict]int{}
			for seed := range uint64(draws) {
				r := rand.New(rand.NewPCG(seed, 17))
				said[Judge(DrawChange(r, rhythm, c.from, c.to, c.moves*least, c.change)).Verdict]++
			}
			for v, most := range c.claims {
				claims[v] = most
				wrong[v], all[v] = wrong[v]+said[v], all[v]+draws
				if said[v] > 0 {
					t.Logf("%s, %s: %q %d times of %d", kind, name, v, said[v], draws)
				}
				if surely := 1 - AtMost(draws-said[v], draws); surely > most {
					t.Errorf("%s, %s: %q %d times of %d, %.2g at least; claimed %g", kind, name, v, said[v], draws, surely, most)
				}
			}
		}
	}
	for v, most := range claims {
		bound := AtMost(wrong[v], all[v])
		t.Logf("%q wrongly %d times of %d: at most %.2g, claimed %g", v, wrong[v], all[v], bound, most)
		if bound > most && draws > 100 {
			t.Errorf("%q wrongly %d times of %d: up to %.2g, claimed %g", v, wrong[v], all[v], bound, most)
		}
	}
}

// TestAJudgementSeesATenthOfAPool: of a pool of 1,000 transactions a second, in five minutes, in quiet and in mild
// rhythms.
func TestAJudgementSeesATenthOfAPool(t *testing.T) {
	draws := 1000
	if os.Getenv("PGBUDGET_SOAK") != "" {
		draws = 30_000
	}
	for _, name := range []string{"Poisson arrivals alone", "a day that turns", "AR(1) 2 % 10 s"} {
		said := map[Verdict]int{}
		for seed := range uint64(draws) {
			change := ObservedChange{FromX: 0, ToX: 20, Fraction: load.Range{Lower: 0.4, Target: 0.5, Upper: 0.6},
				Hold: 10 * time.Millisecond}
			said[Judge(DrawChange(rand.New(rand.NewPCG(seed, 18)), Rhythms[name], 1000, 300, 100, change)).Verdict]++
		}
		t.Logf("%s: %v", name, said)
		if seen := 1 - AtMost(draws-said[Moved], draws); seen < movedPower {
			t.Errorf("%s: seen in %.3g of the changes at least, claimed %g: %v", name, seen, movedPower, said)
		}
	}
}
