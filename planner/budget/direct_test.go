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

// TestUnobservedDirectConnectionsAreDeclaredRecordedOrRefused: what nobody saw and nobody declared is not nothing; a
// history is evidence, and beats a declaration that is too small.
func TestUnobservedDirectConnectionsAreDeclaredRecordedOrRefused(t *testing.T) {
	declared := func(conns int) *int { return &conns }
	var seen load.Histogram
	for range load.HistorySamples {
		seen = seen.Add(plannertest.Epoch, 4)
	}
	history := load.History{Servers: []load.ServerHistory{{Server: "pg", Direct: seen.Add(plannertest.Epoch, 11)}}}
	short := load.History{Servers: []load.ServerHistory{{Server: "pg", Direct: load.Histogram{}.Add(plannertest.Epoch,
		4)}}}
	for _, x := range []struct {
		name     string
		declared *int
		history  load.History
		want     int // −1: refused
		source   string
	}{
		{"neither", nil, load.History{}, -1, ""},
		{"a history of a minute", nil, short, -1, ""},
		{"declared as none", declared(0), load.History{}, 0, "declared"},
		{"declared", declared(7), load.History{}, 7, "declared"},
		{"history alone", nil, history, 11, "not observed now"},
		{"history says more", declared(7), history, 11, "declared as 7"},
		{"history says less", declared(12), history, 12, "declared"},
	} {
		line, _, err := budget.DirectLine("pg", budget.DeclaredServer{Name: "pg", DirectConns: x.declared,
			DirectCount: budget.CountHighest},
			fleet.Server{}, false, load.Evidence{History: x.history})
		switch {
		case x.want < 0:
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "neither observed nor declared") {
				t.Errorf("%s: %v, %+v; want a refusal", x.name, err, line)
			}
		case err != nil || line.Conns != x.want || !strings.Contains(line.Source, x.source):
			t.Errorf("%s: %+v, %v; want %d, %q", x.name, line, err, x.want, x.source)
		}
	}
}
