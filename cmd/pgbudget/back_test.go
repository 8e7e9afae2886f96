package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// oneLine is a step of one line.
func oneLine(from, to int) *state.Step {
	return &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: from, To: to}}}
}

// eventsOf are the events of a step that was begun and whose lines are written.
func eventsOf(s *state.Step) []state.Event {
	kind := state.Grant
	if x := s.Changes[0]; x.To < x.From {
		kind = state.Release
	}
	return []state.Event{{Kind: state.StepBegan, Step: s}, {Kind: state.Acted, Action: &state.Action{Kind: kind,
		Changes: s.Changes}}}
}

// journalOf writes a config whose server nobody answers for, and its journal.
func journalOf(t *testing.T, events ...[]state.Event) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = filepath.Join(dir, "p.yaml")
	text := fmt.Sprintf("journal: %s/j.jsonl\npolicy: {confirm: never}\nservers: [{name: pg, dsn: 'host=127.0.0.1 "+
		"port=1'}]\n"+
		"groups: [{name: main, processes: [{console: 'host=127.0.0.1 port=1', config: /etc/pgbouncer.ini}]}]\n", dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Mirror{}.Open(filepath.Join(dir, "j.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, some := range events {
		for _, e := range some {
			if _, err := j.Record(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return config
}

// TestNothingToTakeBackIsSaidAndIsNoSuccess, whether a journal is there or not, and before anybody is asked.
func TestNothingToTakeBackIsSaidAndIsNoSuccess(t *testing.T) {
	t.Parallel()
	run := func(to int64) []state.Event {
		return []state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}, To: to}}
	}
	done, ended := []state.Event{{Kind: state.RunEnded, Outcome: state.Done}}, []state.Event{{Kind: state.StepEnded}}
	taken := [][]state.Event{run(0), eventsOf(oneLine(5, 6)), ended, eventsOf(oneLine(6, 7)), ended, done}
	back := [][]state.Event{run(2), eventsOf(oneLine(7, 5)), ended, done}
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		events [][]state.Event
		args   []string
		code   int
		says   string
	}{
		{"no step", [][]state.Event{run(0), done}, nil, exitUsage, "nothing to take back: no step was completed yet"},
		{"all of them are back", append(append([][]state.Event{}, taken...), back...), nil, exitUsage,
			"nothing to take back: all steps are taken back already"},
		{"a step that is not there", taken, []string{"--to", "3"}, exitUsage,
			"the journal has no step of this number: the journal can take back steps 1, 2"},
		{"one that is back", append(append([][]state.Event{}, taken...), back...), []string{"--to", "1"}, exitUsage,
			"no step of this number: no step can be taken back"},
		{"a host that is lost", taken, nil, exitUnreachable,
			"where the process is gone for good: take it out of the config, then pgbudget accept"},
	} {
		for _, dry := range [][]string{nil, {"--dry-run"}} {
			args := append(append([]string{"rollback", "--config", journalOf(t, c.events...), "--timeout", "1s"}, c.args...),
				dry...)
			cmd := exec.Command(file, args...)
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != c.code || !strings.Contains(string(out), c.says) {
				t.Errorf("%s %v: exit %d, want %d and %q:\n%s", c.name, dry, cmd.ProcessState.ExitCode(), c.code, c.says, out)
			}
		}
	}
}

// TestNothingGoesForwardBeforeARollbackEnds, and what goes on with it is named as it was given.
func TestNothingGoesForwardBeforeARollbackEnds(t *testing.T) {
	for _, c := range []struct {
		name         string
		journalState state.JournalState
		next         string // empty: a step may be taken
	}{
		{"a step in hand", state.JournalState{StepInHand: state.StepInHand{Step: oneLine(5, 6), StepNumber: 1}}, ""},
		{"a rollback", state.JournalState{Run: state.Run{RollTo: 3, Again: "pgbudget rollback --to 2 --now"},
			SettingsWritten: state.SettingsWritten{Past: []state.Past{{Number: 2, Seq: 3}}}},
			"pgbudget rollback --to 2 --now continues"},
		{"a rollback that an older pgbudget has begun", state.JournalState{Run: state.Run{RollTo: 3}},
			"pgbudget rollback continues"},
		{"its step in hand, of which a run has made its own",
			state.JournalState{StepInHand: state.StepInHand{Step: oneLine(6, 5), StepTo: 3}},
			"pgbudget rollback continues"},
		{"one whose rest does not fit", state.JournalState{Run: state.Run{RollTo: 3, Left: verdict.Of(verdict.Note,
			"no room")}}, ""},
	} {
		err := (&runner{journalState: c.journalState}).goingBack()
		if (err != nil) != (c.next != "") || err != nil && (exitCode(t.Context(), err) != exitHeld ||
			!strings.Contains(operr.HintOf(err), c.next)) {
			t.Errorf("%s: %v, next: %q; want next: %q", c.name, err, operr.HintOf(err), c.next)
		}
	}
}

