package sim

import (
	"regexp"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/state"
)

// numbered is what a hold over a budget says: the budget, and a number beside it.
var numbered = regexp.MustCompile(`\d+ .*budget of (\S+ is )?\d+`)

// TestARunIsDoneWithinTheBudgetAlone takes connections away from under a run: max_connections is lowered, or more are
// direct than when it was planned. A run that plans anew ends within what is left, or says by how much it is over; it
// is never done above it.
//
// Most of the fleets have faults of their own, and are left out: 3 of 12 make 24 runs, of which 22 are hit, 8 end done
// and 14 held.
func TestARunIsDoneWithinTheBudgetAlone(t *testing.T) {
	var hit uint64
	ended := map[state.Outcome]int{} // of those that were hit
	for seed := range fleets(12, 2, 12) {
		for _, shrink := range []string{"max_connections", "direct"} {
			for i := range 4 {
				replans, late := i%2 == 0, i >= 2 // late: in the soak of the last step
				x := newRig(t, seed)
				if x == nil || len(x.w.spec.Faults) > 0 {
					continue
				}
				x.policy.Percent, x.policy.Soak = 10, 40*time.Second
				declared, caused := x.declared(), false
				s := x.w.servers[0]
				x.w.after = func() {
					if n := len(x.events); caused || n == 0 || x.events[n-1].Kind != state.Acted || late && !x.there() {
						return
					}
					if caused = true; shrink == "direct" {
						s.addDirect(12)
					} else {
						s.spec.MaxConns -= 12
					}
				}
				r := x.rebalancer()
				r.Declared, r.Replans = declared, replans
				report, err := r.Run(t.Context(), x.goal, state.JournalState{})
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
				fleet, err := budget.Model(x.w.Now(), declared, e, x.loads)
				if err != nil {
					t.Fatal(err)
				}
				spare := fleet.SpareConns("pg")
				if report.Outcome == state.Done && spare < 0 {
					t.Errorf("seed %d, %s, plans anew %v: done %d over the budget", seed, shrink, replans, -spare)
				}
				if report.Outcome == state.Held && spare < 0 && !numbered.MatchString(report.Reason.Text()) {
					t.Errorf("seed %d, %s: %s", seed, shrink, report.Reason.Text())
				}
				if caused {
					hit++
					ended[report.Outcome]++
				}
				t.Logf("seed %d, %s, plans anew %v, late %v: %s, spare %d: %s", seed, shrink, replans, late, report.Outcome, spare,
					report.Reason.Text())
			}
		}
	}
	// chosen: more than half of what the seeds give, so that both moments are among them. The few fleets of a race build
	// have no run that is hit and done.
	least, done, held := fleets(16, 5, 16), fleets(4, 0, 4), fleets(7, 2, 7)
	if hit < least || uint64(ended[state.Done]) < done || uint64(ended[state.Held]) < held {
		t.Errorf("connections were taken away from under %d runs, %v; want %d at least, %d of them done and %d held",
			hit, ended, least, done, held)
	}
}

// there reports whether every line is as the goal wants it.
func (x *rig) there() bool {
	for _, a := range x.w.aliases {
		if g, ok := x.goal.Pool(a.spec.ID); ok && (a.size != g.Size || a.reserve != g.Reserve) {
			return false
		}
	}
	return true
}
