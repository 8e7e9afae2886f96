package control_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestWhatARecyclingMayOpenStandsInTheLedger(t *testing.T) {
	old, mended := plannertest.Recycling(t, "1.23.1", 100).Servers[0], plannertest.Recycling(t, "1.24.0", 100)
	line := budget.Line{Item: "recycling of rw/1", Conns: 3, Source: "any RELOAD may open one more per pool",
		Count: budget.CountWorst}
	found := false
	for _, l := range old.Lines {
		found = found || l == line
	}
	if !found || old.RecycleConns != 3 || old.BudgetConns != mended.Servers[0].BudgetConns-3 {
		t.Errorf("%d of %d, lines %+v; want %+v", old.RecycleConns, old.BudgetConns, old.Lines, line)
	}
	if mended.Servers[0].RecycleConns != 0 || control.RecyclingRefused(mended, state.Policy{}) != nil {
		t.Errorf("1.24 recycles %d", mended.Servers[0].RecycleConns)
	}
	said := strings.Join(plannertest.Recycling(t, "1.23.1", 100).Warnings, "\n")
	for _, want := range []string{"rw/1: PgBouncer 1.23.1 with server_tls_sslmode prefer", "policy: {accept: [recycle]}"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
}

// TestARecyclingIsRefusedUnlessAcceptedAndHeld: 24 connections at most, 3 by a RELOAD, and 8 for the server itself.
func TestARecyclingIsRefusedUnlessAcceptedAndHeld(t *testing.T) {
	probe := plannertest.Recycling(t, "1.23.1", 100)
	enough := 100 - probe.SpareConns("main")
	for _, c := range []struct {
		max    int
		accept bool
		want   operr.Kind
		none   bool
	}{
		{enough, true, 0, true}, {enough - 1, true, operr.KindInfeasible, false}, {enough, false, operr.KindUsage, false},
	} {
		err := control.RecyclingRefused(plannertest.Recycling(t, "1.23.1", c.max), state.Policy{Recycle: c.accept})
		if (err == nil) != c.none || !c.none && (operr.KindOf(err) != c.want || operr.HintOf(err) == "") {
			t.Errorf("max_connections %d, accepted %v: %v", c.max, c.accept, err)
		}
	}
}
