package control_test

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestTheWorkOfAPathGrowsWithItsPools plans the path of a shift, with the steps that a run would take on it, over four
// times as many pools: that is six or seven times the work, sorting and caches included. Where each pool is held
// against each it becomes sixteen times, where each of those samples through a list sixty-four. It is run without the
// race detector (fixtures/race.sh), which would be measured, too.
func TestTheWorkOfAPathGrowsWithItsPools(t *testing.T) {
	const few, many, most = 1000, 4000, 8
	least := map[int]time.Duration{few: math.MaxInt64, many: math.MaxInt64}
	times := func() float64 { return float64(least[many]) / float64(least[few]) }
	for try := 0; try == 0 || try < 5 && times() > most; try++ { // what else the machine does makes either longer
		for _, pools := range []int{few, many} {
			f, s := plannertest.ManyPools(pools)
			policy := state.DefaultPolicy()
			policy.Percent = 25
			runtime.GC()
			begun := plannertest.UserTime(t)
			path, _, err := shift.Passage(f, s, policy.MostIncrement())
			if err != nil || len(path.Jumps) != 4 {
				t.Fatalf("%d pools: %d jumps, %v", pools, len(path.Jumps), err)
			}
			ahead, ends := control.State{Samples: control.Samples{Fleet: f}, Policy: policy,
				Journal: state.JournalState{Run: state.Run{GoalOfStep: true}},
				TrafficNow: control.TrafficNow{Shifts: []shift.Shift{s},
					Readings: []state.Reading{{X: s.At}}}}.Forecast()
			least[pools] = min(least[pools], plannertest.UserTime(t)-begun)
			if ends.Any() || len(ahead) < len(path.Jumps) {
				t.Fatalf("%d pools: %d steps, %s", pools, len(ahead), ends.Text())
			}
		}
	}
	if times() > most {
		t.Errorf("a path of %d pools takes %v, %.3g times the %v of %d; want about as many times as there are pools",
			many, least[many], times(), least[few], few)
	}
}
