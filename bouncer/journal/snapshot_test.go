package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

var sameFloat = cmp.Comparer(func(a, b fleet.Float) bool { return a == b || !a.Known() && !b.Known() })

// TestASnapshotAndTheRestAreAllEvents cuts journals after each of their lines: what is read from the newest snapshot on
// is what all events come to.
func TestASnapshotAndTheRestAreAllEvents(t *testing.T) {
	for seed := range 4 {
		_, data := told(t, 150+seed, int64(500+1500*seed))
		if snapshots(data) < 5 {
			t.Fatalf("only %d snapshots", snapshots(data))
		}
		var events []state.Event
		at := 0
		for line := range bytes.Lines(data) {
			at += len(line)
			text := line[:len(line)-1]
			if !bytes.HasPrefix(text, []byte(snapshotMark)) && !bytes.HasPrefix(text, []byte(headerMark)) {
				e, err := parseEvent(text)
				if err != nil {
					t.Fatal(err)
				}
				events = append(events, e)
			}
			st, err := content{"j", bytes.NewReader(data), int64(at)}.load()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bouncer.Replay(events), st.memory, sameFloat); diff != "" || st.whole != int64(at) ||
				string(st.last) != string(line) {
				t.Fatalf("%d events, whole %d of %d, memory (-all events +from the snapshot):\n%s", len(events), st.whole, at, diff)
			}
		}
	}
}

// TestASnapshotThatWasCutIsPassedOver is a crash in the middle of writing one: the one before it is the newest.
func TestASnapshotThatWasCutIsPassedOver(t *testing.T) {
	_, data := told(t, 60, 3000)
	if snapshots(data) < 3 {
		t.Fatalf("only %d snapshots", snapshots(data))
	}
	begins := bytes.LastIndex(data, []byte("\n"+snapshotMark)) + 1
	ends := begins + bytes.IndexByte(data[begins:], '\n')
	want, err := content{"j", bytes.NewReader(data), int64(begins)}.load()
	if err != nil {
		t.Fatal(err)
	}
	for n := ends; n >= begins; n -= 1 + n%5 {
		st, err := content{"j", bytes.NewReader(data[:n]), int64(n)}.load()
		if err != nil || st.whole != int64(begins) || st.memory.Seq != want.memory.Seq ||
			string(st.last) != string(want.last) {
			t.Fatalf("cut at %d of [%d, %d]: %d bytes are whole, event %d, %v", n, begins, ends, st.whole, st.memory.Seq, err)
		}
	}
	more := append(bytes.Clone(data[:ends]), "\v{"...)
	if _, err := (content{"j", bytes.NewReader(more), int64(len(more))}).load(); !strings.Contains(fmt.Sprint(err),
		"the line break was changed") {
		t.Error(err)
	}
}

