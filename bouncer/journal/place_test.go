package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAFileThatIsNotInItsPlaceIsWrittenNoMore is log rotation, or configuration management, during a run: of the
// journal, and of its mirror. Neither has got the event then, whichever of them it was.
func TestAFileThatIsNotInItsPlaceIsWrittenNoMore(t *testing.T) {
	aside := func(path string) string { return path + ".1" }
	for _, c := range []struct {
		name, says string
		change     func(path string) error
	}{
		{"moved", "moved or deleted the file", func(path string) error { return os.Rename(path, aside(path)) }},
		{"deleted", "moved or deleted the file", os.Remove},
		{"moved, and made again", "another file has its name", func(path string) error {
			if err := os.Rename(path, aside(path)); err != nil {
				return err
			}
			return os.WriteFile(path, nil, 0o600)
		}},
		{"replaced by a copy", "another file has its name", func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(aside(path), data, 0o600); err != nil {
				return err
			}
			return os.Rename(aside(path), path)
		}},
		{"its folder moved", "moved or deleted the file", func(path string) error {
			return os.Rename(filepath.Dir(path), filepath.Dir(path)+".1")
		}},
		{"emptied", "has 0 bytes", func(path string) error { return os.Truncate(path, 0) }},
		{"longer", "somebody else", func(path string) error {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = file.WriteString("x\n")
			return err
		}},
	} {
		for _, of := range []string{"journal", "mirror"} {
			t.Run(c.name+", the "+of, func(t *testing.T) {
				dir := t.TempDir()
				paths := map[string]string{"journal": filepath.Join(dir, "a", "j.jsonl"), "mirror": filepath.Join(dir, "b",
					"m.jsonl")}
				for _, p := range paths {
					if err := os.Mkdir(filepath.Dir(p), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				j, err := Mirror{Path: paths["mirror"]}.Open(paths["journal"])
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
				if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil {
					t.Fatal(err)
				}
				size := j.size
				if err := j.InPlace(); err != nil {
					t.Error(err)
				}
				if err := c.change(paths[of]); err != nil {
					t.Fatal(err)
				}
				if err := j.InPlace(); operr.KindOf(err) != operr.KindDrift {
					t.Errorf("between two events: %v", err)
				}
				_, err = j.Record(state.Event{Kind: state.HoldEnded})
				if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err), of+" "+paths[of]) ||
					!strings.Contains(fmt.Sprint(err), c.says) || operr.HintOf(err) == "" {
					t.Errorf("%v; next: %s; want %q of the %s", err, operr.HintOf(err), c.says, of)
				}
				for name, p := range paths {
					if info, err := os.Stat(p); name != of && (err != nil || info.Size() != size) {
						t.Errorf("the %s was written: %v (%v), want %d bytes", name, info, err, size)
					}
				}
				if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err == nil {
					t.Error("an event was recorded after that")
				}
			})
		}
	}
}

// TestALinkToTheJournalIsItsPlace as long as it leads there.
func TestALinkToTheJournalIsItsPlace(t *testing.T) {
	dir := t.TempDir()
	file, link, other := filepath.Join(dir, "j.jsonl"), filepath.Join(dir, "link"), filepath.Join(dir, "other")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	j, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := j.Record(state.Event{Kind: state.HoldEnded}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.WriteFile(other, nil, 0o600), os.Remove(link), os.Symlink(other, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.Record(state.Event{Kind: state.HoldEnded}); operr.KindOf(err) != operr.KindDrift {
		t.Errorf("the link leads elsewhere, and the answer is %v", err)
	}
}
