package sim_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/sim"
)

// heldFor returns one of the laws of holds that the cases choose from.
func heldFor(law string, mean time.Duration) sim.Law {
	switch law {
	case "M":
		return sim.Law{Mean: mean}
	case "D":
		return sim.Law{Kind: sim.Fixed, Mean: mean}
	case "LN(2)":
		return sim.Law{Kind: sim.Lognormal, Mean: mean, SCV: 2}
	case "H2(4)":
		return sim.Law{Kind: sim.Hyperexponential, Mean: mean, SCV: 4}
	default: // "points", whose mean is 1.12 of that, its scv 1.42
		return sim.Law{Kind: sim.Quantiles, Points: []sim.QuantilePoint{{P: 0}, {P: 0.5, D: mean * 6 / 10},
			{P: 0.9, D: 2 * mean}, {P: 1, D: 7 * mean}}}
	}
}

// Erlang C: M/M/c.
func TestWaitsOfMMcAreErlangs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n     int
		use   float64
		times float64 // so many times the arrivals: in large pools those who wait do so in few long spells
		slack float64
	}{{1, 0.65, 1, 1}, {5, 0.7, 1, 1}, {20, 0.8, 1, 1.5}, {100, 0.85, 3, 3}} {
		a := float64(c.n) * c.use
		name := fmt.Sprintf("M/M/%d ρ %v", c.n, c.use)
		x := replicate(t, name, pool(c.n, open(a, heldFor("M", time.Second))), discard(c.n, c.use, time.Second),
			spanOf(a/c.times), waits)
		agree(t, name+": P(wait)", given(x[0], x[2], a), queue.ErlangC(c.n, a), c.slack)
		agree(t, name+": Wq", given(x[1], x[2], a), queue.Model{Hold: time.Second}.MeanWait(c.n, a), 1.6*c.slack)
		agree(t, name+": busy", x[2], a, 1)
	}
}

// Pollaczek (1930) and Khinchine (1932): M/G/1, Wq = ρS(1+scv)/(2(1−ρ)), and of any law a share ρ waits.
func TestWaitsOfMG1ArePollaczeksAndKhinchines(t *testing.T) {
	t.Parallel()
	const use = 0.6
	// long holds are few, and they make the mean
	for law, slack := range map[string]float64{"D": 1, "LN(2)": 3, "H2(4)": 2.5, "points": 1.2} {
		hold := heldFor(law, 100*time.Millisecond)
		a := use
		perSec := a / hold.MeanOf().Seconds()
		name := fmt.Sprintf("M/%s/1 ρ %v", law, use)
		x := replicate(t, name, pool(1, open(perSec, hold)), discard(1, use, hold.MeanOf()), spanOf(perSec), waits)
		agree(t, name+": P(wait)", x[0], use, 1)
		agree(t, name+": Wq", x[1], a*hold.MeanOf().Seconds()*(1+hold.SCVOf())/(2*(1-use)), slack)
	}
}

// Crommelin (1932): M/D/c.
func TestWaitsOfMDcAreCrommelins(t *testing.T) {
	t.Parallel()
	if got := crommelin(1, 0.6); math.Abs(got-0.75) > 1e-12 { // M/D/1 is Pollaczek's
		t.Fatalf("the formula for one server: %v", got)
	}
	for _, n := range []int{5, 20} {
		use := map[int]float64{5: 0.75, 20: 0.8}[n]
		a := float64(n) * use
		name := fmt.Sprintf("M/D/%d ρ %v", n, use)
		x := replicate(t, name, pool(n, open(a, heldFor("D", time.Second))), discard(n, use, time.Second), spanOf(a), waits)
		agree(t, name+": Wq", given(x[1], x[2], a), crommelin(n, a), 3)
	}
}

// crommelin is the mean wait of M/D/n in units of the hold at a erlangs.
//
// Source: C. D. Crommelin, "Delay probability formulae when the holding times are constant", Post Office Electrical
// Engineers' Journal 25, 1932: Σ over i of P(X_i ≥ in) − (n/a)·P(X_i > in), X_i Poisson with mean ia.
func crommelin(n int, a float64) float64 {
	var sum float64
	for i := 1; ; i++ {
		x := distuv.Poisson{Lambda: float64(i) * a}
		above := x.Survival(float64(i * n)) // P(X > in)
		term := above + x.Prob(float64(i*n)) - float64(n)/a*above
		sum += term
		if term < 1e-13 {
			return sum
		}
	}
}

