package queue

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGainsNeverRise walks over more than a million sizes and checks the gains before the guard against rounding.
func TestGainsNeverRise(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	steps, rises := 0, 0
	for range 4000 {
		a := 0.1 * math.Exp(random.Float64()*math.Log(1e6))
		p := at(int(a)+1, a)
		last := p.gain()
		for range min(2000, int(10*math.Sqrt(a))+50) {
			p = p.next()
			g := p.gain()
			steps++
			if g > last || g < 0 {
				rises++
			}
			last = g
		}
	}
	t.Logf("%d increments", steps)
	if rises != 0 || steps < 1_000_000 {
		t.Errorf("%d of %d gains rise, want 0 of at least 1,000,000", rises, steps)
	}
}

func TestWalkerKeepsTheLastGainWhenAGainWouldRise(t *testing.T) {
	t.Parallel()
	w := NewWalker(3, 10)
	w.gain = 1e-9
	if w.Next(); w.Gain() != 1e-9 {
		t.Errorf("got %v, want the last gain 1e-9", w.Gain())
	}
}

func TestWalkerAgreesWithTheFormulasAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, a := range []float64{0, 1e-12, 0.3, 1, 7, 99.5, 1000} {
		w := NewWalker(a, 0)
		for n := 0; n < 1500; n++ {
			if w.N() != n {
				t.Fatalf("a=%v: N: got %d, want %d", a, w.N(), n)
			}
			got, want := w.Waiting(), WaitingClients(n, a)
			if want < least {
				break
			}
			if got != want && math.Abs(got-want) > 1e-13*want {
				t.Fatalf("n=%d a=%v: Waiting: got %v, want %v", n, a, got, want)
			}
			gain, fall := w.Gain(), want-WaitingClients(n+1, a)
			if math.IsInf(want, 1) {
				fall = want
			}
			if gain != fall && math.Abs(gain-fall) > 1e-13*want {
				t.Fatalf("n=%d a=%v: Gain: got %v, want %v", n, a, gain, fall)
			}
			w.Next()
		}
	}
}

func TestACopiedWalkerStaysWhereItIs(t *testing.T) {
	t.Parallel()
	w := NewWalker(20, 25)
	kept := w
	w.Next()
	if kept.N() != 25 || w.N() != 26 || kept.Waiting() <= w.Waiting() {
		t.Errorf("got n=%d waiting %v and n=%d waiting %v, want 25, 26 and fewer", kept.N(), kept.Waiting(), w.N(),
			w.Waiting())
	}
}

func TestNothingAllocates(t *testing.T) {
	w := NewWalker(50, 51)
	target := Target{Utilization: 0.9, Mean: 1e6, P99: 1e7}
	if got := testing.AllocsPerRun(100, func() {
		w.Next()
		_, _ = w.Gain(), w.Waiting()
		_, _ = MinServers(1234.5, 5e6, 2, target)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
