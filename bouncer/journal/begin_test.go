package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// openOrBegin opens a journal that may not be there yet.
func (m Mirror) openOrBegin(path string) (*Journal, error) {
	if begun(path) {
		return m.Open(path)
	}
	return m.Begin(path)
}

// TestAJournalWhoseCommandHasItsLinesIsBegunByAPerson: a host that was built anew has no journal, and nothing is
// written to a new one until somebody says that there never was one.
func TestAJournalWhoseCommandHasItsLinesIsBegunByAPerson(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	var given []string
	m := Mirror{Name: "remote", Give: func(line []byte) error { given = append(given, string(line)); return nil }}
	refused := func(when string) {
		t.Helper()
		j, err := m.Open(path)
		if j != nil {
			j.Close()
		}
		for of, err := range map[string]error{"Open": err, "Unbegun": m.Unbegun(path)} {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), "its mirror remote") ||
				!strings.Contains(operr.HintOf(err), "pgbudget journal begin") || !strings.Contains(operr.HintOf(err),
				"journal import") {
				t.Errorf("%s, %s: %v; next: %s", when, of, err, operr.HintOf(err))
			}
		}
	}
	refused("missing")
	if _, err := os.Stat(path); err == nil || len(given) > 0 {
		t.Errorf("a journal was made, or its mirror given %q", given)
	}
	j, err := m.Begin(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if len(given) != 2 || strings.TrimSpace(given[0]) != strings.TrimSpace(string(headerLine)) {
		t.Errorf("the mirror was given %q", given)
	}
	if j, err = m.Open(path); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if _, err := m.Begin(path); operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), "has 1 event") {
		t.Errorf("begun a second time: %v", err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	refused("empty")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("lost")
	for _, m := range []Mirror{{}, {Path: path + ".mirror"}} { // nothing is unknown of these
		j, err := m.Open(path)
		if err != nil || m.Unbegun(path) != nil {
			t.Fatal(err)
		}
		j.Close()
		os.Remove(path)
	}
}

// TestABeginningThatItsMirrorDidNotTakeGoesOn: the journal is begun, and its first line is given again.
func TestABeginningThatItsMirrorDidNotTakeGoesOn(t *testing.T) {
	path, fails := filepath.Join(t.TempDir(), "j.jsonl"), true
	given := ""
	m := Mirror{Name: "remote", Give: func(line []byte) error {
		if fails {
			return os.ErrDeadlineExceeded
		}
		given += string(line)
		return nil
	}}
	if _, err := m.Begin(path); operr.KindOf(err) != operr.KindUnreachable {
		t.Errorf("%v", err)
	}
	fails = false
	j, err := m.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	if strings.TrimSpace(given) != strings.TrimSpace(string(headerLine)) {
		t.Errorf("the mirror was given %q", given)
	}
}
