package learn

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAShareThatRisesAsExpectedHasMoved: had it stayed where it was, it would be outside of what was expected.
func TestAShareThatRisesAsExpectedHasMoved(t *testing.T) {
	soak := func(share float64) SoakResult {
		return SoakResult{From: Measure{1 - share, 0.01}, To: Measure{share, 0.01}}
	}
	before := []SoakResult{soak(0.1), {Excluded: excluded(verdict.PoolFull, "a/b")}}
	for _, c := range []struct {
		share    float64
		expected *load.Range
		want     bool
	}{
		{0.2, &load.Range{Lower: 0.15, Target: 0.2, Upper: 0.25}, true},
		{0.1, &load.Range{Lower: 0.15, Target: 0.2, Upper: 0.25}, false},
		{0.2, &load.Range{Lower: 0.05, Target: 0.2, Upper: 0.35}, false}, {0.2, nil, false},
	} {
		p := soak(c.share)
		p.Expected = c.expected
		if got := p.risen(before); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if p := soak(0.2); p.risen(nil) {
		t.Error("nothing was seen before")
	}
}
