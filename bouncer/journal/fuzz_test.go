package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// FuzzJournal opens any bytes as a journal. It never panics; what does not begin as a journal is not changed; of what
// does, at most a last line that was cut is taken off; and what is written is read again. With seal, each line gets a
// checksum that is right, so that what is inside of lines is tried, too.
func FuzzJournal(f *testing.F) {
	_, data := told(f, 4, 500) // short: the fuzzer tries to leave each part of it out
	if snapshots(data) == 0 {
		f.Fatal("no snapshot")
	}
	f.Add([]byte{}, false)
	f.Add([]byte("hello"), false)
	f.Add(data, false)
	f.Add(data[:len(data)-20], false)
	f.Add(data[:len(headerLine)-5], false)
	f.Add([]byte(`{"pgbudget_journal":1}`+"\n"), false)
	f.Add(exportLine, false)
	for _, text := range []string{`{"seq":1,"kind":"done"}`, `{"seq":1,"kind":"cut","step":{}}`,
		`{"seq":1,"kind":"reindex"}`, `{"snapshot":1,"state":{"seq":3,"step":null}}`,
		`{"seq":1,"kind":"accept"}` + "\n" + `{"seq":2,"kind":"end","outcome":"done"}`, `{"snapshot":99}`, `[]`, `null`,
		`{"seq":1,"kind":"step","step":{"kind":"step"}}`} {
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		if seal {
			data = sealed(data)
		}
		path := filepath.Join(t.TempDir(), "j.jsonl")
		write := func() {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write()
		var events []state.Event
		for e, err := range Newest(path) {
			if err == nil {
				events = append(events, e)
			}
		}
		every, all := Read(path)
		loaded, err := Load(path)
		if now, _ := os.ReadFile(path); !bytes.Equal(now, data) {
			t.Fatal("reading has changed the file")
		}
		_, _, imports := importedBytes(t, data)
		if all == nil && bytes.HasPrefix(data, headerLine) && (imports == nil) != (len(every) > 0) {
			t.Fatalf("%d events are read; the import: %v", len(every), imports)
		}
		j, opened := Open(path)
		if (err == nil) != (opened == nil) || all == nil && err != nil {
			t.Fatalf("Read: %v; Load: %v; Open: %v", all, err, opened)
		}
		now, _ := os.ReadFile(path)
		if opened != nil {
			if !bytes.Equal(now, data) {
				t.Fatalf("%v, and the file was changed", opened)
			}
			return
		}
		defer j.Close()
		i := bytes.LastIndexByte(now[:max(0, len(now)-1)], '\n') + 1
		if i > 0 && ours(now[i-1:]) == 1 && !bytes.HasPrefix(data, now) {
			now = now[:i] // a snapshot was written, because the newest was of another version
		}
		switch ours := bytes.HasPrefix(data, []byte(headerMark)); {
		case !ours && len(data) > 0:
			t.Fatal("what is no journal was opened")
		case !bytes.HasPrefix(data, now) && !bytes.Equal(now, headerLine):
			t.Fatal("more than a last line was changed")
		case bytes.IndexByte(bytes.TrimPrefix(data, now), '\n') >= 0:
			t.Fatal("a whole line was taken off")
		}
		if len(events) > 0 && events[0].Seq != loaded.Seq && !bytes.Contains(data, []byte(snapshotMark)) {
			t.Fatalf("the newest event is %d, the state's %d", events[0].Seq, loaded.Seq)
		}
		e, err := j.Record(state.Event{Kind: state.Noted, Reason: verdict.Of(verdict.Note, "x")})
		if err != nil || e.Seq != loaded.Seq+1 {
			t.Fatalf("event %d after %d, %v", e.Seq, loaded.Seq, err)
		}
		j.Close()
		for got, err := range Newest(path) {
			if err != nil || got.Seq != e.Seq || got.Reason.Text() != "x" {
				t.Fatalf("%+v, %v", got, err)
			}
			break
		}
		if m, err := Load(path); err != nil || m.Seq != e.Seq {
			t.Fatalf("%d, %v", m.Seq, err)
		}
	})
}

func importedBytes(t *testing.T, data []byte) ([]byte, Summary, error) {
	path := filepath.Join(t.TempDir(), "i.jsonl")
	sum, err := Import(bytes.NewReader(data), "given", path)
	now, _ := os.ReadFile(path)
	return now, sum, err
}

// sealed makes each line an object with a checksum that is right, after a header.
func sealed(data []byte) []byte {
	out := bytes.Clone(headerLine)
	for line := range bytes.Lines(data) {
		body := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'}'})
		out = append(append(append(out, body...), sumOf(body)...), '\n')
	}
	return out
}
