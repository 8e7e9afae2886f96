package budget

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
)

// TestAtALimitOfSeveralPoolsTheirHoldsAreMixed: what waits there waits for the holds of all. The bounds are those of a
// simulated queue of both, first come first served: 12 servers; in the first case 0.5 ms and 10 ms, in the second 10 ms
// and 252 ms.
func TestAtALimitOfSeveralPoolsTheirHoldsAreMixed(t *testing.T) {
	l := func(perSec float64, hold time.Duration) load.Load {
		a := perSec * hold.Seconds()
		return load.Load{Erlangs: load.Range{Lower: a, Target: a, Upper: a}, PerSec: perSec, MeanHold: hold, ArrivalSCV: 1,
			HoldSCV: 1, Method: load.MethodDeclared}
	}
	pool := func(own, other load.Load) FleetPool {
		c := Ceiling{Text: "max_user_connections 12", Conns: 12, LinePools: []int{0}, Share: 1, Sized: 1}
		c.add(other, 1)
		return FleetPool{ID: "a/app", Load: own, Sizes: []Size{{Process: "a/1", Conns: 5}},
			LinePools: []LinePool{{Process: "a/1", User: "u", Share: 1}},
			Rules:     Rules{Min: 1, Utilization: 0.99, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond},
			Under:     []Ceiling{c}}
	}
	reports := pool(l(0.5, time.Second), l(800, 10*time.Millisecond))
	if b, broken := reports.Breached(); broken {
		t.Errorf("reports beside many short transactions: %+v, and both promises are kept", b)
	}
	oltp := pool(l(200, 10*time.Millisecond), l(6, time.Second))
	if p99 := oltp.Under[0].Quantile(oltp); p99 < 0.2 || p99 > 1 {
		t.Errorf("p99 of short transactions beside long ones is %.3g s, and is about 0.25 s", p99)
	}
	if _, broken := oltp.Breached(); !broken {
		t.Error("a promise of 100 ms is said to be kept")
	}
	alone := pool(l(200, 10*time.Millisecond), load.Load{})
	if hold, factor := alone.Under[0].mixed(alone); hold != 10*time.Millisecond || factor != 1 {
		t.Errorf("by itself: hold %v, factor %v", hold, factor)
	}
}
