package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// Summary is what an export or an import has taken over.
type Summary struct {
	Events int64     // and the number of the newest
	At     time.Time // of the newest
	Lines  int       // snapshots included, the first line apart
	Cut    bool      // what was read had a last line without its end, which was left out
}

// exportEnd is the last line of an export: without it the export was cut.
type exportEnd struct {
	End exportCount `json:"end"`
}

type exportCount struct {
	Events int64 `json:"events"`
	Lines  int   `json:"lines"`
}

// exportLine is the first line of an export.
var exportLine = mustSeal(struct {
	Export int `json:"pgbudget_export"`
}{Version})

// Export checks every line of a journal that somebody else may be writing, and writes it with an end that tells whether
// it is whole. On an error the end is missing.
func Export(path string, w io.Writer) (Summary, error) {
	var sum Summary
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return sum, &planner.Error{Kind: planner.KindUsage, Subject: "journal " + path,
			Err:  errors.New("the journal is missing, so there is nothing to export"),
			Hint: "see journal: in the config; the first run makes the file"}
	}
	err := reading("journal", path, func(c content) error {
		if _, err := c.header(); err != nil {
			return err
		}
		if _, err := w.Write(exportLine); err != nil {
			return err
		}
		err := c.all(func(text []byte) error {
			if err := sum.add(text); err != nil {
				return err
			}
			_, err := w.Write(append(text, '\n')) // the scanner is done with what follows
			return err
		})
		if err != nil {
			return err
		}
		end, err := seal(exportEnd{exportCount{sum.Events, sum.Lines}})
		if err != nil {
			return err
		}
		_, err = w.Write(end)
		return err
	})
	return sum, err
}

// add counts a line.
func (s *Summary) add(text []byte) error {
	s.Lines++
	if bytes.HasPrefix(text, []byte(snapshotMark)) {
		return nil
	}
	e, err := parseEvent(text)
	s.Events, s.At = e.Seq, e.At
	return err
}

// Import makes a journal of an export, of a mirror, or of the lines that a mirror's command was given, each of which
// may be there twice, and once in part; where another journal begins among them, the error says how to take either. It
// checks every line; a journal that is there already is not touched, and only an export, which says so at its end, may
// have no events. name stands in messages.
func Import(r io.Reader, name, path string) (Summary, error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".pgbudget-import-*")
	if err != nil {
		return Summary{}, &planner.Error{Kind: planner.KindUsage, Subject: "journal", Err: err,
			Hint: "give journal: a file in a folder that is there and can be written"}
	}
	defer os.Remove(draft.Name()) // once it has its name, this one is one too many
	defer draft.Close()
	sum, err := copyChecked(draft, r, name)
	if err != nil {
		return sum, err
	}
	if err := draft.Sync(); err != nil {
		return sum, err
	}
	if err := os.Link(draft.Name(), path); errors.Is(err, fs.ErrExist) {
		has := "cannot be read"
		if m, err := Load(path); err == nil {
			has = fmt.Sprintf("has %d events", m.Seq)
		}
		return sum, &planner.Error{Kind: planner.KindUsage, Subject: "journal " + path,
			Err:  fmt.Errorf("the journal exists and %s; %s has %d and was not imported", has, name, sum.Events),
			Hint: "see which is newer; to import, move the journal away first"}
	} else if err != nil {
		return sum, err
	}
	return sum, syncFolder(path)
}

// copyChecked writes the lines of a journal, or of an export, as those of a journal.
func copyChecked(w io.Writer, r io.Reader, name string) (Summary, error) {
	var sum Summary
	s := importer{scanner: newScanner(r), name: name, given: true}
	first, err := s.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return sum, err
	}
	last := append(bytes.Clone(first), '\n')
	export := bytes.Equal(last, exportLine)
	if err != nil || !export && !bytes.Equal(last, headerLine) {
		return sum, noHeader(name, first[:min(len(first), 200)])
	}
	s.begun, s.given = true, !export
	if _, err := w.Write(headerLine); err != nil {
		return sum, err
	}
	var t tally
	whole := s.line // the newest line that was
	for {
		text, err := s.next()
		switch {
		case errors.Is(err, io.EOF) && export:
			return sum, brokenLine(name, s.line, fmt.Errorf("the export has no last line after %d events: the export was cut",
				sum.Events))
		case errors.Is(err, io.EOF) && sum.Events == 0:
			return sum, noEvents(name)
		case errors.Is(err, io.EOF):
			sum.Cut = len(text) > 0
			return sum, nil
		case err != nil:
			return sum, err
		case export && bytes.HasPrefix(text, []byte(endMark)):
			return sum, s.end(text, sum)
		case !export && bytes.Equal(text, last[:len(last)-1]): // it was given twice
			whole = s.line
			continue
		case !export && bytes.Equal(text, headerLine[:len(headerLine)-1]):
			return sum, anotherJournal(name, s.line, whole, sum.Events)
		}
		whole = s.line
		last = append(append(last[:0], text...), '\n')
		if err = t.add(text); err == nil {
			err = sum.add(text)
		}
		if err != nil {
			return sum, brokenLine(name, s.line, err)
		}
		if _, err := w.Write(last); err != nil {
			return sum, err
		}
	}
}

