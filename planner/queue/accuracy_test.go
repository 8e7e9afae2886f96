package queue

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// worst keeps the largest relative error of one quantity and where it was.
type worst struct {
	err float64
	n   int
	a   float64
}

func (w *worst) see(err float64, n int, a float64) {
	if err > w.err || math.IsNaN(err) {
		*w = worst{err, n, a}
	}
}

// sizesAround returns sizes that sample every regime of a load: far below, at, just above and far above it, most ones.
func sizesAround(a float64, most int) []int {
	root := math.Sqrt(a)
	var sizes []int
	for _, x := range []float64{0, 1, 2, 3, 10, a / 100, a / 2, a - root, a - 1, a, a + 1, a + 2, a + 3, a + 10,
		a + root/8, a + root, a + 2*root, a + 5*root, a + 10*root + 4, a + 20*root + 20, a + 30*root + 60, a + 37*root + 100,
		1.5 * a, 3 * a, float64(most)} {
		if n := int(math.Floor(x)); n >= 0 && n <= most {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// compare measures every formula at the sizes, which must rise, against one walk of the reference, and a Walker that
// walks all the way against the same.
func compare(t *testing.T, a float64, sizes []int) (b, c, q, gain, walked worst) {
	t.Helper()
	r := referenceFor(a)
	walker := NewWalker(a, 0)
	for _, n := range sizes {
		b.see(apart(ErlangB(n, a), r.to(n).blocked()), n, a)
		for walker.N() < n {
			walker.Next()
		}
		if float64(n) <= a {
			if got := [...]float64{ErlangC(n, a), WaitingClients(n, a)}; got != [...]float64{1, math.Inf(1)} {
				t.Errorf("n=%d a=%v: C, Lq = %v, want 1 and +Inf", n, a, got)
			}
			continue
		}
		c.see(apart(ErlangC(n, a), r.delayed()), n, a)
		waiting := r.queued()
		q.see(apart(WaitingClients(n, a), waiting), n, a)
		walked.see(apart(walker.Waiting(), waiting), n, a)
		at := *r
		at.z = wide(bits).Set(r.z)
		gained := at.gained()
		gain.see(apart(NewWalker(a, n).Gain(), gained), n, a)
		walked.see(apart(walker.Gain(), gained), n, a)
	}
	return b, c, q, gain, walked
}

// TestEveryFormulaAgreesWith256BitArithmetic covers loads from 1e-12 to 1e5 and sizes to 100,000.
func TestEveryFormulaAgreesWith256BitArithmetic(t *testing.T) {
	t.Parallel()
	type sample struct {
		a    float64
		most int
	}
	var samples []sample
	for _, a := range []float64{1e-12, 1e-6, 1e-3, 0.5, 1, math.Nextafter(1, 0), math.Nextafter(1, 2), 2, math.Pi, 10,
		100} {
		samples = append(samples, sample{a, 1000})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 { // log-uniform over six decades
		samples = append(samples, sample{math.Exp(random.Float64()*math.Log(1e6)) / 1e3, 2000})
	}
	for range 30 {
		a := 1e3 * math.Exp(random.Float64()*math.Log(10))
		samples = append(samples, sample{a, int(a+45*math.Sqrt(a)) + 100})
	}
	for _, n := range []float64{1, 2, 10, 1000, 20000} { // close below an integer
		for _, gap := range []float64{1e-9, 1e-6, 1e-3} {
			samples = append(samples, sample{n - gap*n, int(n) + 100}, sample{n + gap*n, int(n) + 100})
		}
	}
	for _, a := range []float64{1e5 * (1 - 1e-9), 99_000, 88_400.25, 1 << 16, math.Nextafter(1<<16, 0),
		math.Nextafter(1<<16, 1e9)} {
		samples = append(samples, sample{a, 100_000})
	}
	var b, c, q, gain, walked worst
	for _, s := range samples {
		b1, c1, q1, g1, w1 := compare(t, s.a, sizesAround(s.a, s.most))
		for _, w := range []struct {
			all *worst
			one worst
		}{{&b, b1}, {&c, c1}, {&q, q1}, {&gain, g1}, {&walked, w1}} {
			w.all.see(w.one.err, w.one.n, w.one.a)
		}
	}
	for _, row := range []struct {
		name string
		worst
	}{{"ErlangB", b}, {"ErlangC", c}, {"WaitingClients", q}, {"NewWalker.Gain", gain}, {"Walker from 0", walked}} {
		t.Logf("%-15s worst relative error %.2g at n=%d a=%v, %d loads", row.name, row.err, row.n, row.a, len(samples))
		if !(row.err <= 1e-12) {
			t.Errorf("%s: relative error %.3g at n=%d a=%v, want <= 1e-12", row.name, row.err, row.n, row.a)
		}
	}
}

func TestSensitivityIsTheSlopeOfWaitingClients(t *testing.T) {
	t.Parallel()
	const prec = 600
	random := rand.New(rand.NewPCG(3, 4))
	var most worst
	for range 300 {
		a := math.Exp(random.Float64()*math.Log(1e6)) / 1e3
		n := int(a + 1 + random.Float64()*12*math.Sqrt(a))
		step := wide(prec).SetMantExp(wide(prec).SetFloat64(a), -120) // relative; the quotient errs by about 2^-200
		queued := func(sign int64) *big.Float {
			shifted := wide(prec).Mul(step, wide(prec).SetInt64(sign))
			return newReference(shifted.Add(shifted, wide(prec).SetFloat64(a)), prec).to(n).queued()
		}
		slope := wide(prec).Sub(queued(1), queued(-1))
		slope.Quo(slope, step.Mul(step, wide(prec).SetInt64(2)))
		most.see(apart(Sensitivity(n, a), slope), n, a)
	}
	t.Logf("worst relative error %.2g at n=%d a=%v", most.err, most.n, most.a)
	if !(most.err <= 1e-12) {
		t.Errorf("relative error %.3g at n=%d a=%v, want <= 1e-12", most.err, most.n, most.a)
	}
}
