package sim

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// holds is the least a simulator of queues can do: take the first event, draw a time, put it back. A customer costs two
// of them, an arrival and a departure. It uses the same calendar and the same kind of random stream as the simulator.
type holds struct {
	cal calendar
	rng *rand.Rand
}

func newHolds(slots int) *holds {
	h := &holds{cal: newCalendar(slots), rng: rand.New(rand.NewPCG(1, 2))}
	for i := range slots {
		h.cal.set(int32(i), int64(h.rng.ExpFloat64()*1e7))
	}
	return h
}

func (h *holds) customers(n int) {
	for range 2 * n {
		slot, t := h.cal.first()
		h.cal.set(slot, t+int64(h.rng.ExpFloat64()*1e7))
	}
}

// model says how much of PgBouncer a speed test's fleet shows.
type model int

const (
	minimal model = iota // queues, ticks, and a histogram of waits
	full                 // and two users, time-outs, lifetime, reserve, check query
	withCPU              // and processor sharing
)

// fleetOf is n pools of 10 connections at 80 % use.
func fleetOf(n int, m model) Spec {
	s := Spec{Servers: []ServerSpec{{Name: "pg", MaxConns: 200000}},
		Groups: []GroupSpec{{Name: "main", Processes: 1, Version: "1.24"}}}
	if m == minimal {
		s.Groups[0].Settings = Settings{ReservePoolTimeout: Disabled, QueryWaitTimeout: Disabled, ServerLifetime: Disabled,
			ServerIdleTimeout: Disabled}
	}
	if m == withCPU {
		s.Servers[0].Cores = 4 * float64(n)
	}
	for i := range n {
		id := fmt.Sprintf("main/app%d", i)
		p := PoolSpec{ID: id, Server: "pg", SizeConns: 10}
		l := LoadSpec{Pool: id, Open: &OpenSpec{PerSec: 800}, Hold: Law{Mean: 10 * time.Millisecond}}
		if m >= full { // the same ten connections and eight Erlangs, in two pools of five
			p.SizeConns, p.ReserveConns, p.Users = 5, 1, []UserShare{{"a", 1}, {"b", 1}}
		}
		if m == withCPU {
			l.CPU = 0.3
		}
		s.Pools, s.Loads = append(s.Pools, p), append(s.Loads, l)
	}
	return s
}

func fleetOfPools(n int, all bool) Spec {
	if all {
		return fleetOf(n, full)
	}
	return fleetOf(n, minimal)
}

func warm(tb testing.TB, s Spec, seed uint64) *World {
	w, err := New(s, seed)
	if err != nil {
		tb.Fatal(err)
	}
	w.run(int64(3*time.Second), 1<<62)
	return w
}

func (w *World) arrivals() (n int64) {
	for _, t := range w.tallies {
		n += t.arrivals
	}
	return n
}

// BenchmarkAgainstBareHolds lets the bare loop and the simulator take turns, a chunk of customers each, and reports the
// median of the ratios: both meet the same machine.
func BenchmarkAgainstBareHolds(b *testing.B) {
	for _, n := range []int{1, 50, 1000} {
		for m, name := range []string{"minimal", "full", "with-cpu"} {
			b.Run(fmt.Sprintf("pools=%d/model=%s", n, name), func(b *testing.B) {
				const chunk = 100_000
				h, w := newHolds(11*n), warm(b, fleetOf(n, model(m)), 1)
				per := int64(chunk / (800 * float64(n)) * 1e9)
				var ratios, times []float64
				for b.Loop() {
					begin := time.Now()
					h.customers(chunk)
					bare := time.Since(begin).Seconds() / chunk
					was := w.arrivals()
					begin = time.Now()
					w.run(w.now+per, 1<<62)
					took := time.Since(begin).Seconds()
					took /= float64(w.arrivals() - was)
					ratios, times = append(ratios, took/bare), append(times, 1e9*took)
				}
				slices.Sort(ratios)
				slices.Sort(times)
				b.ReportMetric(ratios[len(ratios)/2], "x-bare")
				b.ReportMetric(times[len(times)/2], "ns/customer")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkTwoWorlds runs two worlds one after the other and then at once, and reports how much that gains.
func BenchmarkTwoWorlds(b *testing.B) {
	var gains []float64
	for b.Loop() {
		worlds := []*World{warm(b, fleetOf(50, full), 1), warm(b, fleetOf(50, full), 2)}
		run := func(w *World) { w.run(w.now+int64(10*time.Second), 1<<62) }
		runtime.GC()
		begin := time.Now()
		for _, w := range worlds {
			run(w)
		}
		one := time.Since(begin)
		begin = time.Now()
		var wg sync.WaitGroup
		for _, w := range worlds {
			wg.Go(func() { run(w) })
		}
		wg.Wait()
		gains = append(gains, one.Seconds()/time.Since(begin).Seconds())
	}
	slices.Sort(gains)
	b.ReportMetric(gains[len(gains)/2], "x-one-worker")
	b.ReportMetric(0, "ns/op")
}

// TestMemoryDoesNotGrowWithTime simulates a week, in a quiet fleet, and a minute, and wants the same heap after both.
func TestMemoryDoesNotGrowWithTime(t *testing.T) {
	s := fleetOf(2, full)
	for i := range s.Loads {
		s.Loads[i].Open.PerSec, s.Loads[i].Hold.Mean = 2, 4*time.Second
	}
	w := warm(t, s, 1)
	heap := func(d time.Duration) float64 {
		if err := w.Sleep(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1e6
	}
	early := heap(time.Hour)
	late := heap(7 * 24 * time.Hour)
	t.Logf("%.1f MB after an hour, %.1f MB after a week", early, late)
	if late > early+5 || late > 200 {
		t.Errorf("%.1f MB after an hour, %.1f MB after a week", early, late)
	}
}