// anotherJournal says that the command of a mirror was given two journals, one after the other, and how to take either:
// a host was lost, say, and its journal begun anew.
func anotherJournal(name string, line, whole int, events int64) error {
	file := name
	if file == "-" {
		file = "FILE"
	}
	return &planner.Error{Kind: planner.KindDrift, Subject: fmt.Sprintf("%s:%d", name, line),
		Err: fmt.Errorf("another journal begins here, after event %d of the one before: "+
			"which of them tells the way back is not known", events),
		Hint: fmt.Sprintf("for the journal before: head -n %d %s | pgbudget journal import -; "+
			"for the journal that begins here: tail -n +%d %s | pgbudget journal import -", whole, file, line, file)}
}

// noEvents refuses what would make an empty journal: nothing tells that this is all that there was, and the right file
// would then be refused for it.
func noEvents(name string) error {
	return &planner.Error{Kind: planner.KindUsage, Subject: name, Err: errors.New("has no events: nothing to import"),
		Hint: "name an export or a mirror that has some; where there never were any, the next run makes the journal"}
}

// importer reads lines that have been checked; its errors name file and line.
type importer struct {
	*scanner
	name  string
	begun bool // the first line was there
	given bool // a command may have been given the lines: what came in part came again, on a line of its own
}

// next returns the next line. At the end the error is io.EOF, with a last line that was cut.
func (s *importer) next() ([]byte, error) {
	text, err := s.scanner.next()
	for {
		switch {
		case err == nil:
			if err = check(text); err == nil {
				return text, nil
			}
		case errors.Is(err, io.EOF) && glued(text):
			err = errGlued
		case errors.Is(err, io.EOF):
			return text, err
		case !errors.Is(err, errLong): // what cannot be read now comes no better with the next line
			return text, unreadable(s.name, s.line, err)
		}
		line, part := s.line, bytes.Clone(text)
		if !s.given || errors.Is(err, errLong) || errors.Is(err, errGlued) {
			return text, brokenLine(s.name, line, err)
		}
		changed := brokenLine(s.name, line, err)
		text, err = s.scanner.next()
		if s.begun && err == nil && bytes.Equal(text, headerLine[:len(headerLine)-1]) { // the rest of it went elsewhere
			continue
		}
		if !bytes.HasPrefix(text, part) ||
			errors.Is(err, io.EOF) && len(text) == 0 && len(part) > 0 {
			if !s.begun {
				return part, noHeader(s.name, part[:min(len(part), 200)])
			}
			return part, changed
		}
	}
}

// unreadable says that the file itself does not come.
func unreadable(name string, line int, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the name stands there already
	}
	return &planner.Error{Kind: planner.KindUsage, Subject: fmt.Sprintf("%s:%d", name, line), Err: fmt.Errorf("cannot be read: %w", err),
		Hint: "name an export or a mirror"}
}

// end makes sure that an export is whole, and that nothing follows.
func (s *importer) end(text []byte, sum Summary) error {
	var v struct {
		exportEnd
		Sum string `json:"crc32c"`
	}
	if err := decode(text, &v); err != nil {
		return brokenLine(s.name, s.line, err)
	}
	if is := (exportCount{sum.Events, sum.Lines}); v.End != is {
		return brokenLine(s.name, s.line, fmt.Errorf("the export should have %d events in %d lines and has %d in %d",
			v.End.Events, v.End.Lines, is.Events, is.Lines))
	}
	more, err := s.scanner.next()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLong) {
		return unreadable(s.name, s.line, err)
	}
	if !errors.Is(err, io.EOF) || len(more) > 0 {
		return brokenLine(s.name, s.line, errors.New("the export goes on after its end"))
	}
	return nil
}
