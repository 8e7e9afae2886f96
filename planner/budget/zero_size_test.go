package budget_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
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

// TestTheHintOfAPoolWithoutABoundNamesItsFile, or the process, where a recording has left the file's path out.
func TestTheHintOfAPoolWithoutABoundNamesItsFile(t *testing.T) {
	for file, want := range map[string]string{"/etc/pgbouncer.ini": "into /etc/pgbouncer.ini and",
		"": "into the pgbouncer.ini of main/1 and"} {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 0, 0, 1, "app1"))
		o.Processes[0].Version, o.Processes[0].Identity.ConfFile = "1.24.1", file
		_, err := budget.Model(o.At, budget.Declared{SizeAll: true}, load.Evidence{Last: o}, nil)
		if hint := operr.HintOf(err); !strings.Contains(hint, want) {
			t.Errorf("%v: %q, want %q", err, hint, want)
		}
	}
}
