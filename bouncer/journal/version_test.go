package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// long is a journal of so many bytes as Record writes it.
func long(t *testing.T, size int) []byte {
	t.Helper()
	var tally tally
	var err error
	data, line := bytes.Clone(headerLine), []byte(nil)
	for at := (time.Time{}); len(data) < size; data = append(data, line...) {
		if tally.due() {
			if line, err = sealSnapshot(tally.state); err != nil {
				t.Fatal(err)
			}
			tally.since, tally.snapshot = 0, int64(len(line))
			continue
		}
		at = at.Add(time.Second)
		e := state.Event{Seq: tally.state.Seq + 1, At: at, Kind: state.Noted,
			Reason: verdict.Noted(strings.Repeat("x", 200))}
		if line, err = seal(e); err == nil {
			err = tally.add(line[:len(line)-1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return data
}

// ours counts the snapshots of this version.
func ours(data []byte) int {
	return bytes.Count(data, fmt.Appendf(nil, "\n%s%d,", snapshotMark, state.JournalStateVersion))
}

// loaded reads a journal and counts what is read of it.
func loaded(t *testing.T, path string) (folded, int64) {
	t.Helper()
	file := mustOpen(t, path)
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	reads := &counted{ReaderAt: file}
	st, err := content{path, reads, info.Size()}.load()
	if err != nil {
		t.Fatal(err)
	}
	return st, reads.bytes
}

// TestASnapshotOfAnotherVersionIsPassedOver and whoever opens the journal to write it writes one of this version, once,
// so that the events are folded again only once.
func TestASnapshotOfAnotherVersionIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	path, mirror := filepath.Join(dir, "j.jsonl"), filepath.Join(dir, "m.jsonl")
	data := long(t, 4<<20)
	write(t, path, data)
	want, _ := loaded(t, path)
	other := ofAnotherVersion(data)
	write(t, path, append(bytes.Clone(other), `{"seq":`...)) // and the last line was cut
	got, n := loaded(t, path)
	if diff := cmp.Diff(want.state, got.state, sameFloat); diff != "" || n < int64(len(other)) {
		t.Errorf("%d bytes of %d were read\n%s", n, len(other), diff)
	}
	var given []byte
	m := Mirror{Path: mirror, Give: func(line []byte) error { given = append(given, line...); return nil }, Name: "remote"}
	var now []byte
	for i := range 2 {
		j, err := m.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.state, j.State(), sameFloat); diff != "" {
			t.Error(diff)
		}
		j.Close()
		now = mustRead(t, path)
		if ours(now) != 1 || !bytes.HasPrefix(now, other) || bytes.Count(now[len(other):], []byte{'\n'}) != 1 {
			t.Fatalf("opened %d times: %d snapshots of this version, %d bytes after %d", i+1, ours(now), len(now), len(other))
		}
		same(t, path, mirror)
	}
	last := other[bytes.LastIndexByte(other[:len(other)-1], '\n')+1:]
	if want := "\n" + string(last) + string(now[len(other):]); !bytes.HasPrefix(given, []byte(want)) {
		t.Errorf("the command was given %d bytes, want first the last line, then the snapshot", len(given))
	}
	got, n = loaded(t, path)
	if diff := cmp.Diff(want.state, got.state, sameFloat); diff != "" || n > int64(len(now))/10 {
		t.Errorf("%d bytes of %d were read\n%s", n, len(now), diff)
	}
	if _, err := Read(path); err != nil {
		t.Error(err)
	}
}

// TestASnapshotOfThisVersionComesInItsTime with one at the opening and without: each comes after as many bytes.
func TestASnapshotOfThisVersionComesInItsTime(t *testing.T) {
	path, data := told(t, 60, 2000)
	for name, c := range map[string]struct {
		data []byte
		more int
	}{"of this version": {data, 0}, "of another": {ofAnotherVersion(data), 1}, "cut": {
		data[:bytes.LastIndex(data, []byte("\n"+snapshotMark))+30], 0}, "none": {headerLine, 0}} {
		write(t, path, c.data)
		j, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		opened, _ := os.ReadFile(path)
		if got := ours(opened) - ours(c.data[:bytes.LastIndexByte(c.data, '\n')+1]); got != c.more {
			t.Errorf("%s: %d snapshots were written at the opening, want %d", name, got, c.more)
		}
		j.tally.every = 3000
		if name != "of another" {
			j.Close()
			continue
		}
		since := len(opened)
		for ours(opened) == ours(mustRead(t, path)) {
			if now := len(mustRead(t, path)); now-since > 2*max(3000, sparse*int(j.tally.snapshot)) {
				t.Fatalf("%d bytes later there is none", now-since)
			}
			if _, err := j.Record(state.Event{Kind: state.Noted, Reason: verdict.Of(verdict.Note, "x")}); err != nil {
				t.Fatal(err)
			}
		}
		if now := len(mustRead(t, path)); now-since < max(3000, sparse*int(j.tally.snapshot)) {
			t.Errorf("it came after %d bytes", now-since)
		}
		j.Close()
	}
}

// TestAnOpeningThatFailsAtTheSnapshotIsRepeated because the mirror does not take it, or was cut in the middle of it:
// the next one goes on, and there is one in either.
func TestAnOpeningThatFailsAtTheSnapshotIsRepeated(t *testing.T) {
	dir := t.TempDir()
	path, mirror := filepath.Join(dir, "j.jsonl"), filepath.Join(dir, "m.jsonl")
	_, data := told(t, 60, 2000)
	other := ofAnotherVersion(data)
	var given bytes.Buffer
	lines, fails := 0, true
	m := Mirror{Path: mirror, Name: "remote", Give: func(line []byte) error {
		if lines++; lines == 2 && fails {
			given.Write(line[:10])
			return errors.New("broken pipe")
		}
		given.Write(line)
		return nil
	}}
	write(t, path, other)
	given.Write(other)
	if j, err := m.Open(path); operr.KindOf(err) != operr.KindUnreachable || j != nil {
		t.Fatalf("%v", err)
	}
	// a crash at any byte of it
	for n := len(mustRead(t, path)); n >= len(other); n -= min((40+n%41)*stride(), max(1, n-len(other))) {
		if err := os.Truncate(path, int64(n)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(mirror, int64(min(n, len(mustRead(t, mirror))))); err != nil {
			t.Fatal(err)
		}
		fails = false
		before := given.Len()
		if m, err := Load(path); err != nil || m.Seq != 60 {
			t.Errorf("cut at %d: event %d, %v", n, m.Seq, err)
		}
		j, err := m.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		j.Close()
		if now := mustRead(t, path); ours(now) != 1 || !bytes.HasPrefix(now, other) {
			t.Errorf("cut at %d: %d snapshots", n, ours(now))
		}
		same(t, path, mirror)
		again, sum, err := imported(t, given.Bytes())
		if err != nil || sum.Events != 60 || !bytes.Equal(again, mustRead(t, path)) {
			t.Errorf("cut at %d: what the command was given makes %d events of %d bytes, %v", n, sum.Events, len(again), err)
		}
		given.Truncate(before)
	}
}
