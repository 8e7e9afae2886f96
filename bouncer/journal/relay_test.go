package journal

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// relay is a journal whose mirror is a command, and what the command was given.
type relay struct {
	t     *testing.T
	path  string
	given bytes.Buffer
	every int64
	at    time.Time
}

func newRelay(t *testing.T) *relay {
	return &relay{t: t, path: filepath.Join(t.TempDir(), "j.jsonl"), at: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)}
}

// record opens the journal and records so many events.
func (r *relay) record(n int) {
	r.t.Helper()
	j, err := Mirror{Name: "remote", Give: func(line []byte) error { r.given.Write(line); return nil }}.openOrBegin(r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer j.Close()
	j.tally.every = r.every
	for range n {
		r.at = r.at.Add(time.Minute)
		if _, err := j.Record(state.Event{At: r.at, Kind: state.Noted, Reason: verdict.Of(verdict.Note,
			"a reason")}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// is is the journal as it stands.
func (r *relay) is() []byte { return mustRead(r.t, r.path) }

// put puts back a journal.
func (r *relay) put(data []byte) { write(r.t, r.path, data) }

// typed runs what a hint says to type, as far as pgbudget itself, with a shell, and imports what comes.
func typed(t *testing.T, hint, file string, data []byte) (out [][]byte) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, file), data)
	parts := strings.Split(hint, " | pgbudget journal import -")
	for _, part := range parts[:len(parts)-1] {
		line := part[strings.LastIndex(part, ": ")+2:]
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		journal, _, err := imported(t, text)
		if err != nil {
			t.Errorf("%s: %v; next: %s", line, err, operr.HintOf(err))
		}
		out = append(out, journal)
	}
	return out
}
