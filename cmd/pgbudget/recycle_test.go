package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAPlanSaysNoRELOADThatTheBudgetDoesNotHold(t *testing.T) {
	from := 8
	p := sizing.Plan{Pools: []sizing.PlanPool{{ID: "rw/shop", FromSize: &from, ToSize: 6}},
		Servers: []sizing.PlanServer{{Name: "main", BudgetConns: 20, WorstConns: 21, RecycleConns: 3}}}
	for _, c := range []struct {
		worst    int
		accepted bool
		want     string
	}{
		{20, true, "by hand, releases first"},
		{21, true, "by hand: no RELOAD: a RELOAD may open 3 connections on main"},
		{20, false, "by hand: no RELOAD: a RELOAD closes and reopens the connections of the pools on main, and " +
			"may open 3 more"},
	} {
		p.Servers[0].WorstConns = c.worst
		var b bytes.Buffer
		output{w: &b, recycle: c.accepted}.next(p)
		if !strings.HasPrefix(b.String(), c.want) {
			t.Errorf("worst case %d, accepted %v: %s", c.worst, c.accepted, b.String())
		}
	}
}

// TestAPlanClaimsNoWaitOfWhatIsNotKnown: of pools that keep their size, or of which only a lower bound is known.
func TestAPlanClaimsNoWaitOfWhatIsNotKnown(t *testing.T) {
	from := 8
	pool := func(frozen verdict.Printed, atLeast bool) sizing.PlanPool {
		return sizing.PlanPool{ID: "rw/shop", FromSize: &from, ToSize: 8, Frozen: frozen, AtLeast: atLeast, UseNow: 1}
	}
	for _, c := range []struct {
		pools []sizing.PlanPool
		want  string
	}{
		{[]sizing.PlanPool{pool(verdict.Print(verdict.NotListed, ""), false)}, "waiting clients: not counted"},
		{[]sizing.PlanPool{pool(verdict.Printed{}, true)}, "waiting clients: not known"},
		{[]sizing.PlanPool{pool(verdict.Printed{}, true), pool(verdict.Printed{}, false)},
			"waiting clients: at least 2 → at least 1 expected, weighted (M/M/c), proved optimal if the loads marked ≥ are " +
				"no larger"},
		{[]sizing.PlanPool{pool(verdict.Printed{}, false)},
			"waiting clients: 2 → 1 expected, weighted (M/M/c), proved optimal"},
	} {
		if got := waitingLine(sizing.Plan{Pools: c.pools, Now: 2, Objective: 1, WaitModel: "M/M/c"}); !strings.HasPrefix(got,
			c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	var b bytes.Buffer
	output{w: &b}.next(sizing.Plan{Pools: []sizing.PlanPool{pool(verdict.Printed{}, true)}})
	if got := b.String(); !strings.Contains(got, "may be overloaded") ||
		strings.Contains(got, "cannot keep up") {
		t.Errorf("%q; a pool that was full may keep up", got)
	}
}
