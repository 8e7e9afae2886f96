package state_test

import (
	"errors"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAnEventWithoutItsPartIsRefused takes one part away from each kind of event that needs it.
func TestAnEventWithoutItsPartIsRefused(t *testing.T) {
	step, goal := &state.Step{Kind: state.Forward}, &sizing.Goal{}
	release := &state.Action{Kind: state.Release, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 4, To: 3}}}
	inHand := state.JournalState{StepInHand: state.StepInHand{Step: step}}
	for _, c := range []struct {
		name  string
		m     state.JournalState
		e     state.Event
		newer bool
	}{
		{"a run without a goal", state.JournalState{}, state.Event{Kind: state.RunBegan}, false},
		{"a plan without a goal", state.JournalState{}, state.Event{Kind: state.Replanned}, false},
		{"a step without a step", state.JournalState{}, state.Event{Kind: state.StepBegan}, false},
		{"an abort without a step", inHand, state.Event{Kind: state.StepAbort}, false},
		{"a cut without a step", inHand, state.Event{Kind: state.StepTrimmed}, false},
		{"a cut of no step", state.JournalState{}, state.Event{Kind: state.StepTrimmed, Step: step}, false},
		{"an intent without an action", state.JournalState{}, state.Event{Kind: state.Intended}, false},
		{"acted without an action", state.JournalState{}, state.Event{Kind: state.Acted}, false},
		{"a failure without an action", state.JournalState{}, state.Event{Kind: state.Failed, Outcome: state.Held}, false},
		{"a failure without an outcome", state.JournalState{}, state.Event{Kind: state.Failed, Action: release}, false},
		{"an end without an outcome", state.JournalState{}, state.Event{Kind: state.RunEnded}, false},
		{"a change of no switch", state.JournalState{}, state.Event{Kind: state.Acted,
			Action: &state.Action{Kind: state.ShiftTraffic}}, false},
		{"an action without a kind", state.JournalState{}, state.Event{Kind: state.Acted, Action: &state.Action{}}, false},
		{"an undo without a step in hand", state.JournalState{}, state.Event{Kind: state.Acted,
			Action: &state.Action{Kind: state.Undo}}, false},
		{"no kind", state.JournalState{}, state.Event{}, false},
		{"a gap", state.JournalState{}, state.Event{Seq: 2, Kind: state.HoldEnded}, false},
		{"a repetition", state.JournalState{Seq: 1}, state.Event{Seq: 1, Kind: state.HoldEnded}, false},
		{"a kind of later", state.JournalState{}, state.Event{Kind: "reindex"}, true},
		{"a kind of later", state.JournalState{}, state.Event{Kind: state.Acted, Action: &state.Action{Kind: "reindex"}},
			true},
		{"a step of later", state.JournalState{}, state.Event{Kind: state.StepBegan, Step: &state.Step{Kind: "sideways"}},
			true},
		{"an outcome of later", state.JournalState{}, state.Event{Kind: state.RunEnded, Outcome: "bored"}, true},
		{"a whole run", state.JournalState{}, state.Event{Kind: state.RunBegan, Goal: goal}, false},
	} {
		if c.e.Seq == 0 {
			c.e.Seq = c.m.Seq + 1
		}
		switch err := c.m.Refuses(c.e); {
		case c.name == "a whole run":
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case err == nil:
			t.Errorf("%s is not refused", c.name)
		case errors.Is(err, state.ErrNewer) != c.newer:
			t.Errorf("%s: %v; newer: want %v", c.name, err, c.newer)
		}
	}
}
