package journal

import (
	"bytes"
	"errors"
	"fmt"
	"github.com/pgbudget/pgbudget/planner/words"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Import makes a journal of an export, of a mirror, or of the lines that a mirror's command was given, each of which
// may be there twice, and once in part. Where another journal begins among them, or an older state of the journal was
// put back and went on, the error says which there are and how to take each. It checks every line; a journal that is
// there already is not touched, and only an export, which says so at its end, may have no events. Of what has no such
// end the newest lines may be missing; the summary says so. name stands in messages.
func Import(r io.Reader, name, path string) (Summary, error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".pgbudget-import-*")
	if err != nil {
		return Summary{}, &operr.Error{Kind: operr.KindUsage, Subject: "journal", Err: err,
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
			has = fmt.Sprintf("has %s", words.Count(m.Seq, "event"))
		}
		return sum, &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
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
		return sum, s.noHeader(first)
	}
	s.begun, s.given = true, !export
	if !export {
		s.parts.add(first, s.line)
	}
	if _, err := w.Write(headerLine); err != nil {
		return sum, err
	}
	var t tally
	for {
		text, err := s.next()
		switch {
		case errors.Is(err, io.EOF) && export:
			return sum, s.broken(fmt.Errorf("the export has no last line after %s: %w", words.Count(sum.Events, "event"),
				errCut))
		case errors.Is(err, io.EOF) && sum.Events == 0:
			return sum, noEvents(name)
		case errors.Is(err, io.EOF):
			sum.Cut = len(text) > 0
			return sum, nil
		case err != nil:
			return sum, err
		case export && bytes.HasPrefix(text, []byte(endMark)):
			sum.Ended = true
			return sum, s.end(text, sum)
		case !export && bytes.Equal(text, last[:len(last)-1]): // it was given twice
			continue
		}
		last = append(append(last[:0], text...), '\n')
		where := follows
		if !export {
			where = s.parts.add(text, s.line)
		}
		switch err = t.add(text); {
		case err != nil && where == parted:
			return sum, s.several(sum.Events)
		case where == parted:
			s.parts.drop()
		}
		if err == nil {
			err = sum.add(text)
		}
		if err != nil {
			return sum, s.broken(err)
		}
		if _, err := w.Write(last); err != nil {
			return sum, err
		}
	}
}

// noEvents refuses what would make an empty journal: nothing tells that this is all that there was, and the right file
// would then be refused for it.
func noEvents(name string) error {
	return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: errors.New("has no events: nothing to import"),
		Hint: "name an export or a mirror that has some; where there never were any, the next run makes the journal"}
}
