package sim_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

// saturated is a pool of n connections with four closed clients to each, holds of 100 s, all connections open.
func saturated(n int) sim.Spec {
	hold := sim.Law{Mean: 100 * time.Second}
	return pool(n, sim.LoadSpec{Closed: &sim.ClosedSpec{Clients: 4 * n, Think: sim.Law{Kind: sim.Fixed}}, Hold: hold})
}

// A saturated pool that is told RECONNECT after a cut from n to n' drains as a pure death process: with exponential
// holds S the time until n' of the old connections are left is S·Σ over j from n'+1 to n of 1/j. RECONNECT lets a
// waiting client open one connection that is not old, so the pool itself stands at n'+1 then, and reaches n' with the
// next death: one term more, S/n'.
func TestADrainAfterReconnectIsAPureDeathProcess(t *testing.T) {
	t.Parallel()
	const from, to, hold = 20, 5, 100.0
	const step = 250 * time.Millisecond
	var want float64
	for j := to + 1; j <= from; j++ {
		want += hold / float64(j)
	}
	runs := 400
	if soak() {
		runs = 6000
	}
	var down, last []float64
	for r := range runs {
		w, err := sim.New(saturated(from), seedOf("drain")+uint64(r))
		if err != nil {
			t.Fatal(err)
		}
		w.Sleep(t.Context(), 10*time.Second)
		for _, a := range []sim.Action{{Kind: sim.SetSize, Pool: "main/app", Conns: to},
			{Kind: sim.Reconnect, Pool: "main/app"}} {
			if err := w.Do(a); err != nil {
				t.Fatal(err)
			}
		}
		begin := w.At()
		reach := func(conns int) float64 {
			for w.Sample().Pools[0].Conns > conns {
				w.Sleep(t.Context(), step)
			}
			return (w.At() - begin - step/2).Seconds()
		}
		w.Sleep(t.Context(), 2) // the extra login takes a nanosecond
		if n := w.Sample().Pools[0].Conns; n != from+1 {
			t.Fatalf("%d connections after RECONNECT, want one more than %d", n, from)
		}
		down = append(down, reach(to+1))
		last = append(last, reach(to))
	}
	agree(t, "drain 20 → 5 after RECONNECT: old ones", down, want, 1)
	agree(t, "drain 20 → 5 after RECONNECT: all", last, want+hold/to, 1)
}

// Without RECONNECT a pool with waiters never drains (MATH.md §2.2): in a hundred holds not one connection goes.
func TestWithoutReconnectASaturatedPoolNeverDrains(t *testing.T) {
	t.Parallel()
	// Open clients, twice what the pool serves: none is at hand for a connection that were left idle until the tick.
	w, err := sim.New(pool(20, open(0.4, sim.Law{Mean: 100 * time.Second})), seedOf("never"))
	if err != nil {
		t.Fatal(err)
	}
	w.Sleep(t.Context(), time.Hour)
	if err := w.Do(sim.Action{Kind: sim.SetSize, Pool: "main/app", Conns: 5}); err != nil {
		t.Fatal(err)
	}
	w.ResetResults()
	for range 1000 {
		w.Sleep(t.Context(), 10*time.Second)
		if n := w.Sample().Pools[0].Conns; n != 20 {
			t.Fatalf("%d connections after %v", n, w.At())
		}
	}
	if done := w.Results().Total.Done; done < 1000 {
		t.Errorf("only %d transactions ended", done)
	}
}
