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
