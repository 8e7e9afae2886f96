package load_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestALongWatchForgetsNothing(t *testing.T) {
	w := &plannertest.World{At: plannertest.Epoch, Size: 30, Version: "1.18.0", Mode: "transaction", Active: 18}
	e := plannertest.EvidenceOf(t, w.Sample())
	for i := range 4 * load.MaxIntervals {
		busy := int64(1800)
		if i >= 2*load.MaxIntervals {
			busy, w.Active, w.Size = 0, 0, 1
		}
		w.Run(time.Second, busy, 10*time.Millisecond, 0) // 18 Erlangs in the first half, none in the second
		var err error
		if e, err = e.Add(w.Sample()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.Flows[0].Intervals); n > load.MaxIntervals {
		t.Errorf("%d intervals are kept", n)
	}
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	plannertest.Near(t, "load", loads[0].Erlangs.Target, 9, 1e-3)
	if e.Flows[0].PeakConns != 30 || loads[0].Window != 4*load.MaxIntervals*time.Second {
		t.Errorf("peak %d, window %s", e.Flows[0].PeakConns, loads[0].Window)
	}
}
