package queue

import (
	"fmt"
	"testing"
	"time"
)

var sink float64

func BenchmarkWalkerNext(b *testing.B) {
	b.ReportAllocs()
	w := NewWalker(1000, 1001)
	start := w
	for b.Loop() {
		w.Next()
		sink += w.Gain()
		if w.N() > 1400 {
			w = start
		}
	}
}

// plain is the textbook recursion B(n) = aB/(n+aB) from no servers.
func plain(n int, a float64) float64 {
	b := 1.0
	for k := 1; k <= n; k++ {
		b = a * b / (float64(k) + a*b)
	}
	return b
}

// BenchmarkRandomAccess times ErlangB against the textbook recursion ("x_textbook") and against this package's own
// recursion from no servers ("x_own"), turn by turn in one run, at a size with one client in a thousand waiting or so.
func BenchmarkRandomAccess(b *testing.B) {
	for _, c := range []struct {
		a float64
		n int
	}{{10, 22}, {1e3, 1100}, {1e5, 101000}} {
		b.Run(fmt.Sprintf("a=%g", c.a), func(b *testing.B) {
			var fast, textbook, own time.Duration
			for b.Loop() {
				const turns = 5
				t0 := b.Elapsed()
				for range turns {
					sink += ErlangB(c.n, c.a)
				}
				t1 := b.Elapsed()
				for range turns {
					sink += plain(c.n, c.a)
				}
				t2 := b.Elapsed()
				for range turns {
					sink += system{a: c.a, z: 1}.to(float64(c.n)).z
				}
				fast, textbook, own = fast+t1-t0, textbook+t2-t1, own+b.Elapsed()-t2
			}
			b.ReportMetric(float64(textbook)/float64(fast), "x_textbook")
			b.ReportMetric(float64(own)/float64(fast), "x_own")
		})
	}
}

func BenchmarkMinServers(b *testing.B) {
	t := Target{Utilization: 0.99, Mean: 10 * time.Microsecond, P99: 100 * time.Microsecond}
	for _, a := range []float64{10, 1e3, 1e5} {
		b.Run(fmt.Sprintf("a=%g", a), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, _ := MinServers(a, 20*time.Millisecond, 1, t)
				sink += float64(n)
			}
		})
	}
}
