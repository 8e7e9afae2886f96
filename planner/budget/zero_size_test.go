package budget_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestAPoolOfSizeZeroKeepsIt: no step may write the 0 again.
func TestAPoolOfSizeZeroKeepsIt(t *testing.T) {
	for version, limit := range map[string]int{"1.18.0": 0, "1.24.1": 30} {
		a := plannertest.SeenAlias("app", 0, 0, 1, "app1")
		a.MaxConns = limit
		o, _ := plannertest.SeenFleet(a)
		o.Processes[0].Version = version
		if p, _ := plannertest.Modelled(t, o).Pool("main/app"); !p.Frozen.Is(verdict.SizeZero) ||
			p.Frozen.Subject != "main/1" {
			t.Errorf("%s: frozen because %q", version, p.Frozen.Text())
		}
	}
}
