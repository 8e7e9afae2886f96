package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// given is where a command of a mirror puts its lines.
type given struct {
	t    *testing.T
	path string
	bytes.Buffer
	lines int
	fails int // at which line; 0: at none
	part  int // so much of it has come before it failed
}

func (g *given) give(line []byte) error {
	data, err := os.ReadFile(g.path)
	if err != nil || !bytes.HasSuffix(data, bytes.TrimPrefix(line, []byte{'\n'})) {
		g.t.Errorf("line %d is not in the journal first: %v", g.lines, err)
	}
	if g.lines++; g.lines == g.fails {
		g.Write(line[:min(g.part, len(line))])
		return errors.New("broken pipe")
	}
	g.Write(line)
	return nil
}

// TestACommandIsGivenEveryLine even where it fails at any of them, with any part of it: what it was given makes the
// journal.
func TestACommandIsGivenEveryLine(t *testing.T) {
	for _, part := range []int{0, 1, 30, 1 << 20} {
		for fails := range 14 {
			dir := t.TempDir()
			path := filepath.Join(dir, "j.jsonl")
			g := &given{t: t, path: path, fails: fails, part: part}
			story := newTeller(5)
			recorded := 0
			for tries := 0; recorded < 8; tries++ {
				j, err := Mirror{Give: g.give, Name: "remote"}.openOrBegin(path)
				if tries > 3 {
					t.Fatalf("it does not get on: %v", err)
				}
				if err == nil {
					recorded = int(j.State().Seq)
					j.tally.every = 2000
				}
				for err == nil && recorded < 8 {
					if _, err = j.Record(story.next()); err == nil {
						recorded++
					}
				}
				if err != nil && (operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(err.Error(),
					"mirror remote") || !strings.Contains(err.Error(), "broken pipe")) {
					t.Fatal(err)
				}
				if j != nil {
					j.Close()
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			again := filepath.Join(dir, "again.jsonl")
			sum, err := Import(&g.Buffer, "given", again)
			if err != nil {
				t.Fatalf("failed at line %d with %d bytes of it: %v", fails, part, err)
			}
			if got, _ := os.ReadFile(again); !bytes.Equal(got, want) || sum.Events != 8 || sum.Cut {
				t.Errorf("failed at line %d with %d bytes of it: imported %+v, %d bytes of %d", fails, part, sum, len(got),
					len(want))
			}
		}
	}
}
