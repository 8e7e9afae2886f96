package fleet_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestDatabasesOfOneStarStandOnAllTheirServers(t *testing.T) {
	a, _ := plannertest.SeenFleet(plannertest.SeenAlias("x", 10, 0, 4, "app1"), plannertest.SeenAlias("y", 10, 0, 4,
		"app1"), plannertest.SeenAlias("z", 10, 0, 4, "app1"))
	p := &a.Processes[0]
	p.Settings.DefaultPoolConns = 10
	p.Settings.PoolMode = "transaction"
	p.Aliases[1].AlsoOn, p.Aliases[1].Proof = []string{"second"}, fleet.ProofList
	plannertest.LostAlias(&p.Aliases[2])
	p.Aliases[2].Unplaced = []string{"10.9.9.9:5433"}
	o, err := fleet.Gather(a, map[string][]string{"main/1": nil})
	if err != nil {
		t.Fatal(err)
	}
	star, _ := fleet.FindAlias(o, "main/1", fleet.AutoDB)
	if star.Server != "main" || strings.Join(star.AlsoOn, " ") != "second" ||
		strings.Join(star.Unplaced, " ") != "10.9.9.9:5433" || star.Proof != fleet.ProofElsewhere {
		t.Errorf("* is on %s and %v, lost %v, by %s", star.Server, star.AlsoOn, star.Unplaced, star.Proof)
	}
}
