package budget_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAPoolThatGoesTakesItsCounters drops the idle pool of one user while the alias carries 6 Erlangs, 1800
// transactions and 18 s of them from sample to sample: the sums fall, or rise by less than they should.
func TestAPoolThatGoesTakesItsCounters(t *testing.T) {
	for name, c := range map[string]struct {
		before int64        // counted by app2's pool before the first sample
		goes   []int        // samples that show it no longer
		comes  []int        // samples that show it anew, with half of what was carried since the sample before
		code   verdict.Code // of each gap
		broken string       // the first, as a plan warns of it
	}{
		"visibly": {100000, []int{10}, nil, verdict.CountersBack,
			"counters went backwards (total_xact_count 116200 -> 18000)"},
		"masked": {1000, []int{10}, nil, verdict.UserPoolWent,
			"the pool of app2 went, and its part of the counters with it,"},
		"masked, all but 1": {1799, []int{10}, nil, verdict.UserPoolWent, "the pool of app2 went"},
		"again and again":   {900, []int{3, 7, 11, 15}, []int{5, 9, 13}, verdict.UserPoolWent, "the pool of app2 went"},
		"never used":        {0, []int{10}, nil, verdict.UserPoolWent, "the pool of app2 went"},
		"coming":            {-1, nil, []int{10}, "", ""},
	} {
		s := &plannertest.Sharing{At: plannertest.Epoch, Pools: map[string]plannertest.Totals{"app1": {}}}
		if c.before >= 0 {
			s.Run(0, "app2", c.before)
		}
		samples := []fleet.Observation{s.Sample()}
		for i := 1; i <= 20; i++ {
			switch {
			case slices.Contains(c.comes, i):
				s.Run(3*time.Second, "app1", 900)
				s.Run(0, "app2", 900)
			case slices.Contains(c.goes, i):
				delete(s.Pools, "app2")
				fallthrough
			default:
				s.Run(3*time.Second, "app1", 1800)
			}
			samples = append(samples, s.Sample())
		}
		e := plannertest.EvidenceOf(t, samples...)
		loads, err := load.Estimate(e)
		if err != nil {
			t.Fatal(err)
		}
		l := loads[0]
		if l.Erlangs.Target < 5.999 || l.Erlangs.Target > 6.001 || l.Erlangs.Lower > 6 || l.Erlangs.Upper < 6 {
			t.Errorf("%s: %+v, want 6", name, l.Erlangs)
		}
		if len(e.Breaks) != len(c.goes) || slices.ContainsFunc(e.Breaks, func(b verdict.Reason) bool {
			return !b.Is(verdict.IntervalOut) || !b.Has(c.code)
		}) {
			t.Errorf("%s: breaks %v, want %d of %q", name, e.Breaks, len(c.goes), c.code)
		}
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, loads)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Warnings, "\n"); !strings.Contains(got, c.broken) {
			t.Errorf("%s: warnings %q do not say %q", name, f.Warnings, c.broken)
		}
	}
}
