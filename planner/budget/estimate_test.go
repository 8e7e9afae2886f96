package budget_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

func TestWhatVanishesKeepsItsWorstCase(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1", "app2"), plannertest.SeenAlias("old", 20,
		0, 9, "app1"))
	second := a.Processes[0]
	second.ID = "main/2"
	a.Processes = append(a.Processes, second)
	b.Processes[0].Aliases = []fleet.Alias{b.Processes[0].Aliases[0]}
	b.Processes[0].Aliases[0].Pools = b.Processes[0].Aliases[0].Pools[:1]
	between := a
	between.At = plannertest.Epoch.Add(time.Second)
	e := plannertest.EvidenceOf(t, a, between, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(plannertest.Epoch, budget.Declared{}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	if f.Pools[0].WorstConns != 40 || f.Pools[1].WorstConns != 40 {
		t.Errorf("worst cases %d and %d; want 2 processes × 2 users × 10, and 2 × 20", f.Pools[0].WorstConns,
			f.Pools[1].WorstConns)
	}
	if text := strings.Join(f.Warnings, "\n"); !strings.Contains(text, "main/2 no longer answers") ||
		!strings.Contains(text, "main/1/old no longer exists") {
		t.Errorf("warnings %q", f.Warnings)
	}
}
