package sim_test

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/queue"
	"github.com/pgbudget/pgbudget/sim"
)

// onePool is a world of one pool before one server.
func onePool(size int, load sim.LoadSpec) sim.Spec {
	load.Pool = "main/app"
	return sim.Spec{
		Servers: []sim.ServerSpec{{Name: "pg", MaxConns: 10000}},
		Groups:  []sim.GroupSpec{{Name: "main", Processes: 1, Version: "1.24", Settings: sim.Settings{MaxClientConns: 1e9, QueryWaitTimeout: sim.Disabled, ServerLifetime: sim.Disabled, ServerIdleTimeout: sim.Disabled}}},
		Pools:   []sim.PoolSpec{{ID: "main/app", Server: "pg", SizeConns: size}},
		Loads:   []sim.LoadSpec{load},
	}
}

func TestQuick(t *testing.T) {
	a := 8.0
	w, err := sim.New(onePool(10, sim.LoadSpec{Open: &sim.OpenSpec{PerSec: a / 0.01}, Hold: sim.Law{Mean: 10 * time.Millisecond}}), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Sleep(t.Context(), time.Minute)
	w.ResetResults()
	begin := time.Now()
	w.Sleep(t.Context(), time.Hour)
	took := time.Since(begin)
	r := w.Results()
	p := r.Pools[0]
	_ = math.Pi
	_ = queue.ErlangC
	t.Logf("events %d in %v = %.1f ns/customer; wait %v p99 %v busy %.3f waited %.4f conns %d", r.Events, took, float64(took.Nanoseconds())/float64(p.Arrivals), p.WaitSum.Seconds()/float64(p.Assigned), p.Wait.Quantile(0.99), p.BusyErlangs, float64(p.Waited)/float64(p.Assigned), p.MaxConns)
}