// TestASnapshotThatIsNotTheEventsIsFound changes one that nobody would notice, with its checksum.
func TestASnapshotThatIsNotTheEventsIsFound(t *testing.T) {
	path, data := told(t, 100, 2000)
	var other bytes.Buffer
	lines, changed := 0, 0
	for line := range bytes.Lines(data) {
		lines++
		if bytes.HasPrefix(line, []byte(snapshotMark)) && changed == 0 {
			m, _, err := parseSnapshot(line[:len(line)-1])
			if err != nil {
				t.Fatal(err)
			}
			changed = lines
			m.StepTo++
			if line, err = sealSnapshot(m); err != nil {
				t.Fatal(err)
			}
		}
		other.Write(line)
	}
	if err := os.WriteFile(path, other.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !strings.Contains(fmt.Sprint(err), fmt.Sprintf("%s:%d: the snapshot of event", path,
		changed)) {
		t.Error(err)
	}
}

// TestAnyByteThatIsChangedIsFound changes each byte of a journal in turn. Bytes before the newest snapshot are found by
// what reads them all.
func TestAnyByteThatIsChangedIsFound(t *testing.T) {
	_, data := told(t, 12, 2500)
	if snapshots(data) == 0 {
		t.Fatalf("a journal of %d bytes has no snapshot, and the test needs one: write more events", len(data))
	}
	newest := bytes.LastIndex(data, []byte("\n"+snapshotMark))
	for i := range data {
		changed, bit := bytes.Clone(data), byte(1)<<(i%8)
		changed[i] ^= bit
		c := content{"j", bytes.NewReader(changed), int64(len(changed))}
		line := 1 + bytes.Count(data[:i], []byte{'\n'})
		if err := c.all(func([]byte) error { return nil }); err == nil || !strings.HasPrefix(err.Error(),
			fmt.Sprintf("j:%d:", line)) {
			t.Fatalf("byte %d %q of line %d (bit %#x): read as a whole: %v", i, data[i], line, bit, err)
		}
		if _, err := c.load(); i > newest && err == nil {
			t.Fatalf("byte %d %q of line %d (bit %#x): loaded as if nothing had happened", i, data[i], line, bit)
		}
	}
}

// TestTheNewestEventsAreReadFromTheEnd compares with all of them, whatever the lengths of lines.
func TestTheNewestEventsAreReadFromTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	j.tally.every = 100 << 10
	for i := range 60 {
		text := strings.Repeat("x", []int{0, 10, block, block - 100, 5 * block, 300}[i%6])
		if _, err := j.Record(state.Event{Kind: state.Noted, Reason: verdict.Noted(text)}); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Read(path)
	if err != nil || len(want) != 60 {
		t.Fatalf("%d events, %v", len(want), err)
	}
	i := len(want)
	for e, err := range Newest(path) {
		if err != nil {
			t.Fatal(err)
		}
		if i--; cmp.Diff(want[i], e) != "" {
			t.Fatalf("event %d: got number %d with %d bytes", i+1, e.Seq, len(e.Reason.Text()))
		}
	}
	if i != 0 {
		t.Errorf("%d events were not read", i)
	}
	for range Newest(filepath.Join(t.TempDir(), "none")) {
		t.Error("a journal that is not there has events")
	}
}

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
			line, err := sealSnapshot(tally.memory)
			write(line, err)
			tally.since, tally.snapshot = 0, int64(len(line))
		}
		at = at.Add(time.Second)
		e.Seq, e.At = tally.memory.Seq+1, at
		line, err := seal(e)
		write(line, err)
		tally.memory = tally.memory.After(e)
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
	return path, tally.memory
}

