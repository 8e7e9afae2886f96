package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
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
			if diff := cmp.Diff(bouncer.Replay(events), st.state, sameFloat); diff != "" || st.whole != int64(at) ||
				string(st.last) != string(line) {
				t.Fatalf("%d events, whole %d of %d, state (-all events +from the snapshot):\n%s", len(events), st.whole, at, diff)
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
		if err != nil || st.whole != int64(begins) || st.state.Seq != want.state.Seq ||
			string(st.last) != string(want.last) {
			t.Fatalf("cut at %d of [%d, %d]: %d bytes are whole, event %d, %v", n, begins, ends, st.whole, st.state.Seq, err)
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
	for i := 0; i < len(data); i += stride() {
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

// TestAnEventThatCouldNotBeReadAgainIsNotWritten is a defect of the controller's: the journal stays as it is.
func TestAnEventThatCouldNotBeReadAgainIsNotWritten(t *testing.T) {
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
