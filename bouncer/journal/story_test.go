package journal

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner"
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
	m  planner.Memory
	at time.Time
}

func newTeller(seed uint64) *teller {
	return &teller{Rand: rand.New(rand.NewPCG(seed, 7)), at: time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)}
}

func (t *teller) set() planner.Set {
	return planner.Set{Process: []string{"main/1", "main/2", "ci/1"}[t.IntN(3)], Alias: []string{"app",
		"other"}[t.IntN(2)],
		Key: []planner.Key{planner.KeySize, planner.KeyReserve, planner.KeyLifetime}[t.IntN(3)], From: t.IntN(40),
		To: t.IntN(40)}
}

func (t *teller) step(kind planner.StepKind) *planner.Step {
	s := &planner.Step{Kind: kind, Sets: []planner.Set{}}
	for range t.IntN(4) {
		s.Sets = append(s.Sets, t.set())
	}
	if t.IntN(3) == 0 {
		s.Turn = &planner.Turn{Shift: "main/app:ci/app", From: t.IntN(100), To: t.IntN(100)}
	}
	return s
}

func (t *teller) point() *planner.Point {
	return &planner.Point{Shift: "main/app:ci/app", At: t.at, X: t.IntN(100), Window: time.Minute,
		From:     planner.Measure{Erlangs: t.ExpFloat64(), SD: t.Float64()},
		Expected: &planner.Range{Lower: t.Float64(), Upper: 1}, Text: "a \"text\"\nof <two> lines"}
}

func (t *teller) goal() *planner.Goal {
	return &planner.Goal{Pools: []planner.GoalPool{{Pool: "main/app", Server: "pg", Size: t.IntN(50),
		MeanWait: planner.Unknown()}, {Pool: "ci/app", MeanWait: planner.Float(t.Float64())}}}
}

func (t *teller) act() *planner.Act {
	a := &planner.Act{Verb: []planner.Verb{planner.Release, planner.Grant, planner.Undo, planner.Flush, planner.Restore,
		planner.Flip}[t.IntN(6)], Reason: "why", Pool: "main/app"}
	for range 1 + t.IntN(2) {
		a.Sets = append(a.Sets, t.set())
	}
	if a.Verb == planner.Flip {
		a.Sets, a.Turn = nil, &planner.Turn{Shift: "main/app:ci/app", From: t.IntN(100), To: t.IntN(100)}
	}
	return a
}

// next is an event that may follow; it has no number.
func (t *teller) next() planner.Event {
	for {
		t.at = t.at.Add(time.Duration(t.IntN(1e6)) * time.Microsecond)
		e := planner.Event{Seq: t.m.Seq + 1, At: t.at}
		switch t.IntN(12) {
		case 0:
			e.Kind, e.Goal, e.To = planner.RunBegan, t.goal(), int64(t.IntN(3)*t.IntN(20))
			e.Servers, e.Seen = []planner.Origin{{Name: "pg", SystemID: "7"}}, []planner.Seen{{Process: "main/1", Alias: "app",
				Users: []string{"u", "v"}}}
			e.Turned = []planner.Switch{{Shift: "main/app:ci/app", X: t.IntN(100), At: t.at}}
			e.Bases = []planner.Base{{Shift: "main/app:ci/app", At: t.at, From: planner.Load{Pool: "main/app",
				InSystem: planner.Unknown(), Notes: []string{"n"}}}}
			e.Points = []planner.Point{*t.point()}
		case 1:
			e.Kind, e.Step = planner.StepBegan, t.step(planner.Forward)
		case 2:
			e.Kind, e.Step, e.Reason = planner.StepAbort, t.step(planner.Backward), "it waits"
		case 3, 4:
			e.Kind, e.Act = planner.Intended, t.act()
		case 5, 6:
			e.Kind, e.Act = planner.Acted, t.act()
		case 7:
			e.Kind, e.Act, e.Outcome, e.Reason = planner.Failed, t.act(), planner.Held, "no"
		case 8:
			e.Kind = planner.StepEnded
			if t.IntN(2) == 0 {
				e.Point = t.point()
			}
		case 9:
			e.Kind, e.Step, e.Reason = planner.StepCut, t.step(planner.Forward), "full"
		case 10:
			e.Kind = []planner.EventKind{planner.HoldBegan, planner.HoldEnded, planner.Noted, planner.Accepted}[t.IntN(4)]
			e.Reason = "held"
		case 11:
			e.Kind, e.Outcome = planner.RunEnded, []planner.Outcome{planner.Done, planner.Held, planner.Aborted}[t.IntN(3)]
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
				Memory  string `json:"memory"`
			}{planner.MemoryVersion + 1, "something else"})
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
