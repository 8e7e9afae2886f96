package main

import (
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// newestFirst is what a journal of these events gives, and its state.
func newestFirst(events ...state.Event) (state.JournalState, iter.Seq2[state.Event, error]) {
	var m state.JournalState
	for i := range events {
		events[i].Seq = int64(i + 1)
		events[i].At = time.Date(2026, 11, 30, 0, 30, i, 0, time.UTC)
		m = m.After(events[i])
	}
	return m, func(yield func(state.Event, error) bool) {
		for _, e := range slices.Backward(events) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// TestExplainAndStatusSayHowFarThePlanIs: a run that has ended well may have steps left, or have gone back.
func TestExplainAndStatusSayHowFarThePlanIs(t *testing.T) {
	goal := &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "ci/app", Size: 9}, {Pool: "main/app", Size: 13}}}
	step := func(to int) []state.Event {
		sets := []fleet.SettingChange{{Process: "ci/1", Alias: "app", Key: fleet.KeySize, From: 4, To: to}}
		return []state.Event{{Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward, Changes: sets}},
			{Kind: state.Acted, Action: &state.Action{Kind: state.Grant, Changes: sets}}, {Kind: state.StepEnded}}
	}
	began := state.Event{Kind: state.RunBegan, Goal: goal}
	done := state.Event{Kind: state.RunEnded, Outcome: state.Done, Reason: verdict.Of(verdict.Note, "1 of 1 steps")}
	took := func(to int, more ...state.Event) []state.Event {
		return slices.Concat([]state.Event{began}, step(to), []state.Event{done}, more)
	}
	back := state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "ci/app", Size: 4}}},
		To: 2}
	four, none := 4, 0
	late, early := time.Date(2026, 11, 30, 0, 31, 0, 0, time.UTC), time.Date(2026, 11, 30, 0, 29, 0, 0, time.UTC)
	const wants = "the plan of 2026-11-30 00:30:00 UTC wants ci/app 9, main/app 13: pgbudget step continues"
	const plan = "plan of 2026-11-30 00:30:00 UTC: ci/app 9, main/app 13"
	for _, c := range []struct {
		name      string
		events    []state.Event
		look      *sample
		why, says string
	}{
		{"one step of five, counted", took(5), &sample{At: late, StepsAhead: &four}, wants, plan + "; 4 steps to come"},
		{"one step of five, not counted", took(5), nil, wants, plan + "; not reached yet"},
		{"one step of five, and the count is of an older run", took(5), &sample{At: early, StepsAhead: &none}, wants,
			plan + "; not reached yet"},
		{"a pool that was never written is left", took(9), &sample{At: late, StepsAhead: &four}, wants,
			plan + "; 4 steps to come"},
		{"all of them", took(9), &sample{At: late, StepsAhead: &none}, "a load outside its interval", plan + "; reached"},
		{"all of them, not counted", took(9), nil, "a load outside its interval", plan},
		{"a complete rollback", took(5, back, done), nil, "pgbudget step would move to the plan again", ""},
		{"a person took what is there as right", took(5, state.Event{Kind: state.Accepted}),
			&sample{At: late, StepsAhead: &four},
			"pgbudget plan shows the remaining changes", ""},
	} {
		m, newest := newestFirst(c.events...)
		x, err := decision(m, newest, c.look)
		if err != nil || !strings.Contains(x.Changes, c.why) {
			t.Errorf("%s: explain says %q (%v), want %q", c.name, x.Changes, err, c.why)
		}
		a, _, err := runGoalOf(m, newest, c.look)
		said := ""
		if a != nil {
			said = a.text()
		}
		if err != nil || said != c.says {
			t.Errorf("%s: status says %q (%v), want %q", c.name, said, err, c.says)
		}
	}
}

// TestStatusDoesNotContradictItself: what a run did before this one began, or beside a hold or a pause, is not what
// it does.
func TestStatusDoesNotContradictItself(t *testing.T) {
	at := time.Date(2026, 11, 30, 0, 30, 0, 0, time.UTC)
	look := &sample{At: at, Doing: "soaking ci/app 4 → 5",
		Servers: []serverSample{{Name: "main", WorstConns: 90, BudgetConns: 89, SpareConns: -1, Gate: "open"}}}
	for _, c := range []struct {
		name       string
		s          status
		want, lack []string
	}{
		{"a run at work", status{Running: true, began: at.Add(-time.Second)}, []string{"doing   soaking",
			"worst case 90 of 89, 1 OVER   nothing is granted over the budget"}, []string{"spare -1", "allow grants"}},
		{"the run has just begun", status{Running: true, began: at.Add(time.Second)}, []string{"granted"},
			[]string{"doing"}},
		{"a signal is above its level", status{Running: true, began: at.Add(-time.Second)},
			[]string{"signals hold grants: cpu 0.93 is above 0.85"}, []string{"allow"}},
		{"held", status{Running: true, Held: "no answer"}, []string{"held: no answer"},
			[]string{"doing", "grants"}},
		{"paused", status{Running: true, Held: "paused by anna", Paused: "paused by anna"},
			[]string{"paused by anna: nothing moves"}, []string{"doing", "grants", "held"}},
		{"paused, and the run was killed", status{Died: true, Paused: "paused by anna", next: "pgbudget run continues"},
			[]string{"paused by anna: nothing moves until pgbudget resume", "killed", "pgbudget run continues"}, nil},
	} {
		var out strings.Builder
		c.s.Look, c.s.At = look, at
		if look.Servers[0].Gate = guardOpen; strings.Contains(c.name, "signal") {
			look.Servers[0].Gate = "cpu 0.93 is above 0.85"
		}
		output{w: &out}.status(c.s)
		for _, w := range c.want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: %q, want %q", c.name, out.String(), w)
			}
		}
		for _, l := range c.lack {
			if strings.Contains(out.String(), l) {
				t.Errorf("%s: %q, want no %q", c.name, out.String(), l)
			}
		}
	}
}
