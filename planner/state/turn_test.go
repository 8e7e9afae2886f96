package state_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestASurpriseHalvesTheNextTurnUntilOneIsAsExpected(t *testing.T) {
	p := state.DefaultPolicy()
	p.Percent = 20
	point := func(share float64, useless string) learn.Point {
		return learn.Point{Shift: "s", From: learn.Measure{Erlangs: 1 - share, SD: 0.01}, To: learn.Measure{Erlangs: share, SD: 0.01}, Expected: &load.Range{Lower: 0.1, Target: 0.2, Upper: 0.3}, Useless: useless}
	}
	for _, c := range []struct {
		points []learn.Point
		want   int
	}{
		{nil, 20}, {[]learn.Point{point(0.2, "")}, 20}, {[]learn.Point{point(0.5, "")}, 10}, {[]learn.Point{point(0.5, ""), point(0.05, "")}, 5},
		{[]learn.Point{point(0.5, ""), {Shift: "s", Survey: true, From: learn.Measure{Erlangs: 1, SD: 0.1}}}, 10}, // the next run looks first
		{[]learn.Point{point(0.5, ""), point(0.2, "")}, 20}, {[]learn.Point{point(0.2, "full")}, 10}, {[]learn.Point{{Shift: "other", Useless: "x"}}, 20},
		{[]learn.Point{point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, ""), point(0.5, "")}, 1},
	} {
		if got := (state.Memory{Points: c.points}).PointsFrom("s", p); got != c.want {
			t.Errorf("%d points: %d, want %d", len(c.points), got, c.want)
		}
	}
}
