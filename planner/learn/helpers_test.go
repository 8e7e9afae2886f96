package learn

import (
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Soaks draws what soaks of a shift would measure: loads with the sampling variance of a counter, a·S·(1 + cv²)/T.
type Soaks struct {
	Main, Own, Phi float64 // Erlangs of From, own ones of To, the true fraction
	Hold           time.Duration
	Window         time.Duration
	Scv            float64
	Day            func(x int) float64 // the time of day's factor while the switch is at x
	R              *rand.Rand
}

func (s Soaks) Soak(x int) SoakResult {
	day := 1.0
	if s.Day != nil {
		day = s.Day(x)
	}
	moved := s.Main * s.Phi * float64(x) / 100
	from, to := (s.Main-moved)*day, (s.Own+moved)*day
	return SoakResult{X: x, Window: s.Window,
		From: Measure{from + s.R.NormFloat64()*s.Sd(from), s.Sd(from)},
		To:   Measure{max(0, to+s.R.NormFloat64()*s.Sd(to)), s.Sd(to)}}
}

// RandomSoaks draws a shift: loads, holds of 1 ms to 1 s, soaks of half a minute to a quarter of an hour.
func RandomSoaks(r *rand.Rand) Soaks {
	return Soaks{Main: 5 + 195*r.Float64(), Own: 0.5 + 10*r.Float64(), Phi: 0.1 + 0.8*r.Float64(), Scv: 4 * r.Float64(),
		R:    r,
		Hold: time.Duration(math.Pow(10, 6+3*r.Float64())), Window: time.Duration(30+r.IntN(870)) * time.Second}
}

// Rhythms draws what comes to two pools beside Poisson arrivals: factors of their rates, block by block, u from -1 to 1
// about the change. Each is a world in which a Judgement has to hold what it claims.
var Rhythms = map[string]func(r *rand.Rand, blocks int) func(i int, u float64) (from, to float64){
	"Poisson arrivals alone": func(*rand.Rand, int) func(int, float64) (float64, float64) {
		return func(int, float64) (float64, float64) { return 1, 1 }
	},
	"AR(1) 2 % 10 s":                   Ar1(0.02, 10, 0),
	"AR(1) 5 % 30 s":                   Ar1(0.05, 30, 0),
	"AR(1) 5 % 60 s":                   Ar1(0.05, 60, 0),
	"AR(1) 10 % 60 s":                  Ar1(0.1, 60, 0),
	"AR(1) 10 % 300 s":                 Ar1(0.1, 300, 0),
	"AR(1) 10 % 1000 s":                Ar1(0.1, 1000, 0),
	"AR(1) 10 % 60 s of both pools":    Ar1(0.1, 60, 1),
	"AR(1) 5 % 60 s from pool to pool": Ar1(0.05, 60, -1),
	"AR(1) 10 % 300 s to and fro":      Ar1(0.1, 300, -1),
	"bursts of 10 s":                   Bursts(10),
	"bursts of 30 s":                   Bursts(30),
	"a morning": func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		return func(_ int, u float64) (float64, float64) { f := 1 + 0.3*(u+u*u)/2; return f, f }
	},
	"a day that turns": func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		a, b := 2*math.Pi*r.Float64(), 2*math.Pi*r.Float64() // 24 h in which the load doubles; the samples are ten minutes
		day := func(phase, u float64) float64 { return 1 + math.Sin(phase+2*math.Pi*u*300/86400)/3 }
		return func(_ int, u float64) (float64, float64) { return day(a, u), day(b, u) }
	},
}

// DrawChange draws five minutes before and after a traffic change that moves so many transactions a second.
func DrawChange(r *rand.Rand, rhythm func(*rand.Rand, int) func(int, float64) (float64, float64), from, to,
	moves float64,
	t ObservedChange) ObservedChange {
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
		x := Block{BlockSpan, draw(a * BlockSpan.Seconds()), draw(b * BlockSpan.Seconds())}
		if i < blocks {
			t.Before = append(t.Before, x)
		} else {
			t.After = append(t.After, x)
		}
	}
	return t
}

// AtMost is the upper 95 % bound of a chance that was met k times of n (Clopper and Pearson).
func AtMost(k, n int) float64 {
	if k >= n {
		return 1
	}
	return distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.95)
}

func (s Soaks) Sd(a float64) float64 {
	return math.Sqrt(max(a, 0.01) * s.Hold.Seconds() * (1 + s.Scv) / s.Window.Seconds())
}

// BlockSpan is how long a block is here.
const BlockSpan = 5 * time.Second

// Ar1 is a first-order autoregression for each pool: independent, or of both (1), or what one loses the other gets
// (-1).
func Ar1(cv, tau float64, together int) func(*rand.Rand, int) func(int, float64) (float64, float64) {
	rho := math.Exp(-BlockSpan.Seconds() / tau)
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

// Bursts are times of half as much again, which come and go by chance, after so many seconds in the mean.
func Bursts(tau float64) func(*rand.Rand, int) func(int, float64) (float64, float64) {
	return func(r *rand.Rand, _ int) func(int, float64) (float64, float64) {
		on := [2]bool{r.IntN(2) == 0, r.IntN(2) == 0}
		return func(int, float64) (float64, float64) {
			f := [2]float64{1, 1}
			for i := range on {
				if r.Float64() < 1-math.Exp(-BlockSpan.Seconds()/tau) {
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
