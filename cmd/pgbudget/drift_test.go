package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestDriftKeepsTheRollback: to take what is there as right gives up the step in hand, so a run that ends with drift
// names that only where there is none.
func TestDriftKeepsTheRollback(t *testing.T) {
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	for name, c := range map[string]struct {
		journalState  state.JournalState
		hint          string
		want, without string
	}{
		"nothing in hand": {state.JournalState{}, "", "pgbudget accept --sizes", "rollback"},
		"a step in hand": {state.JournalState{StepInHand: state.StepInHand{Step: step}}, "",
			"pgbudget rollback takes the step back", "accept"},
		"a step that goes back": {state.JournalState{StepInHand: state.StepInHand{Step: step}, Run: state.Run{RollTo: 3}}, "",
			"pgbudget rollback continues", "accept"},
		"something better to say": {state.JournalState{StepInHand: state.StepInHand{Step: step}}, "reload it",
			"reload it; then pgbudget run continues, pgbudget rollback takes the step back", "accept"},
		"a file of this name": {state.JournalState{StepInHand: state.StepInHand{Step: step}},
			"read /etc/pgbudget/pgbouncer.ini", "; then pgbudget run continues", "accept"},
	} {
		err := ended(bouncer.Report{Outcome: state.Drifted, Reason: verdict.Of(verdict.Note, "somebody"),
			State: c.journalState, Hint: c.hint},
			"pgbudget run")
		got := operr.HintOf(err)
		if operr.KindOf(err) != operr.KindDrift || !strings.Contains(got, c.want) || strings.Contains(got, c.without) {
			t.Errorf("%s: %v; next: %q; want %q and no %q", name, err, got, c.want, c.without)
		}
	}
}

// TestWhatEndsARunSaysFirstWhatToDo: then comes what goes on with what is in hand.
func TestWhatEndsARunSaysFirstWhatToDo(t *testing.T) {
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	for outcome, want := range map[state.Outcome]string{
		state.Held: "change it where it comes from; then pgbudget run continues when the cause is gone, pgbudget " +
			"rollback takes the step back",
		state.Blind:   "change it where it comes from; then pgbudget run, once the console or server answers",
		state.Drifted: "change it where it comes from; then pgbudget run continues, pgbudget rollback takes the step back",
	} {
		err := ended(bouncer.Report{Outcome: outcome, Reason: verdict.Of(verdict.Note, "x"),
			State: state.JournalState{StepInHand: state.StepInHand{Step: step}},
			Hint:  "change it where it comes from"}, "pgbudget run")
		if got := operr.HintOf(err); got != want {
			t.Errorf("%s: next: %s; want %s", outcome, got, want)
		}
	}
}

// TestAJournalThatFailsSaysHowToGoOn names the step in hand, and what goes on with it; the exit code stays.
func TestAJournalThatFailsSaysHowToGoOn(t *testing.T) {
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	mirror := fmt.Errorf("the journal: %w", &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("broken pipe"),
		Hint: "repair the mirror"})
	full := errors.New("no space left on device")
	for name, c := range map[string]struct {
		err          error
		journalState state.JournalState
		says         string
		next         string
		exit         int
	}{
		"a mirror, with a step in hand": {mirror, state.JournalState{StepInHand: state.StepInHand{Step: step}},
			"broken pipe; the step in hand, main/app 10 → 9, is kept",
			"repair the mirror; then pgbudget run continues, pgbudget rollback takes the step back", exitUnreachable},
		"a mirror, on the way back": {mirror, state.JournalState{StepInHand: state.StepInHand{Step: step},
			Run: state.Run{RollTo: 3}}, "by the next pgbudget run",
			"repair the mirror; then pgbudget rollback continues", exitUnreachable},
		"a mirror, between two steps": {mirror, state.JournalState{}, "broken pipe", "repair the mirror", exitUnreachable},
		"a full disk": {full, state.JournalState{StepInHand: state.StepInHand{Step: step}},
			"no space left on device; the step in hand, main/app 10 → 9",
			"pgbudget run continues, pgbudget rollback takes the step back", exitUnforeseen},
	} {
		err := errors.Join(unfinished(c.err, c.journalState, "pgbudget run"), leftFlushed(nil))
		if got := exitCode(t.Context(), err); got != c.exit || !strings.Contains(err.Error(), c.says) ||
			operr.HintOf(err) != c.next {
			t.Errorf("%s: %v, next: %q, exit code %d; want %q, next: %q, %d", name, err, operr.HintOf(err), got, c.says, c.next,
				c.exit)
		}
	}
}

