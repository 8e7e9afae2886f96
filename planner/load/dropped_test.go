package load_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestOnlyIntervalsInWhichAPoolWentAreNotEnough: nothing is left to tell the load by, and the refusal says why.
func TestOnlyIntervalsInWhichAPoolWentAreNotEnough(t *testing.T) {
	s := &plannertest.Sharing{At: plannertest.Epoch, Pools: map[string]plannertest.Totals{"app1": {}}}
	s.Run(0, "app2", 1000)
	first := s.Sample()
	s.Run(3*time.Second, "app1", 1800)
	delete(s.Pools, "app2")
	_, err := load.Estimate(plannertest.EvidenceOf(t, first, s.Sample()))
	if operr.KindOf(err) != operr.KindEvidence || !strings.Contains(err.Error(), "the pool of app2 went") {
		t.Errorf("%v, want not enough evidence, and why", err)
	}
}

// TestAnAliasThatComesBackCountsAnew: PgBouncer forgets the totals of a database of the line * with the database
// itself, and by the sample that shows it again they may have passed the old ones.
func TestAnAliasThatComesBackCountsAnew(t *testing.T) {
	s := &plannertest.Sharing{At: plannertest.Epoch, Pools: map[string]plannertest.Totals{"app1": {}}}
	s.Run(0, "app1", 1000)
	var samples []fleet.Observation
	for i := range 20 {
		o := s.Sample()
		at := &o.Processes[0]
		at.Aliases = append(at.Aliases, fleet.Alias{Name: "other", Server: "main", PoolMode: "transaction",
			Pools: []fleet.PoolGauges{{User: "app1"}}})
		if i == 1 {
			at.Aliases = at.Aliases[1:]
			s.Pools["app1"] = plannertest.Totals{}
		}
		samples = append(samples, o)
		s.Run(3*time.Second, "app1", 1800)
	}
	e := plannertest.EvidenceOf(t, samples...)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if l := loads[0]; l.Erlangs.Target < 5.999 || l.Erlangs.Target > 6.001 ||
		!slices.ContainsFunc(e.Breaks, func(b verdict.Reason) bool {
			return b.Is(verdict.IntervalOut) && b.Subject == "main/1/app" && b.Has(verdict.NotShown)
		}) {
		t.Errorf("%+v, breaks %v; want 6, and the gap named", l.Erlangs, e.Breaks)
	}
}
