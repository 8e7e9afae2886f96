package planner

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// rhythms draws what comes to two pools beside Poisson arrivals: factors of their rates, block by block, u from -1 to 1
// about the turn. Each is a world in which a Judgement has to hold what it claims.
var rhythms = map[string]func(r *rand.Rand, blocks int) func(i int, u float64) (from, to float64){
	"Poisson arrivals alone": func(*rand.Rand, int) func(int, float64) (float64, float64) {
		return func(int, float64) (float64, float64) { return 1, 1 }
	},
	"AR(1) 2 % 10 s":                   ar1(0.02, 10, 0),
	"AR(1) 5 % 30 s":                   ar1(0.05, 30, 0),
	"AR(1) 5 % 60 s":                   ar1(0.05, 60, 0),
	"AR(1) 10 % 60 s":                  ar1(0.1, 60, 0),
	"AR(1) 10 % 300 s":                 ar1(0.1, 300, 0),
	"AR(1) 10 % 1000 s":                ar1(0.1, 1000, 0),
	"AR(1) 10 % 60 s of both pools":    ar1(0.1, 60, 1),
	"AR(1) 5 % 60 s from pool to pool": ar1(0.05, 60, -1),
	"AR(1) 10 % 300 s to and fro":      ar1(0.1, 300, -1),
	"bursts of 10 s":                   bursts(10),
	"bursts of 30 s":                   bursts(30),
	"a morning": func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		return func(_ int, u float64) (float64, float64) { f := 1 + 0.3*(u+u*u)/2; return f, f }
	},
	"a day that turns": func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		a, b := 2*math.Pi*r.Float64(), 2*math.Pi*r.Float64() // 24 h in which the load doubles; the looks are ten minutes
		day := func(phase, u float64) float64 { return 1 + math.Sin(phase+2*math.Pi*u*300/86400)/3 }
		return func(_ int, u float64) (float64, float64) { return day(a, u), day(b, u) }
	},
}

// blockSpan is how long a block is here.
const blockSpan = 5 * time.Second

// ar1 is a first-order autoregression for each pool: independent, or of both (1), or what one loses the other gets
// (-1).
func ar1(cv, tau float64, together int) func(*rand.Rand, int) func(int, float64) (float64, float64) {
	rho := math.Exp(-blockSpan.Seconds() / tau)
	fresh := math.Sqrt(1 - rho*rho)
	return func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		u, v := r.NormFloat64(), r.NormFloat64()
		return func(int, float64) (float64, float64) {
			u, v = rho*u+fresh*r.NormFloat64(), rho*v+fresh*r.NormFloat64()
			if together != 0 {
				v = float64(together) * u
			}
			return 1 + cv*u, 1 + cv*v
		}
	}
}

// bursts are times of half as much again, which come and go by chance, after so many seconds in the mean.
func bursts(tau float64) func(*rand.Rand, int) func(int, float64) (float64, float64) {
	return func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		on := [2]bool{r.IntN(2) == 0, r.IntN(2) == 0}
		return func(int, float64) (float64, float64) {
			f := [2]float64{1, 1}
			for i := range on {
				if r.Float64() < 1-math.Exp(-blockSpan.Seconds()/tau) {
					on[i] = !on[i]
				}
				if on[i] {
					f[i] = 1.5
				}
			}
			return f[0], f[1]
		}
	}
}

// drawTurn draws five minutes before and after a turn that moves so many transactions a second.
func drawTurn(r *rand.Rand, rhythm func(*rand.Rand, int) func(int, float64) (float64, float64), from, to, moves float64, t Turned) Turned {
	const blocks = 60
	next := rhythm(r, blocks)
	draw := func(mean float64) int64 {
		if mean > 30 {
			return int64(max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
		}
		k, p := int64(0), r.Float64()
		for limit := math.Exp(-max(0, mean)); p > limit; k++ {
			p *= r.Float64()
		}
		return k
	}
	t.Before, t.After = make([]Block, 0, blocks), make([]Block, 0, blocks)
	for i := range 2 * blocks {
		f, g := next(i, (float64(i)+0.5)/blocks-1)
		a, b := from*f, to*g
		if i >= blocks { // what moves has the rhythm of where it comes from
			a, b = a-moves*f, b+moves*f
		}
		x := Block{blockSpan, draw(a * blockSpan.Seconds()), draw(b * blockSpan.Seconds())}
		if i < blocks {
			t.Before = append(t.Before, x)
		} else {
			t.After = append(t.After, x)
		}
	}
	return t
}

// atMost is the upper 95 % bound of a chance that was met k times of n (Clopper and Pearson).
func atMost(k, n int) float64 {
	if k >= n {
		return 1
	}
	return distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.95)
}

