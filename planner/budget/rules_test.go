package budget_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestPoolsOfOneLineOnTwoServersAreDrift(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []fleet.Alias{second.Aliases[0]}
		second.Aliases[0].Server = "other"
		o.Processes = append(o.Processes, second)
	}
	e := plannertest.EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e,
		loads); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("%v, want drift", err)
	}
}

func TestAUsersOwnSizeOfZeroHasNoWorstCase(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		o.Processes[0].Users = []fleet.UserLimit{{Name: "app1", SizeConns: fleet.Unlimited}}
	}
	e := plannertest.EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e,
		loads); operr.KindOf(err) != operr.KindEvidence || !strings.Contains(err.Error(), "app1") {
		t.Errorf("%v, want a refusal", err)
	}
}
