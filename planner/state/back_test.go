package state_test

import (
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestWhatIsBackIsNotTaken: a rollback that is interrupted leaves among the steps taken those alone that still stand,
// or go back.
func TestWhatIsBackIsNotTaken(t *testing.T) {
	step := func(changes ...fleet.SettingChange) *state.Step {
		return &state.Step{Kind: state.Forward, Changes: changes}
	}
	change := func(alias string, from, to int) fleet.SettingChange {
		return fleet.SettingChange{Process: "a/1", Alias: alias, Key: fleet.KeySize, From: from, To: to}
	}
	traffic := func(from, to int) *state.Step {
		return &state.Step{Kind: state.Forward, Traffic: &shift.TrafficChange{Shift: "a/x:a/y", From: from, To: to}}
	}
	var zero sizing.Goal
	run := func(to int64) state.Event { return state.Event{Kind: state.RunBegan, Goal: &zero, To: to} }
	end := func(o state.Outcome) state.Event { return state.Event{Kind: state.RunEnded, Outcome: o} }
	actions := func(s *state.Step) []state.Event {
		var out []state.Event
		for _, x := range s.Changes {
			kind := state.Grant
			if x.To < x.From {
				kind = state.Release
			}
			out = append(out, state.Event{Kind: state.Acted, Action: &state.Action{Kind: kind,
				Changes: []fleet.SettingChange{x}}})
		}
		if s.Traffic != nil {
			out = append(out, state.Event{Kind: state.Acted, Action: &state.Action{Kind: state.ShiftTraffic,
				Traffic: s.Traffic}})
		}
		return out
	}
	begun := func(s *state.Step) []state.Event {
		return append([]state.Event{{Kind: state.StepBegan, Step: s}}, actions(s)...)
	}
	taken := func(s *state.Step) []state.Event { return append(begun(s), state.Event{Kind: state.StepEnded}) }
	forward := func(steps ...*state.Step) []state.Event {
		out := []state.Event{run(0)}
		for _, s := range steps {
			out = append(out, taken(s)...)
		}
		return append(out, end(state.Done))
	}
	three := forward(step(change("x", 4, 5)), step(change("x", 5, 6)), step(change("x", 6, 7)))
	for _, c := range []struct {
		name  string
		first []state.Event
		then  []state.Event // a rollback of all
		want  []int
		going bool
	}{
		{"nothing is back", three, []state.Event{end(state.Interrupted)}, []int{1, 2, 3}, true},
		{"its first step has ended", three, append(taken(step(change("x", 7, 6))), end(state.Interrupted)), []int{1, 2},
			true},
		{"its first step is in hand", three, append(begun(step(change("x", 7, 6))), end(state.Interrupted)), []int{1, 2, 3},
			true},
		{"two at once", three, append(taken(step(change("x", 7, 5))), end(state.Held)), []int{1}, true},
		{"given up by a person", three, append(begun(step(change("x", 7, 6))), state.Event{Kind: state.Accepted}),
			[]int{1, 2},
			false},
		{"an action of which nobody knows", three, append(taken(step(change("x", 7, 6)))[:1],
			state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Release,
				Changes: []fleet.SettingChange{change("x", 7, 6)}}}, end(state.Blind)), []int{1, 2, 3}, true},
		{"there and back, and nothing of it is taken back", forward(step(change("x", 7, 6)), step(change("x", 6, 5)),
			step(change("x", 5, 6))),
			[]state.Event{end(state.Held)}, []int{1, 2, 3}, true},
		{"given up, and nobody knows whether it is back", three, append(begun(step(change("x", 7, 6))),
			state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Undo,
				Changes: []fleet.SettingChange{change("x", 6, 7)}}}, state.Event{Kind: state.Accepted}), []int{1, 2, 3}, false},
		{"another pool", forward(step(change("x", 4, 5)), step(change("y", 4, 5))), append(taken(step(change("x", 5, 4))),
			end(state.Held)), []int{1, 2}, true},
		{"another pool, given up", forward(step(change("x", 4, 5)), step(change("y", 4, 5))),
			append(taken(step(change("x", 5, 4))),
				state.Event{Kind: state.Accepted}), []int{2}, false},
		{"all of it, and it has not ended", three, append(taken(step(change("x", 7, 4))), end(state.Interrupted)), []int{1},
			true},
		{"traffic", forward(traffic(0, 10), traffic(10, 20), traffic(20, 30)), append(taken(traffic(30, 20)),
			end(state.Interrupted)),
			[]int{1, 2}, true},
		{"done", three, append(taken(step(change("x", 7, 4))), end(state.Done)), nil, false},
		{"a rest that does not fit", forward(step(change("x", 5, 4))),
			[]state.Event{{Kind: state.StepBegan, Step: step(change("x", 4, 5))},
				{Kind: state.StepAbort, Step: &state.Step{Kind: state.Backward, Changes: []fleet.SettingChange{change("x", 4, 5)}}},
				{Kind: state.StepTrimmed, Step: &state.Step{Kind: state.Backward}, Reason: verdict.Of(verdict.Note, "no room")},
				{Kind: state.StepEnded},
				end(state.Held)}, []int{1}, false},
	} {
		var m state.JournalState
		add := func(events []state.Event) {
			for _, e := range events {
				e.Seq = m.Seq + 1
				m = m.After(e)
			}
		}
		add(c.first)
		add([]state.Event{run(1)})
		add(c.then)
		if got := m.Numbers(); !slices.Equal(got, c.want) || m.GoingBack() != c.going {
			t.Errorf("%s: taken are %v, going back %v; want %v, %v", c.name, got, m.GoingBack(), c.want, c.going)
		}
	}
}

// TestAJournalStateKnowsTheCommandThatGoesOn until its run is done, or a person takes what is there as right.
func TestAJournalStateKnowsTheCommandThatGoesOn(t *testing.T) {
	begun := state.JournalState{}.After(state.Event{Seq: 1, Kind: state.RunBegan, Goal: &sizing.Goal{},
		Next: "pgbudget step"})
	for _, c := range []struct {
		event state.Event
		want  string
	}{
		{state.Event{Kind: state.RunEnded, Outcome: state.Interrupted}, "pgbudget step"},
		{state.Event{Kind: state.RunEnded, Outcome: state.Done}, ""},
		{state.Event{Kind: state.Accepted}, ""},
		{state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}}, ""},
	} {
		c.event.Seq = 2
		if got := begun.After(c.event).Again; got != c.want {
			t.Errorf("after %s %s: %q, want %q", c.event.Kind, c.event.Outcome, got, c.want)
		}
	}
}
