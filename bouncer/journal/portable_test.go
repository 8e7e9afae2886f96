package journal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

func exported(t *testing.T, path string) ([]byte, Summary) {
	t.Helper()
	var b bytes.Buffer
	sum, err := Export(path, &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

// imported makes a journal of data in a folder of its own, in which nothing else is left.
func imported(t *testing.T, data []byte) ([]byte, Summary, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "j.jsonl")
	sum, err := Import(bytes.NewReader(data), "given", path)
	left, _ := os.ReadDir(filepath.Dir(path))
	if err == nil && len(left) != 1 || err != nil && len(left) != 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
	now, _ := os.ReadFile(path)
	return now, sum, err
}

// TestAnExportIsImportedByteForByte byte by byte, snapshots and all.
func TestAnExportIsImportedByteForByte(t *testing.T) {
	for _, n := range []int{0, 1, 60} {
		path, data := told(t, n, 2000)
		export, sum := exported(t, path)
		if sum.Events != int64(n) || sum.Lines != n+snapshots(data) {
			t.Errorf("exported %+v, want %d events in %d lines", sum, n, n+snapshots(data))
		}
		for name, from := range map[string][]byte{"an export": export, "a copy": data,
			"a copy that was cut": append(bytes.Clone(data), `{"seq":`...)} {
			got, again, err := imported(t, from)
			if n == 0 && name != "an export" { // see TestAnExportWithoutEventsIsNotImported
				continue
			}
			if err != nil || !bytes.Equal(got, data) || again.Events != sum.Events || !again.At.Equal(sum.At) ||
				again.Cut != strings.HasSuffix(name, "cut") || again.Ended != (name == "an export") {
				t.Errorf("%s of %d events: %+v, %v; %d bytes of %d", name, n, again, err, len(got), len(data))
			}
		}
	}
}

// TestAnExportThatWasCutOrChangedIsRefused at any byte.
func TestAnExportThatWasCutOrChangedIsRefused(t *testing.T) {
	path, _ := told(t, 6, 1500)
	export, _ := exported(t, path)
	for n := range export {
		if _, err := copyChecked(io.Discard, bytes.NewReader(export[:n]), "given"); err == nil {
			t.Fatalf("cut at %d of %d: imported", n, len(export))
		}
		changed := bytes.Clone(export)
		changed[n] ^= 1 << (n % 8)
		line := 1 + bytes.Count(export[:n], []byte{'\n'})
		if _, err := copyChecked(io.Discard, bytes.NewReader(changed), "given"); operr.KindOf(err) != operr.KindDrift ||
			!strings.HasPrefix(err.Error(), fmt.Sprintf("given:%d:", line)) {
			t.Fatalf("byte %d of line %d was changed: %v", n, line, err)
		}
	}
	if _, _, err := imported(t, export[:len(export)-1]); err == nil {
		t.Error("an export that was cut was imported")
	}
	if _, _, err := imported(t, append(bytes.Clone(export), headerLine...)); err == nil {
		t.Error("an export with more after its end was imported")
	}
	lines := bytes.SplitAfter(export, []byte{'\n'})
	if _, _, err := imported(t, bytes.Join(append(lines[:3:3], lines[len(lines)-2]),
		nil)); !strings.Contains(fmt.Sprint(err), "should have 6 events") {
		t.Errorf("an export without its middle: %v", err)
	}
}

// TestAJournalThatIsThereIsNotImportedOver says what both have.
func TestAJournalThatIsThereIsNotImportedOver(t *testing.T) {
	path, data := told(t, 8, 0)
	export, _ := exported(t, path)
	there, before := told(t, 5, 0)
	_, err := Import(bytes.NewReader(export), "fleet.export", there)
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), "has 5 events; fleet.export has 8") {
		t.Error(err)
	}
	if now, _ := os.ReadFile(there); !bytes.Equal(now, before) {
		t.Errorf("%s has %d bytes, want the %d of before the import", there, len(now), len(before))
	}
	if hint := operr.HintOf(err); !strings.Contains(hint, "move the journal away") {
		t.Errorf("next: %s", hint)
	}
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, []byte("hello\n"))
	if _, err := Import(bytes.NewReader(data), "mirror", other); operr.KindOf(err) != operr.KindUsage ||
		!strings.Contains(fmt.Sprint(err), "cannot be read; mirror has 8") {
		t.Error(err)
	}
}

