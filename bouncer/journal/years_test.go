package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// years writes a journal of so many bytes as Record does, without waiting for the disk after each line.
func years(t *testing.T, size int64) (path string, want state.JournalState) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "years.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var tally tally
	var n int64
	write := func(line []byte, err error) {
		if err == nil {
			_, err = file.Write(line)
		}
		if err != nil {
			t.Fatal(err)
		}
		n += int64(len(line))
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	record := func(e state.Event) {
		if tally.due() {
			line, err := sealSnapshot(tally.state)
			write(line, err)
			tally.since, tally.snapshot = 0, int64(len(line))
		}
		at = at.Add(time.Second)
		e.Seq, e.At = tally.state.Seq+1, at
		line, err := seal(e)
		write(line, err)
		tally.state = tally.state.After(e)
		tally.since += int64(len(line))
	}
	write(headerLine, nil)
	goal := &sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "pg", Size: 9}, {Pool: "ci/app",
		Server: "pg", Size: 4}}}
	var seen []state.Seen
	for i := range 40 {
		seen = append(seen, state.Seen{Process: fmt.Sprintf("main/%02d", i), Alias: "app", Users: []string{"app1", "app2"}})
	}
	for size := size; n < size; {
		record(state.Event{Kind: state.RunBegan, Goal: goal, Seen: seen,
			Soaks: []learn.SoakResult{{Shift: "main/app:ci/app", At: at, X: 5}}})
		for range 5 {
			var sets []fleet.SettingChange
			for i := range 10 {
				sets = append(sets, fleet.SettingChange{Process: fmt.Sprintf("main/%02d", i), Alias: "app", Key: fleet.KeySize,
					From: 10, To: 9})
			}
			record(state.Event{Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward, Changes: sets}})
			record(state.Event{Kind: state.Intended, Action: &state.Action{Kind: state.Release, Changes: sets}})
			record(state.Event{Kind: state.Acted, Action: &state.Action{Kind: state.Release, Changes: sets}})
			record(state.Event{Kind: state.HoldBegan, Reason: verdict.Noted("cpu of pg is 0.9, and holds above 0.85")})
			record(state.Event{Kind: state.HoldEnded})
			record(state.Event{Kind: state.StepEnded})
		}
		record(state.Event{Kind: state.RunEnded, Outcome: state.Done, Reason: verdict.Of(verdict.AsPlanned, "")})
	}
	return path, tally.state
}

// TestAJournalOfYearsOpensAtOnce bounds what is read and what is kept in memory, whatever the length of the journal.
func TestAJournalOfYearsOpensAtOnce(t *testing.T) {
	size := int64(20 << 20)
	if testing.Short() {
		size = 6 << 20
	} else if os.Getenv("PGBUDGET_SOAK") != "" {
		size = 500 << 20
	}
	path, want := years(t, size)
	reads := &counted{ReaderAt: mustOpen(t, path)}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var before, during, after runtime.MemStats
	debug.FreeOSMemory()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	st, err := content{path, reads, info.Size()}.load()
	took := time.Since(begun)
	runtime.ReadMemStats(&during)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	held := func(m runtime.MemStats) int64 { return int64(m.HeapSys - m.HeapReleased) }
	most := held(during) - held(before)
	t.Logf("%d events in %d MB: %v, %d kB read, %d MB allocated one after the other, %d MB at one time, %d kB kept",
		st.state.Seq, info.Size()>>20,
		took.Round(time.Millisecond), reads.bytes>>10, (after.TotalAlloc-before.TotalAlloc)>>20, most>>20,
		(int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	if most > 50<<20 {
		t.Errorf("%d bytes were held at one time", most)
	}
	if most := int64(2*every + 4*(sparse+1)*st.snapshot); reads.bytes > most || reads.bytes > 12<<20 {
		t.Errorf("%d bytes were read, want at most %d", reads.bytes, most)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 600<<20 { // 310 MB of the longest tail
		t.Errorf("%d bytes were allocated", allocated)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 20<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	is, _ := json.Marshal(st.state)
	was, _ := json.Marshal(want)
	if !bytes.Equal(is, was) {
		t.Error("the state is another one")
	}
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if e, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil || e.Seq != want.Seq+1 {
		t.Errorf("event %d, %v", e.Seq, err)
	}
}
