package load_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestAFailoverInTheWindowIsDrift(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1"))
	a.Servers = []fleet.Server{{Name: "main", MaxConns: 60, SystemID: "7", Timeline: 1}}
	b.Servers = []fleet.Server{{Name: "main", MaxConns: 60, SystemID: "7", Timeline: 2}}
	e := plannertest.EvidenceOf(t, a)
	if _, err := e.Add(b); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("%v, want drift", err)
	}
}
