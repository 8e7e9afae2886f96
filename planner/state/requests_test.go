package state_test

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestARequestIsOpenUntilItIsMadeOrClosed: one that is called off is counted, and no run makes that undone.
func TestARequestIsOpenUntilItIsMadeOrClosed(t *testing.T) {
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{lineTo(5, 9)}}
	grant := state.GrantOf(step.Changes, verdict.Reason{})
	back := state.ReleaseOf([]fleet.SettingChange{lineTo(9, 5)}, verdict.Reason{})
	asked := folded(t, state.JournalState{}, state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}},
		state.Event{Kind: state.StepBegan, Step: &step}, state.Event{Kind: state.Intended, Action: &grant},
		state.Event{Kind: state.Asked, Action: &grant, Request: 1})
	r, is := asked.Requests.Of(grant)
	if !is || r.Number != 1 || r.Step != 1 || !r.Wanted() || len(asked.Stray()) != 0 || len(asked.Unwanted(grant)) != 0 ||
		len(asked.Unwanted(back)) != 1 {
		t.Errorf("asked: %+v", asked.Requests)
	}
	if made := folded(t, asked, state.Event{Kind: state.Acted, Action: &grant}); len(made.Open) != 0 ||
		made.Requested != 1 {
		t.Errorf("made: %+v", made.Requests)
	}
	off := folded(t, asked, state.CallOff(r, false, verdict.Noted("cpu")),
		state.Event{Kind: state.Intended, Action: &back}, state.Event{Kind: state.Acted, Action: &back},
		state.Event{Kind: state.StepEnded}, state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}})
	if len(off.Open) != 1 || off.Open[0].Wanted() || off.Open[0].Why != "cpu" || len(off.Stray()) != 1 {
		t.Errorf("called off: %+v", off.Requests)
	}
	again := folded(t, off, state.Event{Kind: state.Asked, Action: &grant, Request: 2})
	if r, is := again.Requests.Of(grant); !is || r.Number != 2 || len(again.Open) != 2 {
		t.Errorf("asked for again: %+v", again.Requests)
	}
	if made := folded(t, again, state.Event{Kind: state.Acted, Action: &grant}); len(made.Open) != 1 ||
		made.Open[0].Number != 1 {
		t.Errorf("the first is open still: %+v", made.Requests)
	}
	larger := state.GrantOf([]fleet.SettingChange{lineTo(5, 12)}, verdict.Reason{})
	both := folded(t, off, state.Event{Kind: state.Asked, Action: &larger, Request: 2})
	both = folded(t, both, state.CallOff(both.Open[1], false, verdict.Reason{}),
		state.Event{Kind: state.Asked, Action: &grant, Request: 3})
	both = folded(t, both, state.CallOff(both.Open[2], false, verdict.Reason{}))
	if got := both.Stray(); len(got) != 1 || got[0].To != 12 {
		t.Errorf("three of one line: %+v, want the largest", got)
	}
	if closed := folded(t, off, state.CallOff(off.Open[0], true, verdict.Reason{})); len(closed.Open) != 0 {
		t.Errorf("closed: %+v", closed.Requests)
	}
	if accepted := folded(t, off, state.Event{Kind: state.Accepted}); len(accepted.Open) != 0 || accepted.Requested != 1 {
		t.Errorf("accepted: %+v", accepted.Requests)
	}
}
