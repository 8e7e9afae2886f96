package asked

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// TestWhatIsAskedIsHeededUntilItIsCleared: an abort with who and when, settings of several people together, and nothing
// once a run has cleared it, which says what it was.
func TestWhatIsAskedIsHeededUntilItIsCleared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.jsonl")
	was, err := LeftOf(path).Clear()
	if why := Aborted(path); err != nil || len(was) > 0 || why.Any() {
		t.Errorf("nothing was asked: %v, %q, %v", err, was, why)
	}
	if p, why := Settings(path, state.DefaultPolicy()); why.Any() || p != state.DefaultPolicy() {
		t.Errorf("nothing was asked: %v", why)
	}
	if err := Abort(path, "ann@desk", noon); err != nil {
		t.Fatal(err)
	}
	if why := Aborted(path); !why.Is(verdict.AbortAsked) || why.Text() != "asked by ann@desk at 2026-11-30 12:00:00 UTC" {
		t.Errorf("%v", why)
	}
	for by, set := range map[string]config.Settings{"ann@desk": {"percent": "2"}, "ben@desk": {"soak": "5m"}} {
		if err := Set(path, by, noon, set); err != nil {
			t.Fatal(err)
		}
	}
	p, why := Settings(path, state.DefaultPolicy())
	if !why.Is(verdict.SettingsAsked) || p.Percent != 2 || p.Soak != 5*time.Minute {
		t.Errorf("%+v, %v", p, why)
	}
	if _, again := Settings(path, p); again.Any() {
		t.Errorf("what is so already changes nothing: %v", again)
	}
	if was, err = LeftOf(path).Clear(); err != nil || len(was) != 2 ||
		was[0] != "to abort, by ann@desk at 2026-11-30 12:00:00 UTC" ||
		!strings.HasPrefix(was[1], "to change settings, by ") {
		t.Errorf("%v, %q", err, was)
	}
	if was, err = LeftOf(path).Clear(); err != nil || len(was) > 0 {
		t.Errorf("it was cleared: %v, %q", err, was)
	}
}

// TestWhatIsAskedOfARunThatBeginsStays: only what stood before the journal was locked is of the run before.
func TestWhatIsAskedOfARunThatBeginsStays(t *testing.T) {
	ask := func(path string) {
		t.Helper()
		err := errors.Join(Abort(path, "ann@desk", noon), Set(path, "ann@desk", noon, config.Settings{"soak": "5m"}))
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, before := range map[string]bool{"nothing before": false, "something before": true} {
		path := filepath.Join(t.TempDir(), "fleet.jsonl")
		if before {
			ask(path)
		}
		left := LeftOf(path)
		ask(path) // the journal is locked, and the fleet's locks are still taken
		was, err := left.Clear()
		_, set := Settings(path, state.DefaultPolicy())
		if err != nil || len(was) > 0 || !Aborted(path).Any() || !set.Is(verdict.SettingsAsked) {
			t.Errorf("%s: %v, %q, %v, %v", name, err, was, Aborted(path), set)
		}
	}
}

// TestAFileThatIsNoSettingIsNamed: nothing changes, and the reason names the file and what is wrong with it.
func TestAFileThatIsNoSettingIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fleet.jsonl")
	for text, want := range map[string]string{
		"soak=5s":                            "invalid character",
		`{"by": "ann", "set": {"soak": 5}}`:  "cannot unmarshal number",
		`{"set": {"windows": "always"}}`:     `"windows" cannot be set`,
		`{"set": {"percent": "0"}}`:          "percent is 0, want 0.01 to 100",
		`{"set": {"soak": "5s"}}` + "\x00\n": "invalid character",
	} {
		if err := os.WriteFile(path+".set", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, why := Settings(path, state.DefaultPolicy())
		if !why.Is(verdict.SettingsUnread) || p != state.DefaultPolicy() || !strings.Contains(why.Text(), want) ||
			!strings.Contains(why.Text(), path+".set") {
			t.Errorf("%q: %v, want %q and the file", text, why, want)
		}
	}
}
