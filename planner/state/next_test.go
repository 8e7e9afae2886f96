package state_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func TestAnotherPostgreSQLIsNotTheOneOfTheJournal(t *testing.T) {
	at := func(id string) fleet.Observation {
		return fleet.Observation{Servers: []fleet.Server{{Name: "pg", SystemID: id}}}
	}
	m := state.JournalState{}.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{},
		Servers: state.OriginsOf(at("7"))})
	// the first one stays
	m = m.After(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}, Servers: state.OriginsOf(at("8"))})
	if m.Replaced(at("7")).Any() || m.Replaced(at("")).Any() || m.Replaced(fleet.Observation{}).Any() {
		t.Error("the same server, or one that does not say, is taken for another")
	}
	if why := m.Replaced(at("8")); !why.Is(verdict.ServerReplaced) || why.Subject != "pg" {
		t.Errorf("%q", why.Text())
	}
	if m = m.After(state.Event{Kind: state.Accepted}); m.Replaced(at("8")).Any() {
		t.Error("what a person has accepted is still refused")
	}
}
