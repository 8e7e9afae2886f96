package sim_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/pgbudget/pgbudget/sim"
)

// The theory_*_test.go files hold the simulator against what queueing theory knows exactly: independent replications,
// each with its start discarded, and the 99.9 % interval of Student's t over them. Every case has a seed of its own,
// made from its name, so that no stroke of luck is shared between cases. No seed was looked for. Of the 110 comparisons
// in each of the two sets 0.1 fail by chance when they are written; once they pass, a failure is a defect.
//
// Quick, for every `go test`: 20 replications of 20,000 arrivals. Full, with PGBUDGET_SOAK set: 30 of 400,000.
//
// An interval that is wide agrees with anything, so its half-width is limited, to 5 % of the value in the quick set and
// 2 % in the full one unless a case asks for slack and says why: whenever the true formula passes, one that is off by
// twice the limit fails.

// soak reports whether the full set runs. It reads the environment when asked: go test caches what is read at init.
func soak() bool { return os.Getenv("PGBUDGET_SOAK") != "" }

// effort is how many replications of how many arrivals a comparison rests on.
func effort() (replications, arrivals int) {
	if soak() {
		return 30, 400_000
	}
	return 20, 20_000
}

// widest is the limit of a relative half-width. The full set's intervals are 5.8 times as narrow as the quick one's, so
// that slack up to 2 costs it nothing.
func widest(slack float64) float64 {
	if soak() {
		return 0.02 * max(1, slack/2)
	}
	return 0.05 * slack
}

// interval returns the mean of independent samples and the half-width of its 99.9 % interval.
func interval(samples []float64) (mean, half float64) {
	mean, sd := stat.MeanStdDev(samples, nil)
	n := float64(len(samples))
	return mean, distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.9995) * sd / math.Sqrt(n)
}

// agree fails unless want lies within the 99.9 % interval of the samples' mean, and unless that interval is narrow
// enough to say anything: see widest.
func agree(t *testing.T, name string, samples []float64, want, slack float64) {
	t.Helper()
	mean, half := interval(samples)
	z := 3.29 * (mean - want) / math.Max(half, 1e-300)
	text := fmt.Sprintf("%-46s want %-9.5g measured %-9.5g ± %-8.2g (%.1f %%), z %+.1f", name, want, mean, half,
		100*half/math.Abs(want), z)
	switch {
	case !(math.Abs(mean-want) <= half):
		t.Errorf("%s: OUTSIDE", text)
	case half > widest(slack)*math.Abs(want):
		t.Errorf("%s: too wide to say anything, at most %.1f %%", text, 100*widest(slack))
	default:
		t.Log(text)
	}
}

// given takes out of samples what a control sampled beside them explains, whose mean is known: each moves by the slope
// of their regression times the control's error. It makes intervals narrower and moves no mean. The slope costs a
// degree of freedom. Source: Lavenberg & Welch, "A perspective on the use of control variables", Management Science 27,
// 1981.
func given(samples, control []float64, mean float64) []float64 {
	_, slope := stat.LinearRegression(control, samples, nil, false)
	out := make([]float64, len(samples))
	for i, x := range samples {
		out[i] = x - slope*(control[i]-mean)
	}
	centre, n := stat.Mean(out, nil), float64(len(out))
	for i := range out {
		out[i] = centre + (out[i]-centre)*math.Sqrt((n-1)/(n-2))
	}
	return out
}

// seedOf is a case's own seed.
func seedOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// pool is one PgBouncer pool of n connections that nothing but its load disturbs: logins take a nanosecond, connections
// do not age, all are open after the start, and nobody is sent away.
func pool(n int, load sim.LoadSpec) sim.Spec {
	load.Pool = "main/app"
	return sim.Spec{
		Servers: []sim.ServerSpec{{Name: "pg", MaxConns: 20_000, LoginLatency: 1, ExitLatency: 1}},
		Groups: []sim.GroupSpec{{Name: "main", Processes: 1, Version: "1.24",
			Settings: sim.Settings{QueryWaitTimeout: sim.Disabled,
				ServerLifetime: sim.Disabled, ServerIdleTimeout: sim.Disabled, ServerCheckDelay: 1e6 * time.Hour,
				MaxClientConns: 1e9}}},
		Pools: []sim.PoolSpec{{ID: "main/app", Server: "pg", SizeConns: n, MinConns: n}},
		Loads: []sim.LoadSpec{load},
	}
}

// open is Poisson arrivals that hold a connection as hold says.
func open(perSec float64, hold sim.Law) sim.LoadSpec {
	return sim.LoadSpec{Open: &sim.OpenSpec{PerSec: perSec}, Hold: hold}
}

// replicate runs a spec as often as effort says, discards warm of each run and returns the samples of each of sample's
// measures after span.
func replicate(t *testing.T, name string, spec sim.Spec, warm, span time.Duration,
	sample func(*sim.World) []float64) [][]float64 {
	t.Helper()
	replications, _ := effort()
	var out [][]float64
	for r := range replications {
		w, err := sim.New(spec, seedOf(name)+uint64(r))
		if err != nil {
			t.Fatal(err)
		}
		w.Sleep(t.Context(), warm)
		w.ResetResults()
		w.Sleep(t.Context(), span)
		for i, x := range sample(w) {
			if i == len(out) {
				out = append(out, nil)
			}
			out[i] = append(out[i], x)
		}
	}
	return out
}

// discard is the start that is not counted: 10/(μ(1−ρ)²), and the ticks at which the pool's n connections open.
func discard(n int, use float64, hold time.Duration) time.Duration {
	return time.Duration(10/((1-use)*(1-use))*float64(hold)) + time.Duration(n+3)*time.Second/3
}

// spanOf is the time in which that many transactions per second make the arrivals of effort.
func spanOf(perSec float64) time.Duration {
	_, arrivals := effort()
	return time.Duration(float64(arrivals) / perSec * float64(time.Second))
}

// waits are the share of transactions that wait, the mean wait in seconds, all who were served counted, and the mean
// number of busy connections.
func waits(w *sim.World) []float64 {
	r := w.Results().Total
	n := float64(r.Assigned)
	return []float64{float64(r.Waited) / n, r.WaitSum / n, r.BusyErlangs}
}

// A formula that is off by twice the greatest half-width allowed is caught, from either side.
func TestTheIntervalsCatchAWrongFormula(t *testing.T) {
	x := replicate(t, "power", pool(1, open(0.6, sim.Law{Mean: time.Second})), discard(1, 0.6, time.Second), spanOf(0.6),
		waits)
	want := 0.6 / (1 - 0.6)
	agree(t, "M/M/1 ρ 0.6: Wq", x[1], want, 1)
	mean, half := interval(x[1])
	for _, wrong := range []float64{want * (1 + 2*widest(1)), want * (1 - 2*widest(1))} {
		if math.Abs(mean-wrong) <= half {
			t.Errorf("%v ± %v agrees with %v, the formula's %v is mutated", mean, half, wrong, want)
		}
	}
}
