package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/sim"
)

// M(t)/M/∞ under a sinusoid: the number busy swings around λS with the amplitude λS·A/sqrt(1+(γS)²), atan(γS)/γ behind
// the arrivals. With constant holds it is the mean rate of the last S: λS·A·sin(γS/2)/(γS/2), S/2 behind.
// Source: Eick, Massey, Whitt, "M_t/G/∞ queues with sinusoidal arrival rates", Management Science 39, 1993.
func TestSinusoidalArrivalsSwingAsEickMasseyAndWhittSay(t *testing.T) {
	t.Parallel()
	const perSec, amplitude, period, phase, samples = 100.0, 0.6, 10.0, 0.3, 20
	const gamma = 2 * math.Pi / period // with holds of 1 s
	for _, c := range []struct {
		law       string
		gain, lag float64
	}{
		{"M", 1 / math.Sqrt(1+gamma*gamma), math.Atan(gamma) / gamma},
		{"D", math.Sin(gamma/2) / (gamma / 2), 0.5},
	} {
		load := open(perSec, heldFor(c.law, time.Second))
		load.Open.Sine = &sim.SineSpec{Amplitude: amplitude, Period: period * time.Second, Phase: phase}
		periods := spanOf(perSec).Seconds() / period
		name := "M(t)/" + c.law + "/∞"
		x := replicate(t, name, ample(load), 3*period*time.Second, 0, func(w *sim.World) []float64 {
			var mean, in, out float64 // Fourier coefficients
			n := math.Round(periods) * samples
			for range int(n) {
				busy := float64(w.Sample().Pools[0].Active)
				at := gamma*w.At().Seconds() - 2*math.Pi*phase
				mean += busy / n
				in += 2 * busy * math.Sin(at) / n
				out -= 2 * busy * math.Cos(at) / n
				w.Sleep(t.Context(), period*time.Second/samples)
			}
			return []float64{mean, math.Hypot(in, out), math.Atan2(out, in) / gamma}
		})
		agree(t, name+": mean", x[0], perSec, 1)
		agree(t, name+": amplitude", x[1], perSec*amplitude*c.gain, 1)
		agree(t, name+": lag", x[2], c.lag, 1.5)
	}
}

// Arrivals follow the integral of their rate: in each slice of the period a Poisson number. χ² over the slices is held
// on both sides: too regular is as wrong as too irregular. A slice that were 5 % off would add its expected count/400.
func TestArrivalsFollowTheirCurve(t *testing.T) {
	t.Parallel()
	const perSec, period, slices = 50.0, 60.0, 12
	corners := []sim.CurvePart{{At: 0, Times: 0.5}, {At: 15 * time.Second, Times: 2}, {At: 25 * time.Second, Times: 0},
		{At: 32 * time.Second}, {At: 40 * time.Second, Times: 1}, {At: 60 * time.Second, Times: 0.5}}
	curve := func(t float64) float64 {
		for i := 1; ; i++ {
			if a, b := corners[i-1], corners[i]; t <= b.At.Seconds() {
				return a.Times + (b.Times-a.Times)*(t-a.At.Seconds())/(b.At-a.At).Seconds()
			}
		}
	}
	sine := func(t float64) float64 { return 1 + 0.9*math.Sin(2*math.Pi*(t/period-0.2)) }
	for name, c := range map[string]struct {
		open sim.OpenSpec
		rate func(float64) float64
	}{
		"curve": {sim.OpenSpec{PerSec: perSec, Curve: corners}, curve},
		"sine": {sim.OpenSpec{PerSec: perSec, Sine: &sim.SineSpec{Amplitude: 0.9, Period: period * time.Second, Phase: 0.2}},
			sine},
	} {
		replications, _ := effort()
		periods := int(math.Ceil(spanOf(perSec).Seconds() / period))
		counts := make([]float64, slices)
		for r := range replications {
			spec := ample(open(0, heldFor("D", time.Second)))
			spec.Loads[0].Open = &c.open
			w, err := sim.New(spec, seedOf(name)+uint64(r))
			if err != nil {
				t.Fatal(err)
			}
			for i := range periods * slices {
				w.ResetResults()
				w.Sleep(t.Context(), period*time.Second/slices)
				counts[i%slices] += float64(w.Results().Total.Arrivals)
			}
		}
		var chi, freedom float64
		for i, got := range counts {
			var integral float64
			const steps = 10_000
			for k := range steps {
				integral += c.rate(period/slices*(float64(i)+(float64(k)+0.5)/steps)) * period / slices / steps
			}
			want := perSec * integral * float64(periods*replications)
			if want == 0 {
				if got != 0 {
					t.Errorf("%s: %v arrivals in slice %d, where the rate is 0", name, got, i)
				}
				continue
			}
			chi += (got - want) * (got - want) / want
			freedom++
		}
		law := distuv.ChiSquared{K: freedom}
		lo, hi := law.Quantile(0.0005), law.Quantile(0.9995)
		t.Logf("%s: χ² %.3g of %v slices, 99.9 %% within %.3g to %.3g; %d arrivals", name, chi, freedom, lo, hi,
			int(perSec*period)*periods*replications)
		if chi < lo || chi > hi {
			t.Errorf("%s: χ² %v is not within %v to %v: %v", name, chi, lo, hi, counts)
		}
	}
}

// bursts is M/M/n under two-state Markov-modulated Poisson arrivals: rates a second, mean stays in s, holds of 1 s.
type bursts struct {
	n                            int
	low, high, lowStay, highStay float64
}

func (b bursts) mean() float64 {
	return (b.low*b.lowStay + b.high*b.highStay) / (b.lowStay + b.highStay)
}

// two is a 2 × 2 matrix: the states of the burst.
type two [2][2]float64

