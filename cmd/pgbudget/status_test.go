package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestWhatComesNextIsWhatHelps: rollback is named only where it takes back what is in hand, and what was going back is
// not asked to go on forwards. TestTheEndOfAnUndoneStepOffersNoOlderOne: what a step or run says at its end, where
// nothing of it is left to go back.
func TestTheEndOfAnUndoneStepOffersNoOlderOne(t *testing.T) {
	past := []state.Past{{Number: 1}}
	for _, again := range []string{"pgbudget step", "pgbudget run"} {
		for _, c := range []struct {
			outcome state.Outcome
			want    string
		}{{state.Aborted, "pgbudget plan shows the remaining changes"},
			{state.Held, again + " continues when the cause is gone"},
			{state.LockLost, again + " continues when the cause is gone"}, {state.Interrupted, again + " continues"},
			{state.Blind, again + ", once the console or server answers"}} {
			err := ended(bouncer.Report{Outcome: c.outcome, Reason: verdict.Of(verdict.Note, "why"),
				State: state.JournalState{SettingsWritten: state.SettingsWritten{Past: past}}}, again)
			if hint := operr.HintOf(err); !strings.Contains(hint, c.want) || strings.Contains(hint, "rollback") ||
				!strings.Contains(err.Error(), "nothing is half-done") {
				t.Errorf("%s: %v; next: %s; want %q, and nothing of an older step", c.outcome, err, hint, c.want)
			}
		}
	}
}

func TestWhatComesNextIsWhatHelps(t *testing.T) {
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	forward, back, between := state.JournalState{StepInHand: state.StepInHand{Step: step}, Run: state.Run{Running: true}},
		state.JournalState{StepInHand: state.StepInHand{Step: step}, Run: state.Run{RollTo: 3, Running: true}},
		state.JournalState{Run: state.Run{Running: true}}
	held, stopped := state.Event{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "cpu")},
		state.Event{Kind: state.RunEnded,
			Outcome: state.Interrupted, Reason: verdict.Of(verdict.Note, "asked to stop")}
	blind := state.Event{Kind: state.RunEnded, Outcome: state.Blind, Reason: verdict.Of(verdict.Note, "no answer")}
	promoted := state.Event{Kind: state.RunEnded, Outcome: state.Drifted, Reason: verdict.Of(verdict.Note, "timeline"),
		Next: "the same command again"}
	drifted := state.Event{Kind: state.RunEnded, Outcome: state.Drifted, Reason: verdict.Of(verdict.Note, "somebody")}
	for _, c := range []struct {
		name         string
		journalState state.JournalState
		newest       state.Event
		want         string
		without      string
	}{
		{"held, with a step in hand", forward, held, "pgbudget rollback takes the step back", "rollback continues"},
		{"held, with none: it would take back an older one", between, held, "continues by itself", "rollback"},
		{"held on the way back", back, held, "continues by itself", "rollback takes the step back"},
		{"stopped, with a step in hand", forward, stopped, "pgbudget run continues, pgbudget rollback takes the step back",
			"rollback continues"},
		{"stopped, with none", between, stopped, "pgbudget run continues", "rollback"},
		{"stopped on the way back", back, stopped, "pgbudget rollback continues", "pgbudget run"},
		{"nothing answers on the way back", back, blind, "pgbudget rollback continues, once the cause is gone",
			"pgbudget run"},
		{"a failover", forward, promoted, "the same command again", "accept"},
		{"somebody else's size, with none in hand", between, drifted, "pgbudget accept --sizes", "rollback"},
		{"somebody else's size, with a step in hand", forward, drifted, "pgbudget rollback takes the step back", "accept"},
		{"somebody else's size, on the way back", back, drifted, "pgbudget rollback continues", "accept"},
	} {
		newest := iter.Seq2[state.Event, error](func(yield func(state.Event, error) bool) { yield(c.newest, nil) })
		x, err := decision(c.journalState, newest, nil)
		if err != nil || !strings.Contains(x.Changes, c.want) || strings.Contains(x.Changes, c.without) {
			t.Errorf("%s: explain says %q (%v); want %q and no %q", c.name, x.Changes, err, c.want, c.without)
		}
	}
	undo := state.JournalState{StepInHand: state.StepInHand{Step: &state.Step{Kind: state.Backward, Changes: step.Changes},
		Why: verdict.Of(verdict.AbortAsked, "ann@desk")}}
	alone := iter.Seq2[state.Event, error](func(yield func(state.Event, error) bool) { yield(held, nil) })
	x, err := decision(undo, alone, nil)
	if x.Back != "asked by ann@desk" || err != nil {
		t.Errorf("a step that goes back and is held: because %q (%v), want who has asked", x.Back, err)
	}
	for name, c := range map[string]struct {
		journalState  state.JournalState
		want, without string
	}{
		"a run": {forward, "pgbudget run continues, pgbudget rollback takes the step back",
			"rollback continues"},
		"a run between two steps": {between, "pgbudget run continues", "rollback"},
		"a rollback":              {back, "pgbudget rollback continues", "pgbudget run"},
		"a rollback between two of its": {state.JournalState{Run: state.Run{RollTo: 3, Running: true}},
			"pgbudget rollback continues",
			"pgbudget run"},
	} {
		var out strings.Builder
		output{w: &out}.status(status{Died: true, Step: c.journalState.Step, next: onward(c.journalState)})
		if !strings.Contains(out.String(), "killed") || !strings.Contains(out.String(), c.want) ||
			strings.Contains(out.String(), c.without) {
			t.Errorf("%s that was killed: status says %q; want %q and no %q", name, out.String(), c.want, c.without)
		}
	}
}

