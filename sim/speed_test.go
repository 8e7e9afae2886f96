package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// holdLoop is the least a simulator of queues can do: take the first event, draw a time, put it back. A customer costs
// two of them, an arrival and a departure. It draws from the same kind of stream as the simulator.
func holdLoop(slots int, customers int) int64 {
	c := newCalendar(slots)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range slots {
		c.set(int32(i), int64(rng.ExpFloat64()*1e7))
	}
	var now int64
	for range 2 * customers {
		slot, t := c.first()
		now = t
		c.set(slot, now+int64(rng.ExpFloat64()*1e7))
	}
	return now
}

// fleet is n pools of 10 connections at 80 % use, and nothing that a queue does not need.
func fleet(n int, full bool) Spec {
	s := Spec{Servers: []ServerSpec{{Name: "pg", MaxConns: 200000}},
		Groups: []GroupSpec{{Name: "main", Processes: 1, Version: "1.24"}}}
	if !full {
		s.Groups[0].Settings = Settings{ReservePoolTimeout: Disabled, QueryWaitTimeout: Disabled, ServerLifetime: Disabled, ServerIdleTimeout: Disabled}
	}
	for i := range n {
		id := fmt.Sprintf("main/app%d", i)
		p := PoolSpec{ID: id, Server: "pg", SizeConns: 10}
		l := LoadSpec{Pool: id, Open: &OpenSpec{PerSec: 800}, Hold: Law{Mean: 10 * time.Millisecond}}
		if full {
			p.ReserveConns = 2
			l.Hold = Law{Kind: Lognormal, Mean: 10 * time.Millisecond, SCV: 1}
		}
		s.Pools = append(s.Pools, p)
		s.Loads = append(s.Loads, l)
	}
	return s
}

var sink int64

// BenchmarkSpeed prints ns per customer of the simulator and of the bare loop over as many slots, in one run.
func BenchmarkSpeed(b *testing.B) {
	for _, n := range []int{1, 50, 1000} {
		b.Run(fmt.Sprintf("pools=%d/bare", n), func(b *testing.B) {
			sink += holdLoop(11*n, b.N)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/customer")
		})
		for _, full := range []bool{false, true} {
			name := "minimal"
			if full {
				name = "full"
			}
			b.Run(fmt.Sprintf("pools=%d/%s", n, name), func(b *testing.B) {
				w, err := New(fleet(n, full), 1)
				if err != nil {
					b.Fatal(err)
				}
				w.run(int64(5*time.Second), 1<<62)
				w.ResetResults()
				b.ResetTimer()
				b.ReportAllocs()
				perSec := 800 * float64(n)
				w.run(w.now+int64(float64(b.N)/perSec*1e9), 1<<62)
				r := w.Results()
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(r.Total.Arrivals), "ns/customer")
			})
		}
	}
}
