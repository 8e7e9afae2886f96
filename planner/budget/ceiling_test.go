package budget_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestALimitIsHeldAgainstTheProcessThatIsLeftWithMost: 0.6 of 10 Erlangs, and half of 0.3 once its process is lost.
func TestALimitIsHeldAgainstTheProcessThatIsLeftWithMost(t *testing.T) {
	p := budget.FleetPool{ID: "a/app", Load: load.Load{Erlangs: load.Range{Lower: 10, Target: 10, Upper: 10}, PerSec: 1000,
		MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1},
		Rules: budget.Rules{Min: 1, Utilization: 0.9, MaxWaitMean: time.Second, MaxWaitP99: time.Minute, SurviveLoss: 1}}
	for i, share := range []float64{0.6, 0.3, 0.1} {
		process := fmt.Sprint("a/", i+1)
		p.Sizes = append(p.Sizes, budget.Size{Process: process, Conns: 9})
		p.LinePools = append(p.LinePools, budget.LinePool{Process: process, User: "u", Share: share})
		p.Under = append(p.Under, budget.Ceiling{Conns: 8, Process: process, LinePools: []int{i}, Share: share, Sized: 1})
	}
	b, broken := p.Breached()
	if plannertest.Near(t, "the load that is left", b.Erlangs, 7.5, 1e-9); !broken || b.Need != 9 {
		t.Errorf("%+v (%v), want 9 needed of 8", b, broken)
	}
}
