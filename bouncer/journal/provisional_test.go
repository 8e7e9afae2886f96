package journal_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestEveryEventIsReadBackwards, where what it follows is not known yet: status, history and explain read so.
func TestEveryEventIsReadBackwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j, err := journal.Mirror{}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 5, To: 4}}}
	act := &state.Action{Kind: state.Release, Changes: step.Changes}
	undo := &state.Action{Kind: state.Undo, Pool: "main/app", Changes: []fleet.SettingChange{step.Changes[0].Back()}}
	why := verdict.Of(verdict.Note, "why")
	events := []state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}}, {Kind: state.Noted, Reason: why},
		{Kind: state.StepBegan, Step: step}, {Kind: state.Intended, Action: act}, {Kind: state.Failed, Action: act,
			Outcome: state.Held}, {Kind: state.Acted, Action: act}, {Kind: state.HoldBegan, Reason: why},
		{Kind: state.HoldEnded}, {Kind: state.Adjusted, Reason: why}, {Kind: state.Relocked, Reason: why},
		{Kind: state.StepEnded, Until: at.Add(time.Hour)}, {Kind: state.StepProlonged, Until: at.Add(2 * time.Hour)},
		{Kind: state.StepReopened, Reason: why}, {Kind: state.StepAbort, Step: &state.Step{Kind: state.Backward}},
		{Kind: state.StepEnded}, {Kind: state.StepBegan, Step: step}, {Kind: state.Acted, Action: act},
		{Kind: state.Acted, Action: undo}, {Kind: state.StepTrimmed, Step: &state.Step{Kind: state.Forward},
			Reason: why},
		{Kind: state.StepEnded}, {Kind: state.StepBegan, Step: step}, {Kind: state.StepEnded, Until: at.Add(time.Hour)},
		{Kind: state.StepConfirmed}, {Kind: state.Replanned, Goal: &sizing.Goal{}}, {Kind: state.RunEnded,
			Outcome: state.Done}, {Kind: state.Accepted}}
	kinds := map[state.EventKind]bool{}
	for _, e := range events {
		e.At, kinds[e.Kind] = at, true
		if _, err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	n := len(events)
	for e, err := range journal.Newest(path) {
		if n--; err != nil || e.Kind != events[n].Kind {
			t.Fatalf("event %d: %s (%v), want %s", n+1, e.Kind, err, events[n].Kind)
		}
	}
	if n != 0 || len(kinds) != 19 {
		t.Errorf("%d events were not read, of %d kinds", n, len(kinds))
	}
}
