package main

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestNothingMovesUnasked: a run that can take no step yet waits for one, so it asks before it waits, and says what is
// in between. Only what ends at once with nothing moved needs no answer.
func TestNothingMovesUnasked(t *testing.T) {
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	turn := state.Step{Kind: state.Forward, Traffic: &shift.TrafficChange{Shift: "a/x:b/x", From: 0, To: 5}}
	over := budget.Fleet{Servers: []budget.FleetServer{{Name: "pg", BudgetConns: -1}}}
	turning := bouncer.Survey{Shifts: []shift.Shift{{From: "a/x", To: "b/x", At: 5, Until: 100}}}
	arrived := bouncer.Survey{Shifts: []shift.Shift{{From: "a/x", To: "b/x", At: 100, Until: 100}}}
	for _, c := range []struct {
		name            string
		survey          bouncer.Survey
		journalState    state.JournalState
		step            state.Step
		blocked, paused string
		want            []string // parts of the question; none: nobody is asked
	}{
		{"a step", bouncer.Survey{}, state.JournalState{}, step, "", "", []string{"first step: main/app 10 → 9"}},
		{"a step of traffic alone", turning, state.JournalState{}, turn, "", "", []string{"first step: ", "0 → 5"}},
		{"a step of one server, another's is blocked", bouncer.Survey{}, state.JournalState{}, step, "no room", "",
			[]string{"first step: main/app 10 → 9"}},
		{"a step, paused", bouncer.Survey{}, state.JournalState{}, step, "", "paused by ann",
			[]string{"first step: main/app 10 → 9"}},
		{"blocked", bouncer.Survey{}, state.JournalState{}, state.Step{}, "ci/app needs 3 and 1 is spare", "",
			[]string{"no step can begin now: ci/app needs 3 and 1 is spare", "steps begin once the cause is gone"}},
		{"blocked and paused", bouncer.Survey{}, state.JournalState{}, state.Step{}, "no room", "paused by ann",
			[]string{"no room"}},
		{"paused at the plan", bouncer.Survey{}, state.JournalState{}, state.Step{}, "", "paused by ann",
			[]string{"paused by ann", "once the cause is gone"}},
		{"over its budget at the plan", bouncer.Survey{Fleet: over}, state.JournalState{}, state.Step{}, "", "",
			[]string{"pg: the worst case", "once the cause is gone"}},
		{"traffic that cannot go on", turning, state.JournalState{}, state.Step{}, "", "",
			[]string{"the traffic switch is between its start and its goal"}},
		{"an action that nobody knows of", bouncer.Survey{},
			state.JournalState{StepInHand: state.StepInHand{Intent: &state.Action{Kind: state.Grant}}},
			state.Step{}, "", "",
			[]string{"pgbudget repeats the action"}},
		{"at the plan", bouncer.Survey{}, state.JournalState{}, state.Step{}, "", "", nil},
		{"at the plan, its traffic moved", arrived, state.JournalState{}, state.Step{}, "", "", nil},
	} {
		got := question(c.survey, state.DefaultPolicy(), c.journalState, c.step, verdict.Noted(c.blocked),
			verdict.Noted(c.paused))
		if (got == "") != (c.want == nil) {
			t.Errorf("%s: asked %q, want %q", c.name, got, c.want)
		}
		for _, part := range c.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: asked %q, want %q", c.name, got, part)
			}
		}
	}
}
