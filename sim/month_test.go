package sim

import (
	"runtime"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestALongRunKeepsItsMemory lets a run wait for its window, sample after sample: for hours in CI, for a month in a
// soak. What it keeps does not grow with the time.
func TestALongRunKeepsItsMemory(t *testing.T) {
	hours := int(fleets(3, 1, 30*24))
	x := newRig(t, 3)
	for i := range x.w.loads { // the samples are what counts here
		x.w.loads[i].surge = 0.01
		x.w.refactor(&x.w.loads[i])
	}
	until := x.w.Now().Add(time.Duration(hours) * time.Hour)
	x.policy.SoakEvery = state.DefaultSoakEvery
	r := x.rebalancer()
	r.Replans = true
	samples, most := 0, uint64(0)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	before := mem.Sys // of the tests beside it
	r.Closed = func(now time.Time) verdict.Reason {
		if samples++; samples%500 == 0 {
			runtime.ReadMemStats(&mem)
			most = max(most, mem.HeapAlloc)
		}
		if now.Before(until) {
			return verdict.Noted("the window is closed")
		}
		return verdict.Reason{}
	}
	report, err := r.Run(t.Context(), x.goal, state.JournalState{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&mem)
	t.Logf("%d hours, %d samples, %s; at most %.1f MB, %.1f MB at the end, %.1f MB from the system", hours, samples,
		report.Outcome, float64(most)/1e6, float64(mem.HeapAlloc)/1e6, float64(mem.Sys)/1e6)
	if most > 100e6 || mem.Sys-before > 100e6 && !raced {
		t.Errorf("%.1f MB are held, %.1f MB from the system; want less than 100", float64(most)/1e6, float64(mem.Sys)/1e6)
	}
	if samples < hours*3600/5/2 {
		t.Errorf("only %d samples", samples)
	}
}