// TestAFileThatIsNeitherExportNorMirrorIsNotImported names what it is.
func TestAFileThatIsNeitherExportNorMirrorIsNotImported(t *testing.T) {
	event := mustSeal(state.Event{Seq: 2, Kind: state.HoldEnded})
	for text, says := range map[string]string{
		"":                                  "given:1: this is no journal",
		"hello":                             "given:1: this is no journal",
		"hello\nhello\n":                    "given:1: this is no journal",
		"\n\n":                              "given:1: this is no journal",
		`{"pgbudget_journal":1}` + "\n":     "given:1: the journal has version 1",
		`{"pgbudget_export":4}` + "\n":      "given:1: written by a newer pgbudget",
		string(headerLine) + string(event):  "given:2: event 2 follows event 0",
		string(event):                       "given:1: this is no journal",
		string(headerLine) + "x\ny\n":       "given:2: the line has no checksum",
		string(headerLine) + "x\n":          "given:2: the line has no checksum",
		string(headerLine) + "x\n" + "x":    "given: has no events",
		string(headerLine) + "\n":           "given: has no events",
		string(headerLine) + `{"seq":` + "": "given: has no events",
	} {
		_, _, err := imported(t, []byte(text))
		if !strings.Contains(fmt.Sprint(err), says) || operr.HintOf(err) == "" {
			t.Errorf("%q: %v; next: %s; want %q", text, err, operr.HintOf(err), says)
		}
	}
}

// TestAnExportWithoutEventsIsNotImported because the journal that it would make refuses the right file. An export says
// at its end that it has none: that is what there was.
func TestAnExportWithoutEventsIsNotImported(t *testing.T) {
	path, _ := told(t, 0, 0)
	export, _ := exported(t, path)
	header := string(headerLine)
	for name, text := range map[string]string{"a journal": header, "a mirror that was cut": header + `{"seq":1,`,
		"a command that was given the first line twice": header + "\n" + header,
		"a first line that came in part":                header[:9] + "\n" + header} {
		now, _, err := imported(t, []byte(text))
		if operr.KindOf(err) != operr.KindUsage ||
			!strings.HasPrefix(fmt.Sprint(err), "given: has no events: nothing to import") || operr.HintOf(err) == "" ||
			len(now) > 0 {
			t.Errorf("%s: %v; next: %s", name, err, operr.HintOf(err))
		}
	}
	if now, sum, err := imported(t, export); err != nil || string(now) != header || sum.Events != 0 {
		t.Errorf("an export: %+v, %v", sum, err)
	}
	there := filepath.Join(t.TempDir(), "j.jsonl")
	_, right := told(t, 3, 0)
	if _, err := Import(strings.NewReader(header), "wrong", there); err == nil {
		t.Error("the wrong one was imported")
	}
	if sum, err := Import(bytes.NewReader(right), "right", there); err != nil || sum.Events != 3 {
		t.Errorf("the right one after it: %+v, %v", sum, err)
	}
}

// TestAJournalThatIsNotThereIsNotExported and one that was changed is not exported whole.
func TestAJournalThatIsNotThereIsNotExported(t *testing.T) {
	var b bytes.Buffer
	if _, err := Export(filepath.Join(t.TempDir(), "none"), &b); operr.KindOf(err) != operr.KindUsage || b.Len() > 0 {
		t.Errorf("%v, %d bytes", err, b.Len())
	}
	path, data := told(t, 8, 2500)
	data[len(data)/3] ^= 4 // before the newest snapshot
	write(t, path, data)
	if _, err := Export(path, &b); operr.KindOf(err) != operr.KindDrift {
		t.Error(err)
	}
	if _, _, err := imported(t, b.Bytes()); err == nil {
		t.Error("what was exported of it is imported")
	}
}

// TestAFileThatIsNoJournalIsNotExported not even the first line: what comes out would be one that was cut.
func TestAFileThatIsNoJournalIsNotExported(t *testing.T) {
	for _, text := range []string{"hello\n", string(exportLine), `{"pgbudget_journal":1}` + "\n",
		`{"pgbudget_journal":4}` + "\n", strings.TrimSpace(string(headerLine)) + "\r\n"} {
		path := filepath.Join(t.TempDir(), "j.jsonl")
		write(t, path, []byte(text))
		var b bytes.Buffer
		if _, err := Export(path, &b); operr.KindOf(err) != operr.KindDrift || b.Len() > 0 {
			t.Errorf("%q: %v after %q", text, err, b.String())
		}
	}
	var b bytes.Buffer
	if _, err := Export(t.TempDir(), &b); operr.KindOf(err) != operr.KindUsage || b.Len() > 0 {
		t.Errorf("a folder: %v after %q", err, b.String())
	}
}

// TestAReadErrorEndsTheImport at whichever line: a folder, a disk that fails, a pipe that breaks.
func TestAReadErrorEndsTheImport(t *testing.T) {
	path, data := told(t, 6, 1500)
	export, _ := exported(t, path)
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	broken := map[string]io.Reader{"a folder": folder}
	for name, whole := range map[string][]byte{"a copy": data, "an export": export} {
		for _, n := range []int{0, 3, bytes.IndexByte(whole, '\n') + 1, len(whole) / 2,
			bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1, len(whole)} {
			broken[fmt.Sprintf("%s after %d bytes", name, n)] = io.MultiReader(bytes.NewReader(whole[:n]),
				iotest.ErrReader(syscall.EIO))
		}
	}
	for name, r := range broken {
		there := filepath.Join(t.TempDir(), "j.jsonl")
		_, err := Import(r, "given", there)
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), "cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(there)); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}
