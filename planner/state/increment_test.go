package state_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestASurpriseHalvesTheNextIncrementUntilOneIsAsExpected(t *testing.T) {
	p := state.DefaultPolicy()
	p.Percent = 20
	soak := func(share float64, excluded verdict.Code) learn.SoakResult {
		return learn.SoakResult{Shift: "s", From: learn.Measure{Erlangs: 1 - share, SD: 0.01},
			To: learn.Measure{Erlangs: share, SD: 0.01}, Expected: &load.Range{Lower: 0.1, Target: 0.2, Upper: 0.3},
			Excluded: learn.Excluded{Code: excluded}}
	}
	for _, c := range []struct {
		soaks []learn.SoakResult
		want  int
	}{
		{nil, 20}, {[]learn.SoakResult{soak(0.2, "")}, 20}, {[]learn.SoakResult{soak(0.5, "")}, 10},
		{[]learn.SoakResult{soak(0.5, ""), soak(0.05, "")}, 5},
		// the next run takes samples first
		{[]learn.SoakResult{soak(0.5, ""), {Shift: "s", Survey: true, From: learn.Measure{Erlangs: 1, SD: 0.1}}}, 10},
		{[]learn.SoakResult{soak(0.5, ""), soak(0.2, "")}, 20}, {[]learn.SoakResult{soak(0.2, verdict.PoolFull)}, 10},
		{[]learn.SoakResult{{Shift: "other", Excluded: learn.Excluded{Code: verdict.PoolFull}}}, 20},
		{[]learn.SoakResult{soak(0.5, ""), soak(0.5, ""), soak(0.5, ""), soak(0.5, ""), soak(0.5, ""), soak(0.5, "")},
			1},
	} {
		if got := (state.JournalState{Learned: state.Learned{Soaks: c.soaks}}).MostIncrement("s", p); got != c.want {
			t.Errorf("%d soaks: %d, want %d", len(c.soaks), got, c.want)
		}
	}
}