// TestWhatGoesOnIsWhatWasGiven: whoever types what is said at the end of a command gets no more than was asked for.
func TestWhatGoesOnIsWhatWasGiven(t *testing.T) {
	interrupted := bouncer.Report{Outcome: state.Interrupted, State: state.JournalState{Run: state.Run{Steps: 1},
		StepInHand: state.StepInHand{Step: oneLine(5, 6), StepNumber: 2}}}
	for _, c := range []struct {
		m    runner
		want string
	}{
		{runner{again: "pgbudget step"}, "pgbudget step continues, pgbudget rollback takes the step back"},
		{runner{again: "pgbudget run"}, "pgbudget run continues, pgbudget rollback takes the step back"},
		{runner{again: "pgbudget run --percent 2", most: 3},
			"pgbudget run --percent 2 --max-steps 2 continues, pgbudget rollback takes the step back"},
		{runner{journalState: state.JournalState{Run: state.Run{Again: "pgbudget step"}}},
			"pgbudget step continues, pgbudget rollback takes the step back"},
	} {
		err := ended(interrupted, c.m.command(interrupted.State.Steps))
		if got := operr.HintOf(err); got != c.want || !strings.Contains(err.Error(), "by the next "+strings.TrimSuffix(c.want,
			" continues, pgbudget rollback takes the step back")) {
			t.Errorf("%v; next: %q, want %q", err, got, c.want)
		}
	}
	for _, m := range []state.JournalState{
		{Run: state.Run{Again: "pgbudget step"}, StepInHand: state.StepInHand{Step: oneLine(5, 6)}},
		{Run: state.Run{Again: "pgbudget rollback --to 3", RollTo: 9}}} {
		if got := onward(m); !strings.HasPrefix(got, m.Again+" continues") {
			t.Errorf("status and why say %q, want %q", got, m.Again)
		}
	}
}

// TestARollbackThatIsBackOverTheBudgetIsNoSuccess, though there is nothing left of it to do.
func TestARollbackThatIsBackOverTheBudgetIsNoSuccess(t *testing.T) {
	over := verdict.Of(verdict.OverBudget, "pg", verdict.Conns(30), 8, 22)
	back := verdict.Of(verdict.AsBefore, "")
	for _, c := range []struct {
		reason verdict.Reason
		want   int
	}{{back, exitDone}, {back.And(over), exitHeld}} {
		err := ended(bouncer.Report{Outcome: state.Done, Reason: c.reason}, "pgbudget rollback")
		if got := exitCode(t.Context(), err); got != c.want || strings.Contains(operr.HintOf(err), "rollback continues") {
			t.Errorf("%s: exit %d, want %d: %v, next: %s", c.reason.Text(), got, c.want, err, operr.HintOf(err))
		}
	}
}

// TestOnlyALaterStepThatIsThereIsNamed, by its number.
func TestOnlyALaterStepThatIsThereIsNamed(t *testing.T) {
	m := state.JournalState{SettingsWritten: state.SettingsWritten{Past: []state.Past{{Number: 2, Seq: 3},
		{Number: 3, Seq: 9}, {Number: 4, Seq: 15}}}}
	for to, want := range map[int64]string{3: "wait, or pgbudget rollback --to 3", 9: "wait, or pgbudget rollback --to 4",
		15: "wait"} {
		if got := orLater(m, to, "wait"); got != want {
			t.Errorf("back to event %d: %q, want %q", to, got, want)
		}
	}
}

// TestARollbackNamesWhereItGoes, with the step in hand, and what it does is called by its name.
func TestARollbackNamesWhereItGoes(t *testing.T) {
	turn := &state.Step{Kind: state.Forward, Traffic: &shift.TrafficChange{Shift: "a/x:b/x", From: 5, To: 10}}
	for _, c := range []struct {
		journalState state.JournalState
		way          control.RollbackTo
		want         string
	}{
		{state.JournalState{StepInHand: state.StepInHand{Step: oneLine(5, 6), StepSeq: 4, StepNumber: 2}},
			control.RollbackTo{To: 4},
			"rollback to before step 2, to main/app 5"},
		{state.JournalState{StepInHand: state.StepInHand{Step: &state.Step{Kind: state.Backward,
			Changes: []fleet.SettingChange{oneLine(6, 5).Changes[0]}}, StepSeq: 4, StepNumber: 2}}, control.RollbackTo{To: 4},
			"rollback to before step 2, to main/app 5"},
		{state.JournalState{StepInHand: state.StepInHand{Step: oneLine(5, 6), StepSeq: 4, StepNumber: 2},
			SettingsWritten: state.SettingsWritten{Past: []state.Past{{Number: 1, Seq: 2}}}},
			control.RollbackTo{To: 2, Goal: sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Size: 4}}}},
			"rollback to before step 1, to main/app 4"},
		{state.JournalState{StepInHand: state.StepInHand{Step: turn, StepSeq: 4, StepNumber: 2}}, control.RollbackTo{To: 4},
			"rollback to before step 2, traffic of a/x:b/x 10 → 5 %"},
		{state.JournalState{StepInHand: state.StepInHand{Step: oneLine(6, 5), StepTo: 4}, Run: state.Run{RollTo: 4}},
			control.RollbackTo{To: 4},
			"rollback to its end, of which a step is in hand"},
	} {
		if got := rollbackText(c.journalState, c.way); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for want, e := range map[string]state.Event{
		"rollback to main/app 5": {Kind: state.RunBegan, To: 4,
			Goal: &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Size: 5}}}},
		"rollback": {Kind: state.RunBegan, To: 4, Goal: &sizing.Goal{}},
		"run      to main/app 5": {Kind: state.RunBegan,
			Goal: &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Size: 5}}}},
		"back     main/app 6 → 5": {Kind: state.StepAbort, Step: oneLine(6, 5)},
		"abort    cpu":            {Kind: state.StepAbort, Step: oneLine(6, 5), Reason: verdict.Of(verdict.Note, "cpu")},
		"ended    without a soak": {Kind: state.StepEnded, Reason: verdict.Of(verdict.Note, "without a soak")},
		"soaked":                  {Kind: state.StepEnded},
	} {
		if got := eventLine(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
