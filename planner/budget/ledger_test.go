package budget_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// ledgerLine returns a server's ledger line of that name.
func ledgerLine(t *testing.T, s budget.FleetServer, item string) budget.Line {
	t.Helper()
	for _, l := range s.Lines {
		if l.Item == item {
			return l
		}
	}
	t.Fatalf("no line %q among %+v", item, s.Lines)
	return budget.Line{}
}

// observed is the fleet of a sample of one server with a declared one beside it.
func observed(t *testing.T, s fleet.Server, d budget.DeclaredServer) budget.Fleet {
	t.Helper()
	first, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 10, 0, 0, "app"))
	first.Servers[0] = s
	f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Servers: []budget.DeclaredServer{d}},
		plannertest.EvidenceOf(t, first), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAVendorsReservedConnectionsAreALineOfTheLedger(t *testing.T) {
	without := fleet.Server{Name: "main", MaxConns: 100, SuperuserReservedConns: 3}
	with := without
	with.ReservedSettings = []fleet.ConnLimit{{Name: "rds.rds_superuser_reserved_connections", Conns: 2},
		{Name: "x.reserved_connections", Conns: 1}}
	rules := budget.DeclaredOf("main", budget.Declared{})
	a, b := observed(t, without, rules).Servers[0], observed(t, with, rules).Servers[0]
	if l := ledgerLine(t, b, "rds.rds_superuser_reserved_connections"); l.Conns != 2 || l.Source != "SHOW" {
		t.Errorf("line %+v", l)
	}
	if a.BudgetConns != 92 || b.BudgetConns != 89 {
		t.Errorf("budget %d without and %d with, want 92 and 89", a.BudgetConns, b.BudgetConns)
	}
}

func TestOfADeclaredAndAnObservedFactTheSaferOneCounts(t *testing.T) {
	seen := fleet.Server{Name: "main", MaxConns: 44, SuperuserReservedConns: 3, ReservedConns: 2}
	for _, c := range []struct {
		declared                 [3]int // max_connections, superuser_reserved_connections, reserved_connections
		max, superuser, reserved int
	}{
		{[3]int{200, 1, 0}, 44, 3, 2},
		{[3]int{40, 5, 4}, 40, 5, 4},
		{[3]int{44, 3, 2}, 44, 3, 2},
	} {
		rules := budget.DeclaredOf("main", budget.Declared{})
		rules.MaxConns, rules.SuperuserReservedConns, rules.ReservedConns = &c.declared[0], &c.declared[1], &c.declared[2]
		f := observed(t, seen, rules)
		s := f.Servers[0]
		got := [3]int{s.MaxConns, ledgerLine(t, s, "superuser_reserved").Conns, ledgerLine(t, s, "reserved").Conns}
		if want := [3]int{c.max, c.superuser, c.reserved}; got != want {
			t.Errorf("declared %v: %v counts, want %v", c.declared, got, want)
		}
		both := strings.Contains(strings.Join(f.Warnings, "\n"), "max_connections is declared as 200 and the server says 44")
		if both != (c.declared[0] == 200) {
			t.Errorf("declared %v: warnings %q", c.declared, f.Warnings)
		}
	}
}

// TestOfDeclaredAndSeenDirectConnectionsTheMoreCount and where more were seen, both numbers are named.
func TestOfDeclaredAndSeenDirectConnectionsTheMoreCount(t *testing.T) {
	sample := func(second, direct int) fleet.Observation {
		o, _ := plannertest.SeenFleet(plannertest.SeenAlias("app", 8, 0, 5, "app1"))
		o.At, o.Servers[0].Backends.DirectConns = plannertest.Epoch.Add(time.Duration(second)*time.Second), direct
		return o
	}
	for _, c := range []struct {
		declared, count int
		source, warning string
	}{
		{20, 20, "declared", ""},
		{9, 9, "declared", ""},
		{4, 9, "highest of 2s; 3 now; declared as 4",
			"server main: direct connections are declared as 4, and 9 were seen: 9 counts"},
		{0, 9, "highest of 2s; 3 now; declared as 0",
			"server main: direct connections are declared as 0, and 9 were seen: 9 counts"},
	} {
		rules := budget.DeclaredOf("main", budget.Declared{})
		rules.DirectConns = &c.declared
		f, err := budget.Model(plannertest.Epoch, budget.Declared{SizeAll: true, Servers: []budget.DeclaredServer{rules}},
			plannertest.EvidenceOf(t, sample(0, 2),
				sample(1, 9), sample(2, 3)), []load.Load{{Pool: "main/app", Unknown: verdict.Print(verdict.NeverShown, "")}})
		if err != nil {
			t.Fatal(err)
		}
		l := ledgerLine(t, f.Servers[0], "direct")
		warned := strings.Contains(strings.Join(f.Warnings, "\n"), "direct connections are declared")
		if l.Conns != c.count || l.Source != c.source || warned != (c.warning != "") ||
			!strings.Contains(strings.Join(f.Warnings, "\n"), c.warning) {
			t.Errorf("declared as %d: %+v, warnings %q; want %d", c.declared, l, f.Warnings, c.count)
		}
	}
}

// A limit of each process needs to know how many processes there are.
func TestLinePoolsUnderMaxDBConnectionsNeedTheirUsers(t *testing.T) {
	d := plannertest.WhatIf(200)
	d.Pools[0].LinePools, d.Pools[0].MaxDBConns = 6, plannertest.Ptr(35)
	if _, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil); operr.KindOf(err) != operr.KindUsage ||
		!strings.Contains(operr.HintOf(err), "users:") {
		t.Errorf("error %v, hint %q: want a refusal that asks for users:", err, operr.HintOf(err))
	}
	d.Pools[0].Size, d.Pools[0].ReserveConns, d.Pools[0].Users = plannertest.Ptr(20), plannertest.Ptr(4),
		[]string{"a", "b", "c"}
	f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Pools[0].WorstConns; got != 2*35 {
		t.Errorf("worst case %d, want two processes of 35", got)
	}
	d.Pools[0].LinePools, d.Pools[0].Users = 1, nil
	if _, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil); err != nil {
		t.Errorf("one pool of the line is one process: %v", err)
	}
}