// TestWhatOnlyLooksKnowsAStranger: plan, status and every dry run end as the step would that finds another fleet than
// the journal's, and a process that is gone for good has a hint of its own.
func TestWhatOnlyLooksKnowsAStranger(t *testing.T) {
	journalState := state.JournalState{}.After(state.Event{Seq: 1, Kind: state.RunBegan, Goal: &sizing.Goal{},
		Seen: []state.Seen{
			{Process: "main/1", Console: "a:6432", Alias: "app"}, {Process: "main/2", Console: "b:6432", Alias: "app"}}})
	for _, c := range []struct {
		name      string
		processes []fleet.Process
		want      string
		hint      string
	}{
		{"the same", []fleet.Process{{ID: "main/1", Console: "a:6432"}, {ID: "main/2", Console: "b:6432"}}, "", ""},
		{"one is gone", []fleet.Process{{ID: "main/1", Console: "a:6432"}},
			"pgbudget changed main/2 earlier and no longer observes it",
			"where the process is gone for good: pgbudget accept --sizes, then pgbudget rollback"},
		{"another order", []fleet.Process{{ID: "main/1", Console: "b:6432"}, {ID: "main/2", Console: "a:6432"}},
			"list the consoles in the earlier order", "find out who changed the value and correct the cause"},
		{"one is gone, and the next has its place", []fleet.Process{{ID: "main/1", Console: "b:6432"}},
			"list the consoles in the earlier order", "where the process is gone for good: pgbudget accept --sizes"},
	} {
		m := &runner{journalState: journalState}
		m.journalState.Step = &state.Step{Kind: state.Forward}
		err := m.drifted(bouncer.Survey{Evidence: load.Evidence{Last: fleet.Observation{Processes: c.processes}}},
			state.DefaultPolicy())
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (operr.KindOf(err) != operr.KindDrift || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(operr.HintOf(err), c.hint) || strings.Contains(operr.HintOf(err), "accept") &&
			strings.Contains(operr.HintOf(err), "continues")):
			t.Errorf("%s: %v; next: %s; want %s; next: %s", c.name, err, operr.HintOf(err), c.want, c.hint)
		}
	}
}

// TestARollbackKnowsTheDirectConnectionsOfTheRunBefore, be they fewer now.
func TestARollbackKnowsTheDirectConnectionsOfTheRunBefore(t *testing.T) {
	began := state.Event{Seq: 1, Kind: state.RunBegan, Goal: &sizing.Goal{},
		Servers: []state.Origin{{Name: "pg", SystemID: "1", DirectConns: 30},
			{Name: "few", SystemID: "2", DirectConns: 1}}}
	m := &runner{journalState: state.JournalState{}.After(began)}
	began.Seq, began.To, began.Servers = 2, 1, []state.Origin{{Name: "pg", SystemID: "1", DirectConns: 2}}
	if m.journalState = m.journalState.After(began); m.journalState.Direct("pg") != 30 {
		t.Errorf("after a rollback: %d, want 30 still", m.journalState.Direct("pg"))
	}
	began.Seq, began.To = 3, 0
	if m.journalState = m.journalState.After(began); m.journalState.Direct("pg") != 2 {
		t.Errorf("after a run: %d, want 2", m.journalState.Direct("pg"))
	}
}
