package learn_test

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAJudgementOfNothingSaysSo: where nothing comes, or the switch stays, there is a plain statement and no figure.
func TestAJudgementOfNothingSaysSo(t *testing.T) {
	blocks := func(from, to int64) []learn.Block {
		var out []learn.Block
		for range 12 {
			out = append(out, learn.Block{Span: plannertest.BlockSpan, From: from, To: to})
		}
		return out
	}
	for want, c := range map[verdict.Code]struct {
		before, after []learn.Block
		fromX, toX    int
	}{
		verdict.NoXacts: {blocks(0, 0),
			blocks(0, 0), 0, 5},
		verdict.NoXactsToMove: {blocks(0,
			100),
			blocks(0, 100), 0, 5},
		verdict.SwitchStays: {blocks(500, 100),
			blocks(500, 100), 5, 5},
		verdict.FewSamples: {blocks(500, 100)[:3],
			blocks(500, 100), 0, 5},
	} {
		j := learn.Judge(learn.ObservedChange{Before: c.before, After: c.after, FromX: c.fromX, ToX: c.toX,
			Fraction: load.Range{Lower: 0.3, Target: 0.35, Upper: 0.4}, Hold: 10 * time.Millisecond})
		if j.Verdict != learn.CannotTell || !j.Why.Is(want) || math.IsNaN(j.Power) {
			t.Errorf("got %q: %q, want %q", j.Verdict, j.Why.Code, want)
		}
	}
	same := learn.Judge(learn.ObservedChange{Before: blocks(500, 0), After: blocks(500, 0), FromX: 0, ToX: 50,
		Fraction: load.Range{Lower: 0.3, Target: 0.35, Upper: 0.4}, Hold: 10 * time.Millisecond})
	if math.IsNaN(same.Power) || math.IsNaN(same.SD) || same.SD <= 0 {
		t.Errorf("counts that do not vary at all: %+v", same)
	}
}
