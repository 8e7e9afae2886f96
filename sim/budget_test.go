package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// TestARunIsDoneWithinTheBudgetAlone takes connections away from under a run: max_connections is lowered, or more are
// direct than when it was planned. A run that plans anew ends within what is left, or says by how much it is over; it
// is never done above it.
func TestARunIsDoneWithinTheBudgetAlone(t *testing.T) {
	for seed := range fleets(12, 2, 12) {
		for _, shrink := range []string{"max_connections", "direct"} {
			for i := range 4 {
				replans, late := i%2 == 0, i >= 2 // late: in the soak of the last step
				x := embark(t, seed)
				if x == nil || len(x.w.spec.Faults) > 0 {
					continue
				}
				x.policy.Percent, x.policy.Soak = 10, 40*time.Second
				declared, struck := x.declared(), false
				s := x.w.servers[0]
				x.w.after = func() {
					if n := len(x.events); struck || n == 0 || x.events[n-1].Kind != planner.Acted || late && !x.there() {
						return
					}
					if struck = true; shrink == "direct" {
						s.addDirect(12)
					} else {
						s.spec.MaxConns -= 12
					}
				}
				r := x.rebalancer()
				r.Declared, r.Replans = declared, replans
				report, err := r.Run(t.Context(), x.goal, planner.Memory{})
				if err != nil {
					t.Fatal(err)
				}
				o, err := x.w.Observe(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				e, err := x.before.Add(o)
				if err != nil {
					t.Fatal(err)
				}
				fleet, err := planner.Model(x.w.Now(), declared, e, x.loads)
				if err != nil {
					t.Fatal(err)
				}
				spare := fleet.SpareConns("pg")
				if report.Outcome == planner.Done && spare < 0 {
					t.Errorf("seed %d, %s, plans anew %v: done %d over the budget", seed, shrink, replans, -spare)
				}
				if report.Outcome == planner.Held && spare < 0 && !strings.Contains(report.Reason, "budget of") {
					t.Errorf("seed %d, %s: %s", seed, shrink, report.Reason)
				}
				t.Logf("seed %d, %s, plans anew %v, late %v: %s, spare %d: %s", seed, shrink, replans, late, report.Outcome, spare, report.Reason)
			}
		}
	}
}

// there reports whether every line is as the goal wants it.
func (x *expedition) there() bool {
	for _, a := range x.w.aliases {
		if g, ok := x.goal.Pool(a.spec.ID); ok && (a.size != g.Size || a.reserve != g.Reserve) {
			return false
		}
	}
	return true
}
