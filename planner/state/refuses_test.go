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
	release := &state.Act{Verb: state.Release, Sets: []fleet.Set{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 4, To: 3}}}
	inHand := state.Memory{Step: step}
	for _, c := range []struct {
		name  string
		m     state.Memory
		e     state.Event
		newer bool
	}{
		{"a run without a goal", state.Memory{}, state.Event{Kind: state.RunBegan}, false},
		{"a plan without a goal", state.Memory{}, state.Event{Kind: state.Replanned}, false},
		{"a step without a step", state.Memory{}, state.Event{Kind: state.StepBegan}, false},
		{"an abort without a step", inHand, state.Event{Kind: state.StepAbort}, false},
		{"a cut without a step", inHand, state.Event{Kind: state.StepCut}, false},
		{"a cut of no step", state.Memory{}, state.Event{Kind: state.StepCut, Step: step}, false},
		{"an intent without an act", state.Memory{}, state.Event{Kind: state.Intended}, false},
		{"acted without an act", state.Memory{}, state.Event{Kind: state.Acted}, false},
		{"a failure without an act", state.Memory{}, state.Event{Kind: state.Failed, Outcome: state.Held}, false},
		{"a failure without an outcome", state.Memory{}, state.Event{Kind: state.Failed, Act: release}, false},
		{"an end without an outcome", state.Memory{}, state.Event{Kind: state.RunEnded}, false},
		{"a turn of no switch", state.Memory{}, state.Event{Kind: state.Acted, Act: &state.Act{Verb: state.Flip}}, false},
		{"an act without a verb", state.Memory{}, state.Event{Kind: state.Acted, Act: &state.Act{}}, false},
		{"an undo without a step in hand", state.Memory{}, state.Event{Kind: state.Acted, Act: &state.Act{Verb: state.Undo}}, false},
		{"no kind", state.Memory{}, state.Event{}, false},
		{"a gap", state.Memory{}, state.Event{Seq: 2, Kind: state.HoldEnded}, false},
		{"a repetition", state.Memory{Seq: 1}, state.Event{Seq: 1, Kind: state.HoldEnded}, false},
		{"a kind of later", state.Memory{}, state.Event{Kind: "reindex"}, true},
		{"a verb of later", state.Memory{}, state.Event{Kind: state.Acted, Act: &state.Act{Verb: "reindex"}}, true},
		{"a step of later", state.Memory{}, state.Event{Kind: state.StepBegan, Step: &state.Step{Kind: "sideways"}}, true},
		{"an outcome of later", state.Memory{}, state.Event{Kind: state.RunEnded, Outcome: "bored"}, true},
		{"a whole run", state.Memory{}, state.Event{Kind: state.RunBegan, Goal: goal}, false},
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
