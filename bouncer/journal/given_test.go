package journal

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// refusedImport is how an import of data as a file ends, and what its hint is. Whatever it is, it may be somebody's
// only copy, and is not the config's journal.
func refusedImport(t *testing.T, data []byte, file string) (says, hint string) {
	t.Helper()
	_, err := Import(bytes.NewReader(data), file, filepath.Join(t.TempDir(), "j.jsonl"))
	if hint = operr.HintOf(err); operr.KindOf(err) != operr.KindDrift || hint == "" {
		t.Errorf("%v; next: %s", err, hint)
	}
	for _, wrong := range []string{"away", "config", "restore", "journal import takes"} {
		if strings.Contains(hint, wrong) {
			t.Errorf("%v; next: %s", err, hint)
		}
	}
	return fmt.Sprint(err), hint
}

// TestACarriageReturnIsNamed wherever it is: an editor or a copy between systems has put it there, and what is said to
// type takes it out.
func TestACarriageReturnIsNamed(t *testing.T) {
	path, data := told(t, 6, 1500)
	export, _ := exported(t, path)
	given, whole := stream(t, 4, 3)
	crlf := func(data []byte, from int) []byte {
		return append(bytes.Clone(data[:from]), bytes.ReplaceAll(data[from:], []byte{'\n'}, []byte("\r\n"))...)
	}
	for name, c := range map[string]struct{ data, want []byte }{"an export": {export, data}, "a mirror": {data, data},
		"what a command was given": {bytes.TrimPrefix(given, []byte{'\n'}), whole}} {
		for _, from := range []int{0, len(c.data) / 2} {
			changed := crlf(c.data, from)
			line := 1 + bytes.Count(c.data[:from], []byte{'\n'})
			if c.data[from] == '\n' || len(bytes.TrimSpace(bytes.SplitN(c.data[from:], []byte{'\n'}, 2)[0])) == 0 {
				t.Fatalf("%s: %d is no place within a line", name, from)
			}
			says, hint := refusedImport(t, changed, "a file")
			if !strings.HasPrefix(says, fmt.Sprintf("a file:%d: the line ends in a carriage return (CR)", line)) {
				t.Errorf("%s from %d on: %s, want line %d", name, from, says, line)
			}
			if got := typed(t, hint, "a file", changed); len(got) != 1 || !bytes.Equal(got[0], c.want) {
				t.Errorf("%s from %d on: next: %s", name, from, hint)
			}
		}
	}
}

// TestAnExportThatIsNotAsItWasIsToldFromTheJournal that it is to make: what is said to do is about the export.
func TestAnExportThatIsNotAsItWasIsToldFromTheJournal(t *testing.T) {
	path, data := told(t, 6, 0)
	export, _ := exported(t, path)
	lines := bytes.SplitAfter(export, []byte{'\n'})
	changed := func(data []byte, line int) []byte {
		lines := bytes.SplitAfter(bytes.Clone(data), []byte{'\n'})
		lines[line-1][len(lines[line-1])/2] ^= 1
		return bytes.Join(lines, nil)
	}
	for name, c := range map[string]struct {
		data       []byte
		says, hint string
	}{
		"nothing": {nil, "1: this is no journal of pgbudget, and no export: nothing stands",
			"where a command was to give it, see why it gave nothing"},
		"something else": {[]byte("hello\n"), "1: this is no journal of pgbudget, and no export",
			"name an export or a mirror"},
		"cut after a line": {bytes.Join(lines[:4], nil),
			"5: the export has no last line after 3 events: the export was cut",
			"take another export or the mirror; this one is cut at line 5"},
		"cut in a line": {append(bytes.Join(lines[:4], nil), lines[4][:20]...),
			"5: the export has no last line after 3 events", "this one is cut at line 5"},
		"cut in its first line": {export[:30], "1: the first line was cut", "this one is cut at line 1"},
		"changed in its first line": {changed(export, 1), "1: the first line was changed",
			"this one is changed at line 1"},
		"changed": {changed(export, 4), "4: the checksum of the line",
			"take another export or the mirror; this one is changed at line 4"},
		"without a line": {bytes.Join(append(lines[:3:3], lines[4:]...), nil), "4: event 4 follows event 2",
			"this one is changed at line 4"},
		"with another end": {bytes.Join(append(lines[:3:3], lines[7]), nil), "4: the export should have 6 events",
			"this one is changed at line 4"},
		"a mirror that was changed": {changed(data, 4), "4: the checksum of the line",
			"take another copy of it, or an export; this one is changed at line 4"},
		"a mirror with a line more": {append(append(bytes.Clone(data), "{}\n"...), data[len(headerLine):]...),
			"8: the line has no checksum", "take another copy of it"},
		"a mirror's first line": {changed(data, 1), "1: the first line was changed", "this one is changed at line 1"},
		"of a newer pgbudget": {[]byte(`{"pgbudget_export":4}` + "\n"), "1: written by a newer pgbudget",
			"use the pgbudget that wrote it"},
		"of an older pgbudget": {[]byte(`{"pgbudget_journal":1}` + "\n"), "1: the journal has version 1",
			"name a later export or mirror"},
		"a line without line breaks": {bytes.Repeat([]byte("x"), maxLine+1), "1: the line is longer",
			"name an export or a mirror"},
	} {
		says, hint := refusedImport(t, c.data, "given")
		if !strings.HasPrefix(says, "given:"+c.says) || !strings.Contains(hint, c.hint) {
			t.Errorf("%s: %s; next: %s; want %q, %q", name, says, hint, c.says, c.hint)
		}
	}
}

// TestAnExportThatGoesOnAfterItsEndIsTakenByItsLines and so is the one that follows.
func TestAnExportThatGoesOnAfterItsEndIsTakenByItsLines(t *testing.T) {
	first, is := told(t, 6, 1500)
	second, later := told(t, 9, 1500)
	a, _ := exported(t, first)
	b, _ := exported(t, second)
	for name, c := range map[string]struct {
		more []byte
		want [][]byte
	}{"the same": {a, [][]byte{is, is}}, "another": {b, [][]byte{is, later}}, "a text": {[]byte("hello\n"), [][]byte{is}},
		"an empty line": {[]byte("\n"), [][]byte{is}}, "half a line": {[]byte("x"), [][]byte{is}}} {
		both := append(bytes.Clone(a), c.more...)
		says, hint := refusedImport(t, both, "given")
		if want := fmt.Sprintf("given:%d: the export goes on after its end", bytes.Count(a, []byte{'\n'})+1); says != want {
			t.Errorf("%s: %s, want %s", name, says, want)
		}
		got := typed(t, hint, "given", both)
		if len(got) != len(c.want) {
			t.Fatalf("%s: next: %s", name, hint)
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%s: part %d has %d bytes; next: %s", name, i, len(got[i]), hint)
			}
		}
	}
}
