package journal

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

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
