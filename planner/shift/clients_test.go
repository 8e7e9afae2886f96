package shift_test

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
)

// clientFleet is main, with 30 and 21 clients of app, and 5 of another alias, and ci, two processes with 4 and 8
// clients of app and one of another.
func clientFleet() fleet.Observation {
	process := func(id, group string, most int, aliases ...fleet.Alias) fleet.Process {
		return fleet.Process{ID: id, Group: group, Settings: fleet.Settings{MaxClients: most}, Aliases: aliases}
	}
	alias := func(name string, most int, clients ...int) fleet.Alias {
		a := fleet.Alias{Name: name, MaxClients: most}
		for _, n := range clients { // of one user each; one of them waits
			a.Pools = append(a.Pools, fleet.PoolGauges{ClientsActive: n - 1, ClientsWaiting: 1})
		}
		return a
	}
	return fleet.Observation{Processes: []fleet.Process{
		process("ci/1", "ci", 40, alias("app", 20, 4), alias("other", 0, 1)),
		process("ci/2", "ci", 30, alias("app", 0, 3, 5)),
		process("main/1", "main", 100, alias("app", 0, 10, 20)),
		process("main/2", "main", 100, alias("app", 0, 21), alias("other", 0, 5)),
	}}
}

// TestTheClientsOfASplitAreCountedAtEachPercentage: 51 clients of main/app open another connection each, 26 at each of
// two processes, by hand.
func TestTheClientsOfASplitAreCountedAtEachPercentage(t *testing.T) {
	s := shift.Shift{From: "main/app", To: "ci/app", Until: 100}
	limits := s.ClientLimits(clientFleet(), map[string]fleet.ClientLimits{"ci": {Files: 60, Balancer: 50}},
		budget.Fleet{Pools: []budget.FleetPool{{ID: "ci/app", Sizes: []budget.Size{{Process: "ci/1", Conns: 9},
			{Process: "ci/2", Conns: 7}}, ReserveConns: 3, LinePools: []budget.LinePool{{Process: "ci/1", User: "a"},
			{Process: "ci/2", User: "b", FixedConns: 4}}}}})
	for i, want := range []struct {
		limit           string
		most, now, full int
		half            int // clients at 50 %
	}{
		{"max_client_conn of ci/1", 40, 5, 101, 18},
		{"max_db_client_connections of app in ci/1", 20, 4, 62, 17}, // 4 + 26 × 62 % = 20.12
		{"files of ci/1", 60, 37, 89, 50},                           // 5 + 12 + 20; 37 + 26 × 89 % = 60.14
		{"max_client_conn of ci/2", 30, 8, 85, 21},                  // 8 + 26 × 85 % = 30.1
		{"files of ci/2", 60, 32, 101, 45},                          // 8 + 4 + 20
		{"balancer of ci", 50, 13, 73, 39},                          // 13 + 51 × 73 % = 50.23
	} {
		if i >= len(limits) {
			t.Fatalf("%d limits, %s is missing", len(limits), want.limit)
		}
		l := limits[i]
		if l.Limit != want.limit || l.Most != want.most || l.Now != want.now || l.Full() != want.full ||
			l.Clients(50) != want.half {
			t.Errorf("%+v: full at %d %%, %d at 50 %%; want %+v", l, l.Full(), l.Clients(50), want)
		}
	}
	if full := (shift.ClientLimit{Most: 5, Now: 6, At: 30}).Full(); full != 30 {
		t.Errorf("a limit that is full already is full at %d %%, want 30", full)
	}
	if len(limits) != 6 {
		t.Errorf("%d limits, want 6: %+v", len(limits), limits)
	}
}

// TestAShiftIsRefusedFromThePercentageOnThatALimitDoesNotHold, and where it ends before, all who may come at once are
// told of.
func TestAShiftIsRefusedFromThePercentageOnThatALimitDoesNotHold(t *testing.T) {
	s := shift.Shift{From: "main/app", To: "ci/app", Until: 84}
	refused, notes := s.ClientsRefused(s.ClientLimits(clientFleet(), nil, budget.Fleet{}))
	if len(refused) != 1 || refused[0] != "max_db_client_connections of app in ci/1 is 20: 4 now, and 26 come by 100 %, "+
		"full at 62 %" {
		t.Errorf("refused: %q", refused)
	}
	if len(notes) != 1 || notes[0] != "max_client_conn of ci/2 is 30: 8 now, and 26 come by 100 %: too many where every "+
		"client of main/app opens one at the first percentage" {
		t.Errorf("notes: %q", notes)
	}
	s.At, s.Until = 60, 40 // those that came stay, and nobody comes
	refused, notes = s.ClientsRefused(s.ClientLimits(clientFleet(), nil, budget.Fleet{}))
	if len(refused)+len(notes) > 0 {
		t.Errorf("on the way back: %q, %q", refused, notes)
	}
	s = shift.Shift{From: "main/app", To: "main/other", Until: 100} // of one process: nobody knows who opens another
	if limits := s.ClientLimits(clientFleet(), nil, budget.Fleet{}); slices.ContainsFunc(limits,
		func(l shift.ClientLimit) bool { return l.Comes > 0 }) {
		t.Errorf("within one process: %+v", limits)
	}
}
