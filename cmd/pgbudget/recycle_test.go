package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner"
)

func TestAPlanSaysNoRELOADThatTheBudgetDoesNotHold(t *testing.T) {
	from := 8
	p := planner.Plan{Pools: []planner.PlanPool{{ID: "rw/shop", FromSize: &from, ToSize: 6}},
		Servers: []planner.PlanServer{{Name: "main", BudgetConns: 20, WorstConns: 21, RecycleConns: 3}}}
	for worst, want := range map[int]string{20: "by hand, releases first", 21: "by hand: not by a RELOAD, which may open 3 connections on main"} {
		p.Servers[0].WorstConns = worst
		var b bytes.Buffer
		output{w: &b}.next(p)
		if !strings.HasPrefix(b.String(), want) {
			t.Errorf("worst case %d: %s", worst, b.String())
		}
	}
}
