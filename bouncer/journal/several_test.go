package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAJournalThatWasPutBackIsNamed by its mirror's command, whatever came between: the error says which journals there
// are, and what it says to type makes each, byte by byte.
func TestAJournalThatWasPutBackIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		of   func(r *relay) (whole [][]byte) // in the order in which they begin
		says string
	}{
		"from a backup, and on": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(3)
			return [][]byte{first, r.is()}
		}, "event 10 comes again after event 15: an older state of the journal was put back: which part"},
		"after a line that was cut": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.given.WriteString(`{"seq":16,"at":"2026-0`)
			r.put(backup)
			r.record(3)
			return [][]byte{first, r.is()}
		}, "event 10 comes again after event 15"},
		"longer than the one before": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(2)
			first := r.is()
			r.put(backup)
			r.record(30)
			return [][]byte{first, r.is()}
		}, "event 10 comes again after event 12"},
		"again and again": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(3)
			later := r.is()
			r.record(3)
			second := r.is()
			r.put(later)
			r.record(1)
			third := r.is()
			r.put(backup)
			r.record(4)
			return [][]byte{first, second, third, r.is()}
		}, "event 10 comes again after event 15"},
		"and the newer one again": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(0)
			r.put(first)
			r.record(2)
			return [][]byte{r.is()}
		}, "one part has all that the others have"},
		"and opened only": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(0)
			return [][]byte{first}
		}, "one part has all that the others have"},
		"and another begun": {func(r *relay) [][]byte {
			r.record(10)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(2)
			second := r.is()
			os.Remove(r.path)
			r.record(4)
			return [][]byte{first, second, r.is()}
		}, "event 10 comes again after event 15"},
		"after another begun": {func(r *relay) [][]byte {
			r.record(10)
			first := r.is()
			os.Remove(r.path)
			r.record(4)
			backup := r.is()
			r.record(4)
			second := r.is()
			r.put(backup)
			r.record(1)
			return [][]byte{first, second, r.is()}
		}, "another journal begins here, after event 10"},
		"and another begun, in which nothing is": {func(r *relay) [][]byte {
			r.record(10)
			first := r.is()
			os.Remove(r.path)
			r.record(0)
			return [][]byte{first}
		}, "another journal begins here, after event 10"},
		"and sent once more, with more": {func(r *relay) [][]byte {
			r.record(10)
			r.given.WriteString("\n")
			r.given.Write(r.is())
			r.record(5)
			return [][]byte{r.is()}
		}, "one part has all that the others have"},
		"and sent once more": {func(r *relay) [][]byte {
			r.record(10)
			r.given.Write(r.is())
			return [][]byte{r.is()}
		}, "one part has all that the others have"},
		"from the first event": {func(r *relay) [][]byte {
			r.record(1)
			backup := r.is()
			r.record(5)
			first := r.is()
			r.put(backup)
			r.record(1)
			return [][]byte{first, r.is()}
		}, "event 1 comes again after event 6"},
	} {
		for i, every := range []int64{600, 0, 1} { // bytes of events from one snapshot to the next
			if i > 0 && testing.Short() {
				break
			}
			r := newRelay(t)
			r.every = every
			whole := c.of(r)
			for _, file := range []string{"given", "what it's given", "-given"} {
				_, err := Import(bytes.NewReader(r.given.Bytes()), file, filepath.Join(t.TempDir(), "j.jsonl"))
				if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err), c.says) {
					t.Errorf("%s, every %d: %v", name, every, err)
				}
				got := typed(t, operr.HintOf(err), file, r.given.Bytes())
				if len(got) != len(whole) {
					t.Fatalf("%s, every %d: %d parts, want %d; next: %s", name, every, len(got), len(whole), operr.HintOf(err))
				}
				for i := range whole {
					if !bytes.Equal(got[i], whole[i]) {
						t.Errorf("%s, every %d: part %d has %d bytes, want %d; next: %s\n%s", name, every, i, len(got[i]), len(whole[i]),
							operr.HintOf(err), r.given.String())
					}
				}
			}
		}
	}
}

