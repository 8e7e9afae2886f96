package sim_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/sim"
)

// onCPU gives the pool's server cores, of which the load's holds take the share cpu of their time.
func onCPU(spec sim.Spec, cores, cpu float64) sim.Spec {
	spec.Servers[0].Cores = cores
	spec.Loads[0].CPU = cpu
	return spec
}

// ample is a pool that never queues: it opens a connection for whoever comes.
func ample(load sim.LoadSpec) sim.Spec {
	spec := pool(2000, load)
	spec.Pools[0].MinConns = 0
	return spec
}

// E[N] of processor sharing hangs on the law of the work through its mean only: M/G/1-PS is ρ/(1−ρ), and cores that
// nobody can use two of make it that of M/M/c. Source: Kelly, "Reversibility and Stochastic Networks", 1979, section
// 3.3.
func TestProcessorSharingIsInsensitive(t *testing.T) {
	t.Parallel()
	for _, cores := range []int{1, 4} {
		for law, slack := range map[string]float64{"D": 1, "LN(2)": 1, "H2(4)": 1.2, "points": 1} {
			hold := heldFor(law, 100*time.Millisecond) // short against the ticks, which cost time
			const use = 0.6
			a := use * float64(cores)
			perSec := a / hold.MeanOf().Seconds()
			name := "M/" + law + map[int]string{1: "/1-PS", 4: "/4-PS"}[cores]
			x := replicate(t, name, onCPU(ample(open(perSec, hold)), float64(cores), 1), discard(0, use, hold.MeanOf()),
				spanOf(perSec), func(w *sim.World) []float64 {
					r := w.Results()
					return []float64{r.Total.BusyErlangs, r.Servers[0].CPUMean}
				})
			agree(t, name+": E[N]", x[0], a+queue.WaitingClients(cores, a), slack)
			agree(t, name+": CPU", x[1], use, 1)
		}
	}
}

// A hold that is part waiting and part computing is a delay and a processor in series, a network of product form: the
// parts add up although each transaction's are proportional. Source: Kelly 1979, section 3.3; Baskett et al. 1975.
func TestWaitingAndComputingAddUp(t *testing.T) {
	t.Parallel()
	const load, cpu, cores = 5.0, 0.5, 4
	const mean = 100 * time.Millisecond
	perSec := load / mean.Seconds()
	for _, law := range []string{"M", "LN(2)"} {
		x := replicate(t, "I/O and CPU "+law, onCPU(ample(open(perSec, heldFor(law, mean))), cores, cpu),
			discard(0, 0.7, mean), spanOf(perSec), waits)
		agree(t, "I/O and CPU, "+law+": E[N]", x[2], load*(1-cpu)+load*cpu+queue.WaitingClients(cores, load*cpu), 1)
	}
}

// contention is a server of C cores on which n connections slow each other down.
type contention struct {
	n                                int
	cores, sigma, kappa, others, per float64 // per: arrivals a second, each with 1 s of work
}

// rate is how fast each of k connections works. It says again what cpu.go does, in the words of the law.
func (c contention) rate(k int) float64 {
	n := float64(k)
	share := min(1, c.cores/(n+c.others))
	return share / (1 + c.sigma*(max(1, min(n, c.cores))-1) + c.kappa*n*(n-1))
}

// A pool of n connections before cores with contention is a birth-death chain: k in service complete at k·r(k), the
// rest queues. Contention and coherency are Gunther's Universal Scalability Law.
func TestAPoolOnContendedCoresIsItsBirthDeathChain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]contention{
		"cores alone": {n: 6, cores: 4, per: 2.8},
		"σ 0.05":      {n: 6, cores: 4, sigma: 0.05, per: 2.6},
		// past its peak: 3.1/s at 4, 2.3/s at 8
		"σ 0.05, κ 0.01":             {n: 8, cores: 4, sigma: 0.05, kappa: 0.01, per: 1.8},
		"σ 0.02, κ 0.001, 2 workers": {n: 7, cores: 6, sigma: 0.02, kappa: 0.001, others: 2, per: 3},
	} {
		const most = 20_000
		p := birthDeath(most, func(int) float64 { return c.per }, func(k int) float64 {
			k = min(k, c.n)
			return float64(k) * c.rate(k)
		})
		var late, queued, busy, cpu float64
		for k, x := range p {
			inside := min(k, c.n)
			if k >= c.n {
				late += x
			}
			queued += x * float64(k-inside)
			busy += x * float64(inside)
			cpu += x * min(c.cores, float64(inside)+c.others) / c.cores
		}
		spec := onCPU(pool(c.n, open(c.per, heldFor("M", time.Second))), c.cores, 1)
		s := &spec.Servers[0]
		s.Sigma, s.Kappa, s.BackgroundCores = c.sigma, c.kappa, c.others
		x := replicate(t, "USL "+name, spec, 10*time.Minute, spanOf(c.per), func(w *sim.World) []float64 {
			return append(waits(w), w.Results().Servers[0].CPUMean)
		})
		agree(t, name+": P(wait)", given(x[0], x[2], busy), late, 2)
		agree(t, name+": Wq", given(x[1], x[2], busy), queued/c.per, 3.5)
		agree(t, name+": busy", x[2], busy, 1)
		agree(t, name+": CPU", x[3], cpu, 1)
	}
}

// Clients that vanish leave backends that finish their query: of a share p, cut at a uniform moment, half the hold is
// orphaned. Little's law.
func TestOrphansAreHalfTheHoldsOfThoseWhoVanish(t *testing.T) {
	t.Parallel()
	const perSec, vanish = 20.0, 0.3
	load := open(perSec, heldFor("LN(2)", time.Second))
	load.Vanish = vanish
	x := replicate(t, "orphans", ample(load), time.Minute, spanOf(perSec)/4, func(w *sim.World) []float64 {
		r := w.Results()
		var orphans, samples float64
		for end := w.At() + r.Span; w.At() < end; samples++ { // samples of their own, as long again
			w.Sleep(t.Context(), time.Second)
			orphans += float64(w.Sample().Servers[0].Leaving)
		}
		return []float64{r.Total.BusyErlangs, orphans / samples, float64(r.Total.Vanished) / float64(r.Total.Arrivals)}
	})
	agree(t, "vanish 0.3: busy", x[0], perSec*(1-vanish/2), 1)
	agree(t, "vanish 0.3: orphans", x[1], perSec*vanish/2, 1)
	agree(t, "vanish 0.3: share", x[2], vanish, 1)
}
