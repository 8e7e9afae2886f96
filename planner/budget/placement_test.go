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

func TestEveryServerOfAPoolCountsItsWholeWorstCase(t *testing.T) {
	for _, c := range []struct {
		name         string
		change       func(*fleet.Alias)
		declared     []string
		main, second int // the worst case on each, app's 10 included
	}{
		{"one server", plannertest.AsIs, nil, 10 + 12, 0},
		{"a list of two", plannertest.ListAlias, nil, 10 + 12, 12},
		{"a list of two, declared", plannertest.ListAlias, []string{"second", "main"}, 10 + 12, 12},
		{"half of a list, the rest declared elsewhere", plannertest.HalfAlias, []string{"main", budget.Elsewhere}, 10 + 12,
			0},
		{"half of a list, the rest declared", plannertest.HalfAlias, []string{"main", "second"}, 10 + 12, 12},
		{"a list of an old recording, declared", plannertest.OldList, []string{"main", "second"}, 10 + 12, 12},
		{"found nowhere, declared", plannertest.LostAlias, []string{"second"}, 10, 12},
		{"found nowhere, declared elsewhere", plannertest.LostAlias, []string{budget.Elsewhere}, 10, 0},
		{"never used, declared", plannertest.Unused, []string{"second"}, 10, 12},
	} {
		f, err := plannertest.PlacementOf(t, c.change, c.declared...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if main, second := f.WorstConns("main"), f.WorstConns("second"); main != c.main || second != c.second {
			t.Errorf("%s: worst cases %d and %d, want %d and %d", c.name, main, second, c.main, c.second)
		}
	}
}

func TestWhatLeadsNobodyKnowsWhereIsRefusedUnlessDeclared(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*fleet.Alias)
		declared []string
		kind     operr.Kind
		says     string
	}{
		{"found nowhere", plannertest.LostAlias, nil, operr.KindEvidence,
			"10.9.9.9 port 5433 (seen on main/1), and none is a backend of the servers observed"},
		{"found nowhere, at the address of another pool", func(a *fleet.Alias) {
			plannertest.LostAlias(a)
			a.Host,
				a.Port = "", 0
		}, nil, operr.KindEvidence, "none is a backend of the servers observed"},
		{"half of a list", plannertest.HalfAlias, nil, operr.KindEvidence, "may connect to db3 port 5432"},
		{"a list of an old recording", plannertest.OldList, nil, operr.KindEvidence, "may connect to db1,db2"},
		{"never used, two servers", plannertest.Unused, nil, operr.KindEvidence,
			"which of the 2 servers it uses is not known"},
		{"found here, declared elsewhere", plannertest.AsIs, []string{budget.Elsewhere}, operr.KindDrift,
			"declared on elsewhere"},
		{"found here, declared on another", plannertest.AsIs, []string{"second"}, operr.KindDrift, "are found on main"},
		{"a list of two, one declared", plannertest.ListAlias, []string{"main"}, operr.KindDrift, "are found on second"},
	} {
		if _, err := plannertest.PlacementOf(t, c.change, c.declared...); operr.KindOf(err) != c.kind ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (kind %v), want kind %v and %q", c.name, err, operr.KindOf(err), c.kind, c.says)
		}
	}
}

func TestWhatIsDeclaredElsewhereIsNamed(t *testing.T) {
	for _, declared := range [][]string{{budget.Elsewhere}, {"main", budget.Elsewhere}} {
		change := plannertest.LostAlias
		if len(declared) > 1 {
			change = plannertest.HalfAlias
		}
		f, err := plannertest.PlacementOf(t, change, declared...)
		if all := strings.Join(f.Warnings, "\n"); err != nil || !strings.Contains(all, "main/shop") ||
			!strings.Contains(all, "declared elsewhere") {
			t.Errorf("%v: %v, warnings %q", declared, err, all)
		}
	}
}

func TestOneProcessThatIsFoundNowhereIsNotHiddenByAnother(t *testing.T) {
	a, b := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 4, "app1"))
	for _, o := range []*fleet.Observation{&a, &b} {
		second := o.Processes[0]
		second.ID = "main/2"
		second.Aliases = []fleet.Alias{second.Aliases[0]}
		plannertest.LostAlias(&second.Aliases[0])
		o.Processes = append(o.Processes, second)
	}
	e := plannertest.EvidenceOf(t, a, b)
	loads, err := load.Estimate(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true}, e,
		loads); operr.KindOf(err) != operr.KindEvidence || !strings.Contains(err.Error(), "seen on main/2") {
		t.Errorf("%v, want main/2 refused", err)
	}
}