// TestAJudgementHoldsWhatItClaims draws turns that move nothing, or the least that was expected, in each of the
// rhythms, and counts the verdicts that are wrong: of all rhythms together they are below the claim, and in no rhythm
// by itself beyond it. PGBUDGET_SOAK=1 draws 300,000 of each kind.
func TestAJudgementHoldsWhatItClaims(t *testing.T) {
	draws := 1000 // of each rhythm
	switch {
	case os.Getenv("PGBUDGET_SOAK") != "":
		draws = 300_000/len(rhythms) + 1
	case raced:
		draws = 100
	}
	nothing := map[Verdict]float64{Moved: movedByChance, Confounded: surpriseByChance}
	turn := Turned{FromX: 0, ToX: 20, Fraction: Range{0.25, 0.35, 0.45}, Hold: 10 * time.Millisecond}
	far := Turned{FromX: 0, ToX: 100, Fraction: Range{0.6, 0.7, 0.8}, Hold: 10 * time.Millisecond}
	wrong, all := map[Verdict]int{}, map[Verdict]int{}
	claims := map[Verdict]float64{}
	for kind, c := range map[string]struct {
		from, to float64
		moves    float64 // of the least that was expected
		turn     Turned
		claims   map[Verdict]float64
	}{
		"nothing moves":                 {1000, 300, 0, turn, nothing},
		"nothing moves to an idle pool": {1000, 0, 0, turn, nothing},
		"nothing moves of a little":     {20, 5, 0, turn, nothing},
		"the least moves, all the way":  {1000, 300, 1, far, map[Verdict]float64{NotMoved: notMovedByChance}},
	} {
		least := c.from * float64(c.turn.ToX-c.turn.FromX) / 100 * c.turn.Fraction.Lower / arrivalsPerSum
		for name, rhythm := range rhythms {
			said := map[Verdict]int{}
			for seed := range uint64(draws) {
				r := rand.New(rand.NewPCG(seed, 17))
				said[Judge(drawTurn(r, rhythm, c.from, c.to, c.moves*least, c.turn)).Verdict]++
			}
			for v, most := range c.claims {
				claims[v] = most
				wrong[v], all[v] = wrong[v]+said[v], all[v]+draws
				if said[v] > 0 {
					t.Logf("%s, %s: %q %d times of %d", kind, name, v, said[v], draws)
				}
				if surely := 1 - atMost(draws-said[v], draws); surely > most {
					t.Errorf("%s, %s: %q %d times of %d, %.2g at least; claimed %g", kind, name, v, said[v], draws, surely, most)
				}
			}
		}
	}
	for v, most := range claims {
		bound := atMost(wrong[v], all[v])
		t.Logf("%q wrongly %d times of %d: at most %.2g, claimed %g", v, wrong[v], all[v], bound, most)
		if bound > most && !raced {
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
			turn := Turned{FromX: 0, ToX: 20, Fraction: Range{0.4, 0.5, 0.6}, Hold: 10 * time.Millisecond}
			said[Judge(drawTurn(rand.New(rand.NewPCG(seed, 18)), rhythms[name], 1000, 300, 100, turn)).Verdict]++
		}
		t.Logf("%s: %v", name, said)
		if seen := 1 - atMost(draws-said[Moved], draws); seen < movedPower {
			t.Errorf("%s: seen in %.3g of the turns at least, claimed %g: %v", name, seen, movedPower, said)
		}
	}
}

// TestAJudgementOfNothingSaysSo: where nothing comes, or nothing is turned, there is a plain statement and no figure.
func TestAJudgementOfNothingSaysSo(t *testing.T) {
	blocks := func(from, to int64) []Block {
		var out []Block
		for range 12 {
			out = append(out, Block{blockSpan, from, to})
		}
		return out
	}
	for want, c := range map[string]struct {
		before, after []Block
		fromX, toX    int
	}{
		"no transaction came to either pool, before the turn or after it":                            {blocks(0, 0), blocks(0, 0), 0, 5},
		"no transaction came to the giving pool before the turn: nothing tells how many should move": {blocks(0, 100), blocks(0, 100), 0, 5},
		"the switch stays at 5 %: nothing could move":                                                {blocks(500, 100), blocks(500, 100), 5, 5},
		"3 looks before and 12 after the turn are too few":                                           {blocks(500, 100)[:3], blocks(500, 100), 0, 5},
	} {
		j := Judge(Turned{Before: c.before, After: c.after, FromX: c.fromX, ToX: c.toX, Fraction: Range{0.3, 0.35, 0.4}, Hold: 10 * time.Millisecond})
		if j.Verdict != CannotTell || j.Text != want || math.IsNaN(j.Power) {
			t.Errorf("got %q: %q, want %q", j.Verdict, j.Text, want)
		}
	}
	same := Judge(Turned{Before: blocks(500, 0), After: blocks(500, 0), FromX: 0, ToX: 50, Fraction: Range{0.3, 0.35, 0.4}, Hold: 10 * time.Millisecond})
	if math.IsNaN(same.Power) || math.IsNaN(same.SD) || same.SD <= 0 {
		t.Errorf("counts that do not vary at all: %+v", same)
	}
}
