package queue

import (
	"math"
	"testing"
	"time"
)

// FuzzErlang holds every formula against 256-bit arithmetic and against what must be true of probabilities, for any
// size below 4096 and any load.
func FuzzErlang(f *testing.F) {
	for _, seed := range []struct {
		n uint16
		a float64
	}{
		{0, 0}, {1, 0}, {1, 0.5}, {1, 1}, {10, 10}, {11, 10}, {10, math.Nextafter(10, 0)}, {10, math.Nextafter(10, 20)},
		{100, 1e-12}, {3, 5e-324}, {200, 5}, {1000, 999.999999}, {4095, 4000}, {4000, 2047.9999999999998}, {50, 1e9},
		{7, 1e300},
	} {
		f.Add(seed.n, seed.a)
	}
	f.Fuzz(func(t *testing.T, size uint16, a float64) {
		if !(a >= 0) || math.IsInf(a, 1) {
			return
		}
		n := int(size % 4096)
		b, c, q, w := ErlangB(n, a), ErlangC(n, a), WaitingClients(n, a), NewWalker(a, n)
		if !(0 <= b && b <= 1 && 0 <= c && c <= 1 && q >= 0 && w.Gain() >= 0 && w.Waiting() == q) {
			t.Fatalf("n=%d a=%v: B %v, C %v, Lq %v, walker %v gaining %v", n, a, b, c, q, w.Waiting(), w.Gain())
		}
		before := w.Gain()
		w.Next()
		if w.N() != n+1 || w.Gain() > before || w.Waiting() > q {
			t.Fatalf("n=%d a=%v: the next size is %d, gains %v after %v, leaves %v of %v waiting",
				n, a, w.N(), w.Gain(), before, w.Waiting(), q)
		}
		if a == 0 {
			return
		}
		r := referenceFor(a).to(n)
		if err := apart(b, r.blocked()); err > 1e-12 {
			t.Fatalf("n=%d a=%v: B %v is off by %v", n, a, b, err)
		}
		if float64(n) <= a {
			return
		}
		if c < b && b >= least {
			t.Fatalf("n=%d a=%v: C %v is below B %v", n, a, c, b)
		}
		for _, v := range []struct {
			name string
			err  float64
		}{{"C", apart(c, r.delayed())}, {"Lq", apart(q, r.queued())}, {"gain", apart(before, r.gained())}} {
			if v.err > 1e-12 {
				t.Fatalf("n=%d a=%v: %s is off by %v", n, a, v.name, v.err)
			}
		}
	})
}

// FuzzMinServers asks that the size found keeps its promises and that one fewer breaks the one that decided.
func FuzzMinServers(f *testing.F) {
	f.Add(10.0, int64(20e6), 1.0, 0.9, int64(1e6), int64(1e7))
	f.Add(0.0, int64(0), 0.0, 0.0, int64(0), int64(0))
	f.Add(154.0, int64(5e6), 2.5, 1.0, int64(1), int64(0))
	f.Add(1e5, int64(1e9), 0.5, 0.0, int64(0), int64(1))
	f.Add(2147483646.5, int64(1e9), 1.0, 0.01, int64(0), int64(0))
	f.Fuzz(func(t *testing.T, a float64, hold int64, factor, utilization float64, mean, p99Limit int64) {
		if !(a >= 0 && a <= 1e6) || hold < 0 || !(factor >= 0) || !(utilization >= 0 && utilization <= 1) || mean < 0 ||
			p99Limit < 0 {
			return
		}
		m := Model{Hold: time.Duration(hold), SCVFactor: factor}
		target := Target{Utilization: utilization, Mean: time.Duration(mean), P99: time.Duration(p99Limit)}
		n, by := MinServers(a, m.Hold, factor, target)
		keeps := map[string]func(n int) bool{
			ByStability:   func(n int) bool { return float64(n) > a && n >= 1 },
			ByUtilization: func(n int) bool { return utilization == 0 || a/float64(n) <= utilization },
			ByMeanWait:    func(n int) bool { return mean == 0 || m.MeanWait(n, a) <= target.Mean.Seconds() },
			ByP99Wait:     func(n int) bool { return p99Limit == 0 || m.Tail(n, a, target.P99) <= 0.01 },
		}
		if keeps[by](n - 1) {
			t.Fatalf("a=%v %+v %+v: %d by %s, but one fewer keeps it", a, m, target, n, by)
		}
		for name, keep := range keeps {
			if n < MaxServers && !keep(n) {
				t.Fatalf("a=%v %+v %+v: %d by %s breaks %s", a, m, target, n, by, name)
			}
		}
	})
}