// GI/M/1: with σ the root of σ = E exp(−μ(1−σ)T) a share σ waits, Wq = σ/(μ(1−σ)). Kendall 1953. Deterministic gaps
// are D/M/1, and the laws stand for every SCV of gaps.
func TestWaitsOfGIM1(t *testing.T) {
	t.Parallel()
	const use = 0.7
	for _, c := range []struct {
		name      string
		scv       float64
		transform func(s float64) float64 // E exp(−s·T), T the gap in units of its mean
		slack     float64
	}{
		{"D/M/1", sim.Deterministic, func(s float64) float64 { return math.Exp(-s) }, 1},
		{"LN(0.3)/M/1", 0.3, func(s float64) float64 { return lognormalTransform(0.3, s) }, 1},
		{"H2(4)/M/1", 4, func(s float64) float64 { // balanced means
			p := (1 + math.Sqrt(3.0/5)) / 2
			return p/(1+s/(2*p)) + (1-p)/(1+s/(2*(1-p)))
		}, 2},
	} {
		sigma := 0.5
		for range 1000 {
			sigma = c.transform((1 - sigma) / use)
		}
		load := open(use, heldFor("M", time.Second))
		load.Open.SCV = c.scv
		name := fmt.Sprintf("%s ρ %v", c.name, use)
		x := replicate(t, name, pool(1, load), discard(1, use, time.Second), spanOf(use), waits)
		agree(t, name+": P(wait)", x[0], sigma, c.slack)
		agree(t, name+": Wq", x[1], sigma/(1-sigma), 1.3*c.slack)
	}
}

// lognormalTransform is E exp(−s·T) of a lognormal T with mean 1, by Simpson's rule over ±9 standard deviations.
func lognormalTransform(scv, s float64) float64 {
	v := math.Log1p(scv)
	const steps = 400
	var sum float64
	for i := range steps + 1 {
		z := -9 + 18*float64(i)/steps
		f := math.Exp(-z*z/2-s*math.Exp(math.Sqrt(v)*z-v/2)) / math.Sqrt(2*math.Pi)
		sum += f * []float64{2, 4}[i%2]
		if i == 0 || i == steps {
			sum -= f
		}
	}
	return sum * 18 / steps / 3
}

// A balancer that sends clients at random makes of one Poisson stream several: each of its pools is an M/M/n.
func TestABalancerSplitsPoissonIntoPoisson(t *testing.T) {
	t.Parallel()
	const perSec, n = 9.0, 6
	spec := pool(n, open(perSec, heldFor("M", time.Second)))
	spec.Groups[0].Processes, spec.Groups[0].Weights = 2, []float64{1, 2}
	spec.Pools[0].Users = []sim.UserShare{{Name: "a", Share: 3}, {Name: "b", Share: 1}}
	var late, wait, total float64
	for _, process := range []float64{1. / 3, 2. / 3} {
		for _, user := range []float64{0.75, 0.25} {
			a := perSec * process * user
			late += a * queue.ErlangC(n, a)
			wait += a * queue.Model{Hold: time.Second}.MeanWait(n, a)
			total += a
		}
	}
	x := replicate(t, "split", spec, discard(n, 1, time.Second)+30*time.Minute, spanOf(perSec), waits)
	agree(t, "4 × M/M/6, loads 0.75 to 4.5: P(wait)", given(x[0], x[2], total), late/total, 1)
	agree(t, "4 × M/M/6, loads 0.75 to 4.5: Wq", given(x[1], x[2], total), wait/total, 3)
}

// Closed clients are the machine repair model, M/M/n with N customers; it does not matter by which law they think.
// Source: Palm 1947; the insensitivity is that of the delay station in Baskett, Chandy, Muntz, Palacios 1975.
func TestClosedClientsAreTheRepairModel(t *testing.T) {
	t.Parallel()
	const n, clients, think = 5, 30, 6.0
	p := birthDeath(clients, func(k int) float64 { return float64(clients-k) / think },
		func(k int) float64 { return float64(min(k, n)) })
	var perSec, queued float64
	for k, x := range p {
		perSec += x * float64(clients-k) / think
		queued += x * float64(max(0, k-n))
	}
	for _, law := range []string{"M", "LN(2)"} {
		thinks := heldFor(law, time.Duration(think*float64(time.Second)))
		name := fmt.Sprintf("%d clients that think %s, n %d", clients, law, n)
		load := sim.LoadSpec{Closed: &sim.ClosedSpec{Clients: clients, Think: thinks}, Hold: heldFor("M", time.Second)}
		x := replicate(t, name, pool(n, load), discard(n, 1-1/math.Sqrt(10), time.Second)+10*time.Minute, spanOf(perSec),
			func(w *sim.World) []float64 {
				r := w.Results()
				return append(waits(w), float64(r.Total.Done)/r.Span.Seconds())
			})
		agree(t, name+": done/s", x[3], perSec, 1)
		agree(t, name+": Wq", x[1], queued/perSec, 1)
		agree(t, name+": busy", x[2], perSec, 1)
	}
}

// birthDeath returns the probabilities of the states 0..n.
func birthDeath(n int, birth, death func(k int) float64) []float64 {
	p := make([]float64, n+1)
	p[0] = 1
	sum := 1.0
	for k := 1; k <= n; k++ {
		p[k] = p[k-1] * birth(k-1) / death(k)
		sum += p[k]
		if sum > 1e200 {
			for i := range p {
				p[i] /= sum
			}
			sum = 1
		}
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}
