package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAMirrorThatFailsEndsTheJournal in the middle of a run; the next one goes on with it, or without.
func TestAMirrorThatFailsEndsTheJournal(t *testing.T) {
	path, mirror, _ := mirrored(t, 3)
	j, err := Mirror{Path: mirror}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	j.mirror.file.Close() // its disk is gone
	_, err = j.Record(state.Event{Kind: state.HoldEnded})
	if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(fmt.Sprint(err), mirror) ||
		!strings.Contains(operr.HintOf(err), "take mirror: out of the config") {
		t.Errorf("%v; next: %s", err, operr.HintOf(err))
	}
	if seq := j.State().Seq; seq != 4 {
		t.Errorf("it remembers event %d, want 4, which is in the journal", seq)
	}
	if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err == nil || j.State().Seq != 4 {
		t.Errorf("it goes on after a failure: %v, event %d", err, j.State().Seq)
	}
	for _, m := range []Mirror{{Path: mirror}, {}} {
		j, err := m.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if seq := j.State().Seq; seq != 4 {
			t.Errorf("the newest event is %d, want 4: it was not answered, and is there as after a crash", seq)
		}
		if m.Path != "" {
			same(t, path, mirror)
		}
		j.Close()
	}
}

// TestAMirrorThatFailsNamesTheFateOfTheAction: after an action, its line is in the journal, and the action was done.
func TestAMirrorThatFailsNamesTheFateOfTheAction(t *testing.T) {
	set := fleet.SettingChange{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: 10, To: 9}
	step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{set}}
	action := &state.Action{Kind: state.Release, Changes: []fleet.SettingChange{set}}
	events := []state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}}, {Kind: state.StepBegan, Step: step},
		{Kind: state.Intended, Action: action},
		{Kind: state.Acted, Action: action}, {Kind: state.StepEnded}, {Kind: state.RunEnded, Outcome: state.Done}}
	want := []string{"nothing was begun", "nothing of the step that the journal has was done", "the action was not begun",
		"the action was done", "nothing more is done",
		"the run has ended"}
	for _, file := range []bool{false, true} {
		for i := range events {
			dir, fails := t.TempDir(), false
			m := Mirror{Name: "remote", Give: func([]byte) error {
				if fails {
					return errors.New("broken pipe")
				}
				return nil
			}}
			if file {
				m = Mirror{Path: filepath.Join(dir, "m.jsonl")}
			}
			j, err := m.openOrBegin(filepath.Join(dir, "j.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events[:i] {
				if _, err := j.Record(e); err != nil {
					t.Fatal(err)
				}
			}
			if fails = true; file {
				j.mirror.file.Close()
			}
			_, err = j.Record(events[i])
			if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(fmt.Sprint(err), want[i]) {
				t.Errorf("%s: %v, want %q", events[i].Kind, err, want[i])
			}
			if done := strings.Contains(fmt.Sprint(err), "nothing was begun"); done != (i < 1) {
				t.Errorf("%s: %v", events[i].Kind, err)
			}
			j.Close()
		}
	}
}

// TestAFileThatCannotBeWrittenIsFoundWithoutOpeningIt: a dry run ends as the run would.
func TestAFileThatCannotBeWrittenIsFoundWithoutOpeningIt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "journal")
	write(t, file, nil)
	for name, c := range map[string]struct {
		path, mirror, want string
	}{
		"both can":                {file, filepath.Join(dir, "mirror"), ""},
		"a folder":                {dir, "", "is a folder"},
		"no folder of it":         {filepath.Join(dir, "none", "journal"), "", "no such file"},
		"a mirror without folder": {file, filepath.Join(dir, "none", "mirror"), "no such file"},
		"a mirror that is one":    {file, dir, "is a folder"},
		"below a file":            {file, filepath.Join(file, "mirror"), "not a directory"},
	} {
		err := Mirror{Path: c.mirror}.Writable(c.path)
		if c.want == "" && err != nil || c.want != "" && (operr.KindOf(err) != operr.KindUsage ||
			!strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		opened, opens := Mirror{Path: c.mirror}.Open(c.path)
		if opens == nil {
			opened.Close()
		}
		if (opens == nil) != (err == nil) {
			t.Errorf("%s: opening says %v, and %v was said before", name, opens, err)
		}
	}
}
