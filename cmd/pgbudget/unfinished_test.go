package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestTheNewestEventIsInWhatIsSaid: where the mirror alone has failed, the event is in the journal, and so in the text.
func TestTheNewestEventIsInWhatIsSaid(t *testing.T) {
	broken := false
	mirror := journal.Mirror{Name: "remote", Give: func([]byte) error {
		if broken {
			return errors.New("broken pipe")
		}
		return nil
	}}
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j, err := mirror.Begin(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 10, To: 9}}}
	for _, c := range []struct {
		event state.Event
		kept  bool
	}{
		{state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}}, false},
		{state.Event{Kind: state.StepBegan, Step: &step}, true},
		{state.Event{Kind: state.StepEnded}, false},
	} {
		broken = true
		_, err := j.Record(c.event)
		if err == nil {
			t.Fatal("a mirror that fails was not heard of")
		}
		said := unfinished(err, j.State(), "pgbudget run")
		if got := strings.Contains(said.Error(), "the step in hand, main/app 10 → 9, is kept"); got != c.kept {
			t.Errorf("after %s: %v; want the step in hand: %v", c.event.Kind, said, c.kept)
		}
		if c.kept && strings.Contains(said.Error(), "nothing was begun") {
			t.Errorf("after %s: %v, and a step is in hand", c.event.Kind, said)
		}
		broken = false
		if j, err = mirror.Open(path); err != nil {
			t.Fatal(err)
		}
		defer j.Close()
	}
}

// TestAJournalThatIsALinkHasOnePause by whatever name it is known, also before it is there.
func TestAJournalThatIsALinkHasOnePause(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.MkdirAll(at("real/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"folder": "real", "link.jsonl": "real/j.jsonl",
		"real/near.jsonl": at("real/j.jsonl")} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, there := range []bool{false, true} {
		if there {
			if err := os.WriteFile(at("real/j.jsonl"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for path, want := range map[string]string{"real/j.jsonl": "real/j.jsonl", "link.jsonl": "real/j.jsonl",
			"real/near.jsonl": "real/j.jsonl",
			"folder/j.jsonl":  "folder/j.jsonl", "none/j.jsonl": "none/j.jsonl"} {
			c := &config.Config{File: config.File{Journal: at(path)}}
			if err := oneJournal(at("real/x.yaml"), nil, c); err != nil || c.Journal != at(want) {
				t.Errorf("%s is %s (%v), want %s", path, c.Journal, err, at(want))
			}
		}
	}
}
