package sim_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

// MaxClientConns is "waiting and served clients of one process": with as many as connections nobody waits, and the pool
// is Erlang's loss system.
func TestMaxClientConnCountsThoseServed(t *testing.T) {
	const n = 5
	spec := pool(n, open(8, sim.Law{Mean: time.Second}))
	spec.Groups[0].Settings.MaxClientConns = n
	w, err := sim.New(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Sleep(t.Context(), 10*time.Minute)
	if got := w.Results().Total.MaxWaiting; got > 1 { // one waits for each login at the start
		t.Errorf("%d clients waited beside %d served, max_client_conn is %d", got, n, n)
	}
}

// cl_active counts clients that are linked or do nothing, so with cl_waiting it is all who are connected (PGBOUNCER.md
// §5; planner.thinkTime takes the sum for N): of closed clients the world knows how many that are.
func TestClosedClientsStayConnected(t *testing.T) {
	const clients = 100
	spec := pool(4, sim.LoadSpec{Closed: &sim.ClosedSpec{Clients: clients, Think: sim.Law{Mean: 1900 * time.Millisecond}},
		Hold: sim.Law{Mean: 100 * time.Millisecond}})
	spec.Pools[0].SizeConns = 14
	w, err := sim.New(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Sleep(t.Context(), time.Minute)
	o, err := w.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if g := o.Processes[0].Aliases[0].Pools[0]; g.ClientsActive+g.ClientsWaiting != clients {
		t.Errorf("cl_active %d and cl_waiting %d, want %d clients in all", g.ClientsActive, g.ClientsWaiting, clients)
	}
}