// TestWhatAFlushHasLeftIsSaid: at the end of a run that could not give a lifetime back, and of one that was killed.
func TestWhatAFlushHasLeftIsSaid(t *testing.T) {
	sets := []fleet.SettingChange{{Process: "main/1", Alias: "app", Key: fleet.KeyLifetime, From: 1, To: 3600}}
	err := leftFlushed(sets)
	if text := fmt.Sprint(err, operr.HintOf(err)); !strings.Contains(text,
		"server_lifetime of app in main/1 is 1 s and was 3600 s") ||
		!strings.Contains(text, "pgbudget run writes the old value first") {
		t.Errorf("a run says %q", text)
	}
	all := both(&operr.Error{Kind: operr.KindDrift, Err: errors.New("somebody"), Hint: "mend that"}, err)
	if hint := operr.HintOf(all); !strings.Contains(hint, "pgbudget run writes the old value first") ||
		!strings.HasSuffix(hint, "then: mend that") ||
		operr.KindOf(all) != operr.KindDrift || !strings.Contains(all.Error(), "somebody") {
		t.Errorf("beside another error: %v; next: %s", all, hint)
	}
	waits := held("", "later")
	if both(nil, nil) != nil || !errors.Is(both(waits, nil), waits) || !errors.Is(both(waits, err), waits) ||
		both(nil, err) == nil {
		t.Error("an error was lost, or made")
	}
	if leftFlushed(nil) != nil {
		t.Error("nothing was left, and something is said")
	}
	var out strings.Builder
	output{w: &out}.status(status{Died: true, Flushed: sets,
		Last: []state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}}},
		next: onward(state.JournalState{Run: state.Run{Running: true}})})
	if text := out.String(); !strings.Contains(text,
		"flushed: server_lifetime of app in main/1 is 1 s until the next run writes 3600 s again") ||
		!strings.Contains(text, "killed") {
		t.Errorf("status says %q", text)
	}
}

// TestExplainSaysWhatHasComeBetween: a run that is no more waits for nothing, and a pause holds whatever was decided.
func TestExplainSaysWhatHasComeBetween(t *testing.T) {
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	m := state.JournalState{StepInHand: state.StepInHand{Step: step, StepNumber: 3}, Run: state.Run{Running: true}}
	granted := state.Event{Kind: state.Acted, Action: &state.Action{Kind: state.Grant, Changes: step.Changes}}
	newest := iter.Seq2[state.Event, error](func(yield func(state.Event, error) bool) { yield(granted, nil) })
	x, err := decision(m, newest, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		died          bool
		pause         string
		want, without string
	}{
		{false, "", "waits for the drain, or for the soak", "is gone"},
		{true, "", "is gone and recorded no end: pgbudget run continues, pgbudget rollback takes the step back",
			"waits for"},
		{false, "paused by anna@db7", "paused by anna@db7: nothing moves until pgbudget resume", "continues"},
		{true, "paused by anna@db7",
			"paused by anna@db7: nothing moves until pgbudget resume; the run that decided this is gone and recorded no end: " +
				"pgbudget run continues, pgbudget rollback takes the step back", "waits for"},
	} {
		if got := x.now(m, c.died, c.pause).Changes; !strings.Contains(got, c.want) || strings.Contains(got, c.without) {
			t.Errorf("died %v, paused %q: %q; want %q and no %q", c.died, c.pause, got, c.want, c.without)
		}
	}
	var out strings.Builder
	output{w: &out}.status(status{Step: step, Number: 3, Taken: []state.Past{{Number: 2, Step: *step, GivenUp: true}},
		Last: []state.Event{granted}})
	for _, want := range []string{"in hand   step 3: main/app 10 → 9",
		"2  0001-01-01 00:00:00 UTC  main/app 10 → 9   (given up by a person"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("status says %q, want %q", out.String(), want)
		}
	}
}
