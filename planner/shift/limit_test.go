package shift_test

import (
	"math"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// Traffic that moves between two pools under one limit adds nothing to what the limit must carry.
func TestAShiftUnderOneLimitKeepsWhatTheLimitCarries(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 8, "app1"), plannertest.SeenAlias("big", 8, 0, 8,
		"app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Servers[0].Roles = []fleet.ConnLimit{{Name: "app1", Conns: 12}}
	}
	e := plannertest.EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	s := shift.Shift{From: "main/app", To: "main/big", Until: 100, Fraction: load.Range{Lower: 0.5, Target: 0.5,
		Upper: 0.5}}
	for _, z := range []int{0, 10, 50, 100} {
		from, to := s.Pair(f, z)
		for _, p := range []budget.FleetPool{from, to} {
			if asked, _ := p.Under[0].Asked(p); math.Abs(asked-8) > 1e-6 {
				t.Errorf("at %d %%: %s sees %v Erlangs under the limit, want 8", z, p.ID, asked)
			}
		}
	}
}
