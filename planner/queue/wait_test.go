package queue

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// near reports whether got is within a relative 1e-9 of want: durations are whole nanoseconds.
func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

func TestQuantileIsTheInverseOfTail(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	checked := 0
	for range 2000 {
		a := 0.1 * math.Exp(random.Float64()*math.Log(1e4))
		n := int(a) + 1 + int(random.Float64()*3*math.Sqrt(a))
		m := Model{Hold: time.Hour, SCVFactor: 4 * random.Float64()}
		p := 0.5 + 0.499*random.Float64()
		q := m.Quantile(n, a, p)
		if q == 0 {
			if c := ErlangC(n, a); c > 1-p {
				t.Errorf("n=%d a=%v p=%v: quantile 0, but %v wait", n, a, p, c)
			}
			continue
		}
		checked++
		if got := m.Tail(n, a, time.Duration(q*float64(time.Second))); math.Abs(got-(1-p)) > 1e-9 {
			t.Errorf("n=%d a=%v %+v: Tail(Quantile(%v)): got %v, want %v", n, a, m, p, got, 1-p)
		}
	}
	if checked < 500 {
		t.Errorf("only %d quantiles above 0", checked)
	}
}

// TestMeanWaitIsTheAreaUnderTail integrates the tail by Simpson's rule over 60 mean waits of those who wait.
func TestMeanWaitIsTheAreaUnderTail(t *testing.T) {
	t.Parallel()
	m := Model{Hold: 10 * time.Minute, SCVFactor: 1.7}
	const n, a, parts = 12, 9.5, 6000
	width := 60 * m.scale(at(n, a)) / parts
	area := 0.0
	for i := 0; i <= parts; i++ {
		weight := 2 + 2*float64(i%2)
		if i == 0 || i == parts {
			weight = 1
		}
		area += weight * m.Tail(n, a, time.Duration(float64(i)*width*float64(time.Second)))
	}
	area *= width / 3
	if got := m.MeanWait(n, a); math.Abs(got/area-1) > 1e-7 {
		t.Errorf("MeanWait: got %v, want the area %v", got, area)
	}
}

func TestMeanWaitIsWaitingClientsOverArrivals(t *testing.T) {
	t.Parallel()
	m := Model{Hold: 40 * time.Millisecond}
	const n, a = 20, 17.25
	arrivals := a / m.Hold.Seconds()
	if got, want := m.MeanWait(n, a), WaitingClients(n, a)/arrivals; !near(got, want) {
		t.Errorf("got %v s, want %v s", got, want)
	}
}

func TestTheFactorStretchesWaitingAndLeavesWhoWaits(t *testing.T) {
	t.Parallel()
	plain := Model{Hold: time.Second}
	wild := Model{Hold: time.Second, SCVFactor: AllenCunneen(1, 4)}
	const n, a = 10, 8.5
	if got, want := wild.MeanWait(n, a), 2.5*plain.MeanWait(n, a); !near(got, want) {
		t.Errorf("mean: got %v, want %v", got, want)
	}
	if got, want := wild.Quantile(n, a, 0.99), 2.5*plain.Quantile(n, a, 0.99); !near(got, want) {
		t.Errorf("p99: got %v, want %v", got, want)
	}
	if got, want := wild.Tail(n, a, 0), plain.Tail(n, a, 0); got != want {
		t.Errorf("P(W > 0): got %v, want %v", got, want)
	}
	if got, want := (Model{Hold: time.Second, SCVFactor: 1}).MeanWait(n, a), plain.MeanWait(n, a); got != want {
		t.Errorf("factor 1: got %v, want that of no factor, %v", got, want)
	}
}

// TestOneServerWithPoissonArrivalsIsPollaczekKhinchine compares with Wq = aS(1+scv)/(2(1-a)).
func TestOneServerWithPoissonArrivalsIsPollaczekKhinchine(t *testing.T) {
	t.Parallel()
	const a = 0.75
	for _, scv := range []float64{0, 0.5, 1, 9} {
		m := Model{Hold: 2 * time.Second, SCVFactor: AllenCunneen(1, scv)}
		if got, want := m.MeanWait(1, a), a*2*(1+scv)/(2*(1-a)); !near(got, want) {
			t.Errorf("scv %v: got %v, want %v", scv, got, want)
		}
	}
}

// TestAllenCunneenIsAsFarFromSimulationAsDocumented holds mean waits in units of the hold, simulated with 30 × 400,000
// arrivals (half widths of their confidence intervals beside them), against the error that Model documents.
func TestAllenCunneenIsAsFarFromSimulationAsDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hold      string
		n         int
		a, scv    float64
		simulated float64
		low, high float64 // the relative error lies in here
	}{
		{"two exponentials", 5, 4, 4, 1.249 /* ±0.036 */, 0, 0.26},
		{"two exponentials", 10, 8.5, 4, 0.780 /* ±0.032 */, 0, 0.26},
		{"lognormal", 10, 8.5, 2, 0.491 /* ±0.022 */, 0, 0.26},
		{"two exponentials", 50, 45, 4, 0.145 /* ±0.012 */, 0, 0.26},
		{"constant", 10, 8.5, 0, 0.186 /* ±0.002 */, -0.06, 0},
		{"lognormal", 30, 25, 16, 0.198 /* ±0.032 */, 0.8, 1.3},
	} {
		m := Model{Hold: time.Second, SCVFactor: AllenCunneen(1, c.scv)}
		if err := m.MeanWait(c.n, c.a)/c.simulated - 1; err < c.low || err > c.high {
			t.Errorf("%s, n=%d a=%v scv=%v: error %+.3f, want %v..%v", c.hold, c.n, c.a, c.scv, err, c.low, c.high)
		}
	}
}