func (a two) times(b two) (c two) {
	for i := range 2 {
		for j := range 2 {
			c[i][j] = a[i][0]*b[0][j] + a[i][1]*b[1][j]
		}
	}
	return c
}

// solve returns P(wait) and Wq of the quasi-birth-death chain with up to `most` inside, by block elimination from the
// top: π(k) = π(k−1)·R(k), R(k) = Λ·(−A1(k) − R(k+1)·A2(k+1))⁻¹.
// Source: Gaver, Jacobs, Latouche, "Finite birth-and-death models in randomly changing environments", 1984.
func (b bursts) solve(most int) (late, wait float64) {
	rate := two{{b.low, 0}, {0, b.high}}
	leave := [2]float64{1 / b.lowStay, 1 / b.highStay}
	busy := func(k int) float64 { return float64(min(k, b.n)) }
	// what R(k+1)·A2(k+1) leaves of −A1(k); at the top nobody arrives any more
	rest := func(k int, next two) two {
		s := busy(k + 1)
		arrive := [2]float64{b.low, b.high}
		if k == most {
			s, arrive = 0, [2]float64{}
		}
		return two{
			{leave[0] + arrive[0] + busy(k) - s*next[0][0], -leave[0] - s*next[0][1]},
			{-leave[1] - s*next[1][0], leave[1] + arrive[1] + busy(k) - s*next[1][1]},
		}
	}
	r := make([]two, most+2)
	for k := most; k > 0; k-- {
		m := rest(k, r[k+1])
		det := m[0][0]*m[1][1] - m[0][1]*m[1][0]
		r[k] = rate.times(two{{m[1][1] / det, -m[0][1] / det}, {-m[1][0] / det, m[0][0] / det}})
	}
	m := rest(0, r[1]) // π(0)·m = 0
	pi := [2]float64{m[1][0], -m[0][0]}
	var sum, queued, arrivals, delayed float64
	for k := 0; k <= most; k++ {
		if k > 0 {
			pi = [2]float64{pi[0]*r[k][0][0] + pi[1]*r[k][1][0], pi[0]*r[k][0][1] + pi[1]*r[k][1][1]}
		}
		come := pi[0]*b.low + pi[1]*b.high
		sum += pi[0] + pi[1]
		arrivals += come
		queued += (pi[0] + pi[1]) * float64(max(0, k-b.n))
		if k >= b.n {
			delayed += come
		}
	}
	return delayed / arrivals, queued / arrivals
}

// fluid is Wq when the high state overloads the pool and stays are long: what arrives beyond n fills, what is free of n
// in the low state empties, E[Q] = P(high)·(g+d)/(d·η), η = 1/(g·high stay) − 1/(d·low stay). MATH.md §1.6; it is the
// on-off fluid queue of Anick, Mitra, Sondhi 1982 with one source.
func (b bursts) fluid() float64 {
	gain, drain := b.high-float64(b.n), float64(b.n)-b.low
	eta := 1/(gain*b.highStay) - 1/(drain*b.lowStay)
	return b.highStay / (b.lowStay + b.highStay) * (gain + drain) / drain / eta / b.mean()
}

// MMPP/M/n against its chain, below saturation and with bursts that overload it. In a run with more bursts more arrive
// and they wait longer: ratios of the two would be biased, so clients waiting and late arrivals a second are held.
func TestBurstsAreTheirQuasiBirthDeathChain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bursts
		warm  time.Duration
		times float64 // so many times the arrivals: in overloads few bursts make the mean
		slack float64
	}{
		{bursts{10, 4, 9, 10, 10}, 30 * time.Minute, 1, 2},
		{bursts{10, 4, 12, 10, 10}, time.Hour, 4, 2},
		{bursts{5, 0, 8, 6, 4}, time.Hour, 1, 2}, // off and on
		{bursts{10, 4, 12, 100, 100}, 4 * time.Hour, 4, 4},
	} {
		b := c.bursts
		if b.highStay > 10 && !soak() {
			continue // the quick set would not see enough bursts to say anything
		}
		late, wait := b.solve(10_000)
		load := open(1, heldFor("M", time.Second))
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		load.Open.Burst = &sim.BurstSpec{Low: b.low, High: b.high, LowMean: seconds(b.lowStay), HighMean: seconds(b.highStay)}
		name := fmt.Sprintf("MMPP(%g,%g)/M/%d, stays %g", b.low, b.high, b.n, b.highStay)
		near(t, name+": MeanTimes", load.Open.MeanTimes(), b.mean(), 1e-12)
		x := replicate(t, name, pool(b.n, load), c.warm, spanOf(b.mean()/c.times), func(w *sim.World) []float64 {
			r := w.Results()
			s := r.Span.Seconds()
			return []float64{float64(r.Total.Waited) / s, r.Total.WaitSum / s, float64(r.Total.Arrivals) / s}
		})
		agree(t, name+": arrivals/s", x[2], b.mean(), c.slack)
		agree(t, name+": late/s", given(x[0], x[2], b.mean()), late*b.mean(), c.slack)
		agree(t, name+": waiting", x[1], wait*b.mean(), 2*c.slack)
	}
}

// Overloads that last long against the holds are a fluid: the chain that the simulator meets above tends to it.
func TestLongOverloadsAreAFluid(t *testing.T) {
	t.Parallel()
	for stay, within := range map[float64]float64{100: 0.02, 1000: 0.002, 3000: 0.001} {
		b := bursts{10, 4, 12, stay, stay}
		_, wait := b.solve(int(300 * stay))
		t.Logf("stays of %v holds: chain %.6g, fluid %.6g", stay, wait, b.fluid())
		near(t, "the fluid limit", b.fluid(), wait, within)
	}
}
