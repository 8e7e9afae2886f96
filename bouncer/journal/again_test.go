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

// stream is what a command was given: a journal of so many events, opened a few times.
func stream(t *testing.T, n int, seed uint64) (given, journal []byte) {
	t.Helper()
	path, story := filepath.Join(t.TempDir(), "j.jsonl"), newTeller(seed)
	var out bytes.Buffer
	for range n {
		j, err := Mirror{Give: func(line []byte) error { out.Write(line); return nil }}.openOrBegin(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Record(story.next()); err != nil {
			t.Fatal(err)
		}
		j.Close()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), data
}

// TestAnotherJournalInAStreamIsNamed: a host was lost and its journal begun anew, and the same command was given both.
// Each can be taken out by what the error says to type.
func TestAnotherJournalInAStreamIsNamed(t *testing.T) {
	first, firstWhole := stream(t, 5, 1)
	second, secondWhole := stream(t, 3, 2)
	lines := bytes.Count(first, []byte{'\n'})
	for name, c := range map[string]struct {
		between string
		at      int
	}{
		"whole lines":               {"", lines + 2}, // what begins is on a line of its own
		"after a line that was cut": {`{"seq":6,"at":"20`, lines + 2},
	} {
		path := filepath.Join(t.TempDir(), "j.jsonl")
		both := fmt.Sprintf("%s%s%s", first, c.between, second)
		_, err := Import(strings.NewReader(both), "given", path)
		for _, want := range []string{fmt.Sprintf("given:%d: ", c.at), "another journal begins here, after event 5"} {
			if !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		hint := operr.HintOf(err)
		// what was cut apart
		for _, want := range []string{fmt.Sprintf("head -n %d given | pgbudget journal import -", lines),
			fmt.Sprintf("tail -n +%d given", c.at)} {
			if !strings.Contains(hint, want) {
				t.Errorf("%s: next: %s; want %q", name, hint, want)
			}
		}
		if operr.KindOf(err) != operr.KindDrift {
			t.Errorf("%s: %v is not drift", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a journal was made", name)
		}
		_, rest := cutLines(both, c.at-1) // tail -n +AT
		for part, want := range map[string][]byte{both[:len(first)]: firstWhole, rest: secondWhole} {
			path := filepath.Join(t.TempDir(), "j.jsonl")
			if _, err := Import(strings.NewReader(part), "-", path); err != nil {
				t.Errorf("%s: a part: %v", name, err)
			} else if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
				t.Errorf("%s: a part makes a journal of %d bytes, want %d", name, len(got), len(want))
			}
		}
	}
}

// cutLines splits a text after n lines.
func cutLines(text string, n int) (head, tail string) {
	for range n {
		i := strings.IndexByte(text[len(head):], '\n')
		head = text[:len(head)+i+1]
	}
	return head, text[len(head):]
}
