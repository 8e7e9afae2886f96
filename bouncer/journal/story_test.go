package journal

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// counted counts what is read.
type counted struct {
	io.ReaderAt
	bytes int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.bytes += int64(n)
	return n, err
}

func mustOpen(t testing.TB, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// teller tells what a run may do, one event after the other.
type teller struct {
	*rand.Rand
	m  state.JournalState
	at time.Time
}

func newTeller(seed uint64) *teller {
	return &teller{Rand: rand.New(rand.NewPCG(seed, 7)), at: time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)}
}

func (t *teller) set() fleet.SettingChange {
	return fleet.SettingChange{Process: []string{"main/1", "main/2", "ci/1"}[t.IntN(3)], Alias: []string{"app",
		"other"}[t.IntN(2)],
		Key: []fleet.Key{fleet.KeySize, fleet.KeyReserve, fleet.KeyLifetime}[t.IntN(3)], From: t.IntN(40),
		To: t.IntN(40)}
}

func (t *teller) step(kind state.StepKind) *state.Step {
	s := &state.Step{Kind: kind, Changes: []fleet.SettingChange{}}
	for range t.IntN(4) {
		s.Changes = append(s.Changes, t.set())
	}
	if t.IntN(3) == 0 {
		s.Traffic = &shift.TrafficChange{Shift: "main/app:ci/app", From: t.IntN(100), To: t.IntN(100)}
	}
	return s
}

func (t *teller) soak() *learn.SoakResult {
	return &learn.SoakResult{Shift: "main/app:ci/app", At: t.at, X: t.IntN(100), Window: time.Minute,
		From:     learn.Measure{Erlangs: t.ExpFloat64(), SD: t.Float64()},
		Expected: &load.Range{Lower: t.Float64(), Upper: 1}, Why: verdict.Noted("a \"text\"\nof <two> lines").Spoken()}
}

func (t *teller) goal() *sizing.Goal {
	return &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "pg", Size: t.IntN(50),
		MeanWait: fleet.Unknown()}, {Pool: "ci/app", MeanWait: fleet.Float(t.Float64())}}}
}

func (t *teller) action() *state.Action {
	a := &state.Action{Kind: []state.ActionKind{state.Release, state.Grant, state.Undo, state.Flush, state.Restore,
		state.ShiftTraffic}[t.IntN(6)], Reason: verdict.Of(verdict.Note, "why"), Pool: "main/app"}
	for range 1 + t.IntN(2) {
		a.Changes = append(a.Changes, t.set())
	}
	if a.Kind == state.ShiftTraffic {
		a.Changes, a.Traffic = nil, &shift.TrafficChange{Shift: "main/app:ci/app", From: t.IntN(100), To: t.IntN(100)}
	}
	return a
}

// next is an event that may follow; it has no number.
func (t *teller) next() state.Event {
	for {
		t.at = t.at.Add(time.Duration(t.IntN(1e6)) * time.Microsecond)
		e := state.Event{Seq: t.m.Seq + 1, At: t.at}
		switch t.IntN(12) {
		case 0:
			e.Kind, e.Goal, e.To = state.RunBegan, t.goal(), int64(t.IntN(3)*t.IntN(20))
			e.Servers, e.Seen = []state.Origin{{Name: "pg", SystemID: "7"}}, []state.Seen{{Process: "main/1", Alias: "app",
				Users: []string{"u", "v"}}}
			e.Switches = []state.Switch{{Shift: "main/app:ci/app", X: t.IntN(100), At: t.at}}
			e.Baselines = []learn.Baseline{{Shift: "main/app:ci/app", At: t.at, From: load.Load{Pool: "main/app",
				InSystem: fleet.Unknown(), Notes: []string{"n"}}}}
			e.Soaks = []learn.SoakResult{*t.soak()}
		case 1:
			e.Kind, e.Step = state.StepBegan, t.step(state.Forward)
		case 2:
			e.Kind, e.Step, e.Reason = state.StepAbort, t.step(state.Backward), verdict.Noted("it waits")
		case 3, 4:
			e.Kind, e.Action = state.Intended, t.action()
		case 5, 6:
			e.Kind, e.Action = state.Acted, t.action()
		case 7:
			e.Kind, e.Action, e.Outcome, e.Reason = state.Failed, t.action(), state.Held, verdict.Noted("no")
		case 8:
			e.Kind = state.StepEnded
			if t.IntN(2) == 0 {
				e.Soak = t.soak()
			}
		case 9:
			e.Kind, e.Step, e.Reason = state.StepTrimmed, t.step(state.Forward), verdict.Noted("full")
		case 10:
			e.Kind = []state.EventKind{state.HoldBegan, state.HoldEnded, state.Noted, state.Accepted}[t.IntN(4)]
			e.Reason = verdict.Noted("held")
		case 11:
			e.Kind, e.Outcome = state.RunEnded, []state.Outcome{state.Done, state.Held, state.Aborted}[t.IntN(3)]
		}
		if t.m.Refuses(e) == nil {
			t.m = t.m.After(e)
			return e
		}
	}
}

// told writes a journal of n events into a file and returns it; a snapshot follows each `every` bytes.
func told(t testing.TB, n int, every int64) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "j.jsonl")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	j.tally.every = every
	story := newTeller(uint64(n))
	for range n {
		if _, err := j.Record(story.next()); err != nil {
			t.Fatal(err)
		}
	}
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, data
}

func snapshots(data []byte) int { return bytes.Count(data, []byte("\n"+snapshotMark)) }

// ofAnotherVersion writes the snapshots of a journal anew, as another pgbudget would have.
func ofAnotherVersion(data []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte(snapshotMark)) {
			line = mustSeal(struct {
				Version int    `json:"snapshot"`
				Memory  string `json:"state"`
			}{state.JournalStateVersion + 1, "something else"})
		}
		out.Write(line)
	}
	return out.Bytes()
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
