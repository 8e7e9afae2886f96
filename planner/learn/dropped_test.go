package learn_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// TestBlocksGoTogetherSampleBySample: two processes of which each lacks an interval, and not the same one, have as many
// of them and no two that were at one time.
func TestBlocksGoTogetherSampleBySample(t *testing.T) {
	flow := func(process string, without int) load.Flow {
		f := load.Flow{Process: process, Alias: "db"}
		for i := range 6 {
			if i != without {
				f.Intervals = append(f.Intervals, load.Interval{Begin: load.Level{Sample: i}, End: load.Level{Sample: i + 1},
					Span: time.Second, Xacts: 10})
			}
		}
		return f
	}
	s := shift.Shift{From: "a/db", To: "b/db"}
	for _, c := range []struct{ a, b, want int }{{-1, -1, 6}, {2, 2, 5}, {2, -1, 0}, {2, 4, 0}} {
		e := load.Evidence{Flows: []load.Flow{flow("a/1", c.a), flow("b/1", c.b)},
			Last: fleet.Observation{Processes: []fleet.Process{{ID: "a/1", Group: "a"}, {ID: "b/1", Group: "b"}}}}
		if got := learn.Blocks(e, s); len(got) != c.want {
			t.Errorf("without the intervals %d and %d: %d blocks, want %d", c.a, c.b, len(got), c.want)
		}
	}
}
