package load

import (
	"testing"
	"time"
)

func TestALongWatchForgetsNothing(t *testing.T) {
	w := &World{At: Epoch, Size: 30, Version: "1.18.0", Mode: "transaction", Active: 18}
	e := EvidenceOf(t, w.Look())
	for i := range 4 * maxIntervals {
		busy := int64(1800)
		if i >= 2*maxIntervals {
			busy, w.Active, w.Size = 0, 0, 1
		}
		w.Run(time.Second, busy, 10*time.Millisecond, 0) // 18 Erlangs in the first half, none in the second
		var err error
		if e, err = e.Add(w.Look()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.Flows[0].Intervals); n > maxIntervals {
		t.Errorf("%d intervals are kept", n)
	}
	loads, err := Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	Near(t, "load", loads[0].Erlangs.Target, 9, 1e-3)
	if e.Flows[0].PeakConns != 30 || loads[0].Window != 4*maxIntervals*time.Second {
		t.Errorf("peak %d, window %s", e.Flows[0].PeakConns, loads[0].Window)
	}
}
