package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// mirrored opens a journal with a mirror, tells a story of n events, and returns the files.
func mirrored(t *testing.T, n int) (path, mirror string, data []byte) {
	t.Helper()
	dir := t.TempDir()
	path, mirror = filepath.Join(dir, "j.jsonl"), filepath.Join(dir, "m.jsonl")
	j, err := Mirror{Path: mirror}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	j.tally.every = 2000
	story := newTeller(uint64(n))
	for range n {
		if _, err := j.Record(story.next()); err != nil {
			t.Fatal(err)
		}
		same(t, path, mirror)
	}
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, mirror, data
}

func same(t *testing.T, path, mirror string) {
	t.Helper()
	a, err := os.ReadFile(path)
	b, err2 := os.ReadFile(mirror)
	if err != nil || err2 != nil || !bytes.Equal(a, b) {
		t.Fatalf("the journal has %d bytes, its mirror %d (%v, %v)", len(a), len(b), err, err2)
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAMirrorThatLagsIsCompleted is a crash at any byte between the journal and its mirror, or a mirror that is new.
func TestAMirrorThatLagsIsCompleted(t *testing.T) {
	path, mirror, data := mirrored(t, 12)
	if snapshots(data) == 0 {
		t.Fatalf("a journal of %d bytes has no snapshot, and the test needs one: write more events", len(data))
	}
	for n := len(data); n >= 0; n -= (1 + n%4) * stride() { // of three bytes one or two
		write(t, mirror, data[:n])
		if n == 0 {
			os.Remove(mirror)
		}
		j, err := Mirror{Path: mirror}.Open(path)
		if short := n > 0 && n < len(headerMark); short {
			if operr.KindOf(err) != operr.KindDrift {
				t.Fatalf("%d bytes, which are not known to be ours: %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		same(t, path, mirror)
		j.Close()
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, data) {
		t.Error("the journal was changed")
	}
}

// TestALineThatWasCutInTheMirrorIsTakenOff is a journal that was imported from it.
func TestALineThatWasCutInTheMirrorIsTakenOff(t *testing.T) {
	path, mirror, data := mirrored(t, 6)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for n := last; n < len(data); n += stride() {
		write(t, path, data[:last])
		write(t, mirror, data[:n])
		j, err := Mirror{Path: mirror}.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, path, mirror)
		if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil {
			t.Fatal(err)
		}
		same(t, path, mirror)
		j.Close()
	}
}

// TestAMirrorThatHasDivergedIsLeftAlone has what the journal has not, or something else.
func TestAMirrorThatHasDivergedIsLeftAlone(t *testing.T) {
	path, mirror, data := mirrored(t, 6)
	_, _, other := mirrored(t, 9)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	changed := bytes.Clone(data)
	changed[len(data)/2] ^= 1
	more := append(bytes.Clone(data), mustSeal(state.Event{Seq: 7, Kind: state.HoldEnded})...)
	for _, c := range []struct {
		name            string
		journal, mirror []byte
		says            []string
	}{
		{"a journal that has lost an event", data[:last], data, []string{"ends with event 5", "ends with event 6"}},
		{"a mirror with one more", data, more, []string{"ends with event 6", "ends with event 7"}},
		{"the mirror of another journal", data, other, []string{"ends with event 6", "ends with event 9"}},
		{"a byte that was changed", data, changed, []string{"ends with event 6", mirror + ":"}},
		{"a journal that begins anew", headerLine, data, []string{"ends with event 0", "ends with event 6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(t, path, c.journal)
			write(t, mirror, c.mirror)
			_, err := Mirror{Path: mirror}.Open(path)
			if operr.KindOf(err) != operr.KindDrift || operr.HintOf(err) == "" {
				t.Errorf("%v", err)
			}
			for _, say := range c.says {
				if !strings.Contains(fmt.Sprint(err), say) {
					t.Errorf("%v does not say %q", err, say)
				}
			}
			a, _ := os.ReadFile(path)
			b, _ := os.ReadFile(mirror)
			if !bytes.Equal(a, c.journal) || !bytes.Equal(b, c.mirror) {
				t.Error("a file was changed")
			}
		})
	}
}

// TestAJournalThatIsGoneIsNotBegunWhileItsMirrorIsThere is a lost disk: nothing begins as if nothing had ever been
// moved.
func TestAJournalThatIsGoneIsNotBegunWhileItsMirrorIsThere(t *testing.T) {
	path, mirror, _ := mirrored(t, 6)
	for _, lose := range []func() error{func() error { return os.Truncate(path, 0) },
		func() error { return os.Remove(path) }} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(path)
		_, opened := Mirror{Path: mirror}.Open(path)
		_, loaded := Mirror{Path: mirror}.Load(path)
		for _, err := range []error{opened, loaded} {
			if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err), "has 6 events") ||
				!strings.Contains(operr.HintOf(err), "journal import "+mirror) {
				t.Errorf("%v; next: %s", err, operr.HintOf(err))
			}
		}
		if after, _ := os.Stat(path); (before == nil) != (after == nil) {
			t.Error("a journal was made")
		}
	}
}

// TestAMirrorIsAnotherFile and nobody else's.
func TestAMirrorIsAnotherFile(t *testing.T) {
	path, mirror, _ := mirrored(t, 3)
	link, hard := filepath.Join(t.TempDir(), "link"), filepath.Join(filepath.Dir(path), "hard")
	for _, err := range []error{os.Symlink(path, link), os.Link(path, hard)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []string{path, link, hard} {
		if _, err := (Mirror{Path: m}).Open(path); operr.KindOf(err) != operr.KindUsage ||
			!strings.Contains(fmt.Sprint(err), "the same file") {
			t.Errorf("%s: %v", m, err)
		}
	}
	j, err := Open(mirror)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := (Mirror{Path: mirror}).Open(path); operr.KindOf(err) != operr.KindBusy {
		t.Errorf("%v", err)
	}
}

// TestAReaderSeesThatTheMirrorHasMore: a journal that came from an older backup rolls back by older events.
func TestAReaderSeesThatTheMirrorHasMore(t *testing.T) {
	path, mirror, data := mirrored(t, 5)
	m := Mirror{Path: mirror}
	if got, err := m.Load(path); err != nil || got.Seq != 5 {
		t.Fatalf("%d events, %v", got.Seq, err)
	}
	head, _ := cutLines(string(data), 3)
	write(t, path, []byte(head))
	if _, err := m.Load(path); operr.KindOf(err) != operr.KindDrift ||
		!strings.Contains(err.Error(), "the mirror has more") {
		t.Errorf("the mirror has more: %v", err)
	}
	write(t, path, data)
	write(t, mirror, []byte(head))
	if got, err := m.Load(path); err != nil || got.Seq != 5 {
		t.Errorf("a mirror that lags: %d events, %v", got.Seq, err)
	}
	if err := os.Remove(mirror); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Load(path); err != nil || got.Seq != 5 {
		t.Errorf("a mirror that is not there: %d events, %v", got.Seq, err)
	}
	if err := os.Symlink(path, mirror); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Load(path); operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "the same file") {
		t.Errorf("the mirror is the journal: %v", err)
	}
}
