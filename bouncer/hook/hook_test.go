package hook_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/command"
	"github.com/pgbudget/pgbudget/bouncer/hook"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// inMemory is a journal in memory.
type inMemory struct{ events []state.Event }

func (j *inMemory) Record(e state.Event) (state.Event, error) {
	if e.Kind == state.RunEnded && e.Reason.Text() == "full" {
		return e, errors.New("the disk is full")
	}
	e.Seq = int64(len(j.events) + 1)
	j.events = append(j.events, e)
	return e, nil
}

// within calls with a time-out.
func within(d time.Duration) func(words, env []string) error {
	return func(words, env []string) error {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		_, err := command.Call{Argv: words, Env: env, Mask: func(s string) string {
			return strings.ReplaceAll(s, "secret",
				"…")
		}}.Run(ctx)
		return err
	}
}

// TestHooksAreToldEventReasonAndOutcome runs a script for three events and compares what it was told.
func TestHooksAreToldEventReasonAndOutcome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	script := []string{"sh", "-c",
		`echo "$PGBUDGET_EVENT|$PGBUDGET_SEQ|$PGBUDGET_REASON|$PGBUDGET_OUTCOME|$PGBUDGET_STEP|$PGBUDGET_ENVIRONMENT" >> ` +
			file}
	inner := &inMemory{}
	j := hook.Hooks{Argv: map[string][]string{hook.OnStep: script, hook.OnHold: script, hook.OnDone: script},
		Call: within(5 * time.Second),
		Env:  []string{"PGBUDGET_ENVIRONMENT=gprd"}}.Decorate(inner)
	step := state.Step{Changes: []fleet.SettingChange{{Process: "ci/1", Alias: "app", Key: fleet.KeySize, From: 5, To: 8}}}
	for _, e := range []state.Event{{Kind: state.RunBegan}, {Kind: state.StepBegan, Step: &step},
		{Kind: state.HoldBegan, Reason: verdict.Of(verdict.Note, "cpu 0.9 > 0.85")},
		{Kind: state.HoldEnded}, {Kind: state.RunEnded, Outcome: state.Done, Reason: verdict.Of(verdict.Note, "there")}} {
		if _, err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(file)
	want := "step|2|||ci/app 5 → 8|gprd\nhold|3|cpu 0.9 > 0.85|||gprd\ndone|5|there|done||gprd\n"
	if err != nil || string(told) != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, told, want)
	}
	if len(inner.events) != 5 {
		t.Errorf("%d events", len(inner.events))
	}
}

// TestAHookThatFailsIsNotedAndBlocksNothing has one that fails, one that is not there and one that never ends.
func TestAHookThatFailsIsNotedAndBlocksNothing(t *testing.T) {
	inner := &inMemory{}
	j := hook.Hooks{Call: within(3 * time.Second), Argv: map[string][]string{
		hook.OnHold: {"sh", "-c", "echo first >&2; echo no secret here >&2; exit 3"}, hook.OnResume: {"/no/such/program"},
		hook.OnAbort: {"sleep", "60"}}}.Decorate(inner)
	begun := time.Now()
	for _, kind := range []state.EventKind{state.HoldBegan, state.HoldEnded, state.StepAbort} {
		if _, err := j.Record(state.Event{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("recording took %v", took)
	}
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, e := range inner.events {
		if e.Kind == state.Noted {
			notes = append(notes, e.Reason.Text())
		}
	}
	text := strings.Join(notes, "\n")
	for _, want := range []string{"on_hold failed: sh: exit status 3: no … here", "on_resume failed: /no/such/program",
		"on_abort failed: sleep: the command did not end in time and was killed"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among\n%s", want, text)
		}
	}
	if len(notes) != 3 {
		t.Errorf("%d notes", len(notes))
	}
}

// TestHooksHearNoEventThatIsNotOnDisk has a journal that cannot be written.
func TestHooksHearNoEventThatIsNotOnDisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	j := hook.Hooks{Argv: map[string][]string{hook.OnDone: {"touch", file}},
		Call: within(time.Second)}.Decorate(&inMemory{})
	if _, err := j.Record(state.Event{Kind: state.RunEnded, Reason: verdict.Of(verdict.Note, "full")}); err == nil {
		t.Error("the event was recorded though the journal is full, want its error")
	}
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the hook was run: %v", err)
	}
}