// TestAJournalThatWasPutBackIsNamedWithItsTime so that somebody can tell which one is meant.
func TestAJournalThatWasPutBackIsNamedWithItsTime(t *testing.T) {
	r := newRelay(t)
	r.record(3)
	backup := r.is()
	r.record(2)
	r.put(backup)
	r.record(1)
	_, _, err := imported(t, r.given.Bytes())
	want := "for the one of 5 events, the newest of 2026-03-01 02:05:00 UTC: " +
		"head -n 9 given | pgbudget journal import -; " +
		"for the one of 4 events, the newest of 2026-03-01 02:06:00 UTC: " +
		"sed -n '1,4p;11,$p' given | pgbudget journal import -"
	if hint := operr.HintOf(err); hint != want || !strings.HasPrefix(fmt.Sprint(err), "given:11: event 3 comes again") {
		t.Errorf("%v; next: %s\nwant %s\n%s", err, hint, want, r.given.String())
	}
	if _, err := Import(&r.given, "-", filepath.Join(t.TempDir(), "j.jsonl")); !strings.Contains(operr.HintOf(err),
		"head -n 9 FILE | pgbudget journal import -") {
		t.Errorf("next: %s", operr.HintOf(err))
	}
}

// TestASnapshotOfAnotherVersionIsInEitherPart tells nothing, and so parts nothing.
func TestASnapshotOfAnotherVersionIsInEitherPart(t *testing.T) {
	r := newRelay(t)
	r.every = 1
	r.record(6)
	r.put(ofAnotherVersion(r.is()))
	r.given.Reset()
	r.given.Write(r.is())
	r.record(1)
	if _, sum, err := imported(t, r.given.Bytes()); err != nil || sum.Events != 7 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestAnotherEventOfANumberIsNamed where the one before it did not come again.
func TestAnotherEventOfANumberIsNamed(t *testing.T) {
	r := newRelay(t)
	r.record(4)
	backup := r.is()
	r.record(3)
	first := r.is()
	r.put(backup)
	before := r.given.Len()
	r.record(1)
	other := bytes.SplitAfterN(r.given.Bytes()[before:], []byte{'\n'}, 3)[2]
	data := append(bytes.Clone(r.given.Bytes()[:before]), other...)
	_, _, err := imported(t, data)
	if !strings.Contains(fmt.Sprint(err), "another event 5 comes after event 7: an older state") {
		t.Error(err)
	}
	if got := typed(t, operr.HintOf(err), "given", data); len(got) != 2 || !bytes.Equal(got[0], first) ||
		!bytes.Equal(got[1], r.is()) {
		t.Errorf("next: %s", operr.HintOf(err))
	}
}

// TestOfManyPartsTheNewestAreNamed names the newest.
func TestOfManyPartsTheNewestAreNamed(t *testing.T) {
	r := newRelay(t)
	r.record(2)
	backup := r.is()
	var whole [][]byte
	for range 8 {
		r.put(backup)
		r.record(1)
		whole = append(whole, r.is())
	}
	_, _, err := imported(t, r.given.Bytes())
	if hint := operr.HintOf(err); !strings.HasSuffix(hint, "; 3 older ones are in it, too") {
		t.Errorf("next: %s", hint)
	}
	got := typed(t, operr.HintOf(err), "given", r.given.Bytes())
	for i, data := range got {
		if len(got) != 5 || !bytes.Equal(data, whole[3+i]) {
			t.Errorf("part %d of %d is another one", i, len(got))
		}
	}
}

// TestAChangedLineIsNoPart: a line that came whole and was changed is told as such, whatever follows.
func TestAChangedLineIsNoPart(t *testing.T) {
	r := newRelay(t)
	r.record(4)
	backup := r.is()
	r.record(1)
	data := r.given.Bytes()
	data[bytes.LastIndex(data, []byte("reason"))] ^= 1
	line := bytes.Count(data, []byte{'\n'})
	r.put(backup)
	r.record(1)
	_, _, err := imported(t, r.given.Bytes())
	if !strings.HasPrefix(fmt.Sprint(err), fmt.Sprintf("given:%d: the checksum of the line", line)) {
		t.Errorf("%v, want line %d", err, line)
	}
}

// TestALineThatFollowsIsNoOtherPart however it is written: what counts is what it says.
func TestALineThatFollowsIsNoOtherPart(t *testing.T) {
	data := bytes.Clone(headerLine)
	for _, text := range []string{`{"seq":1,"kind":"note"}`, `{"seq":1,"seq":2,"kind":"note"}`, `{"kind":"note","seq":3}`,
		`{"seq":4,"kind":"note"}`} {
		data = append(data, bytes.TrimPrefix(sealed([]byte(text)), headerLine)...)
	}
	if _, sum, err := imported(t, data); err != nil || sum.Events != 4 {
		t.Errorf("%+v, %v", sum, err)
	}
}