// TestAJournalOfYearsOpensAtOnce bounds what is read and what is kept in memory, whatever the length of the journal.
func TestAJournalOfYearsOpensAtOnce(t *testing.T) {
	size := int64(20 << 20)
	if os.Getenv("PGBUDGET_SOAK") != "" {
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
		st.memory.Seq, info.Size()>>20,
		took.Round(time.Millisecond), reads.bytes>>10, (after.TotalAlloc-before.TotalAlloc)>>20, most>>20,
		(int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	if most > 50<<20 {
		t.Errorf("%d bytes were held at one time", most)
	}
	if most := int64(2*every + 4*(sparse+1)*st.snapshot); reads.bytes > most || reads.bytes > 12<<20 {
		t.Errorf("%d bytes were read, want at most %d", reads.bytes, most)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 200<<20 { // one after the other; 75 MB were measured
		t.Errorf("%d bytes were allocated", allocated)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 20<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	is, _ := json.Marshal(st.memory)
	was, _ := json.Marshal(want)
	if !bytes.Equal(is, was) {
		t.Error("the memory is another one")
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

// TestASnapshotIsFoundWhereverABlockBegins moves one over the border of two blocks.
func TestASnapshotIsFoundWhereverABlockBegins(t *testing.T) {
	start := int64(len(headerLine))
	for after := block - 2*len(snapshotMark); after < block+2*len(snapshotMark); after++ {
		data := append(bytes.Clone(headerLine), strings.Repeat("x", 3*block)+"\n"+snapshotMark...)
		data = append(data, strings.Repeat("y", after-len(snapshotMark))...)
		at, err := content{"j", bytes.NewReader(data), int64(len(data))}.newestSnapshot(start)
		if want := start + 3*block + 1; at != want || err != nil {
			t.Fatalf("%d bytes before the end: found at %d, want %d (%v)", after, at, want, err)
		}
	}
	for _, data := range []string{string(headerLine), string(headerLine) + snapshotMark} { // none, and one at once
		at, err := content{"j", strings.NewReader(data), int64(len(data))}.newestSnapshot(start)
		if want := map[bool]int64{true: -1, false: start}[len(data) == len(headerLine)]; at != want || err != nil {
			t.Errorf("%d bytes: found at %d, want %d (%v)", len(data), at, want, err)
		}
	}
}

// TestWhatCouldNotBeReadAgainIsNotWritten is a defect of the controller's: the journal stays as it is.
func TestWhatCouldNotBeReadAgainIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, e := range []state.Event{{Kind: state.Acted}, {Kind: "reindex"}, {Kind: state.StepTrimmed,
		Step: &state.Step{}}} {
		if _, err := j.Record(e); !strings.Contains(fmt.Sprint(err), "a defect of pgbudget") {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, headerLine) {
		t.Errorf("the journal is %q", now)
	}
	if e, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil || e.Seq != 1 {
		t.Errorf("event %d, %v", e.Seq, err)
	}
}

// TestWhatACrashLeavesBehindTheLastLine is bytes of nothing, as file systems leave them; so many that no line is that
// long are nobody's crash.
func TestWhatACrashLeavesBehindTheLastLine(t *testing.T) {
	path, data := told(t, 3, 0)
	for _, c := range []struct {
		size int64
		ok   bool
	}{{1, true}, {1 << 20, true}, {maxLine + 1, false}} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(len(data))+c.size); err != nil {
			t.Fatal(err)
		}
		j, err := Open(path)
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), path+":5: the line is longer") {
			t.Errorf("%d bytes: %v", c.size, err)
		}
		if err == nil {
			j.Close()
		}
		want := int64(len(data))
		if !c.ok {
			want += c.size
		}
		if info, _ := os.Stat(path); info.Size() != want {
			t.Errorf("%d bytes are left, want %d", info.Size(), want)
		}
	}
}

// TestAMirrorThatFailsAtASnapshotDoesNotHaveItsEvent: the journal does not have it, either, and nothing says so.
func TestAMirrorThatFailsAtASnapshotDoesNotHaveItsEvent(t *testing.T) {
	for _, kind := range []state.EventKind{state.StepBegan, state.Accepted} {
		fails := false
		m := Mirror{Name: "remote", Give: func(line []byte) error {
			if fails && bytes.HasPrefix(line, []byte(snapshotMark)) {
				return errors.New("broken pipe")
			}
			return nil
		}}
		path := filepath.Join(t.TempDir(), "j.jsonl")
		j, err := m.Begin(path)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		if _, err := j.Record(state.Event{Kind: state.RunBegan, Goal: &sizing.Goal{}}); err != nil {
			t.Fatal(err)
		}
		j.tally.every, fails = 1, true
		step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
			Key: fleet.KeySize, From: 10, To: 9}}}
		e := state.Event{Kind: kind}
		if kind == state.StepBegan {
			e.Step = &step
		}
		_, err = j.Record(e)
		if err == nil || !strings.Contains(err.Error(), "so nothing was begun") ||
			strings.Contains(err.Error(), "the journal has") {
			t.Errorf("%s: %v", kind, err)
		}
		if events, err := Read(path); err != nil || len(events) != 1 {
			t.Errorf("%s: the journal has %d events (%v), want the first alone", kind, len(events), err)
		}
	}
}
