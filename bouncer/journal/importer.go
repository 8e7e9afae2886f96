package journal

import (
	"bytes"
	"errors"
	"fmt"
	"github.com/pgbudget/pgbudget/planner/words"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// importer reads lines that have been checked; its errors name file and line.
type importer struct {
	*scanner
	name  string
	begun bool // the first line was there
	given bool // a command may have been given the lines: what came in part came again, on a line of its own
	parts parts
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
		if err := s.carriage(text); err != nil {
			return text, err
		}
		part, changed := bytes.Clone(text), s.broken(err)
		if !s.given || errors.Is(err, errLong) || errors.Is(err, errGlued) {
			return part, changed
		}
		text, err = s.scanner.next()
		if s.begun && err == nil && s.elsewhere(part, text) {
			continue
		}
		if !bytes.HasPrefix(text, part) ||
			errors.Is(err, io.EOF) && len(text) == 0 && len(part) > 0 {
			if !s.begun {
				return part, s.noHeader(part)
			}
			return part, changed
		}
	}
}

// elsewhere reports whether a line that came in part was cut for good: what follows is the beginning of a journal, or a
// line that had come before. The rest of it went elsewhere, or nowhere.
func (s *importer) elsewhere(part, text []byte) bool {
	if bytes.Equal(text, headerLine[:len(headerLine)-1]) {
		return true
	}
	begins := func(mark string) bool { return bytes.HasPrefix(part, []byte(mark[:min(len(mark), len(part))])) }
	if !begins(eventMark) && !begins(snapshotMark) {
		return false
	}
	before, _ := s.parts.find(crc32.Checksum(text, castagnoli))
	return before != nil && check(text) == nil
}

// broken is the error of the line that was read: the file is somebody's only one, and no journal yet.
func (s *importer) broken(err error) error {
	what := "changed"
	if errors.Is(err, errCut) {
		what = "cut"
	}
	hint := fmt.Sprintf("take another copy of it, or an export; this one is %s at line %d", what, s.line)
	switch {
	case errors.Is(err, state.ErrNewer):
		hint = "use the pgbudget that wrote it"
	case !s.begun:
		hint = "name an export or a mirror"
	case !s.given:
		hint = fmt.Sprintf("take another export or the mirror; this one is %s at line %d", what, s.line)
	}
	return s.drift(err, hint)
}

func (s *importer) drift(err error, hint string) error {
	return &operr.Error{Kind: operr.KindDrift, Subject: fmt.Sprintf("%s:%d", s.name, s.line), Err: err, Hint: hint}
}

var errCut = errors.New("the export was cut")

// carriage says that the line breaks were made those of another system; nil: that of this line was not.
func (s *importer) carriage(text []byte) error {
	line, found := bytes.CutSuffix(text, []byte{'\r'})
	if !found || check(line) != nil {
		return nil
	}
	return s.drift(errors.New("the line ends in a carriage return (CR): a program in between has changed the line "+
		"breaks to CR LF"),
		"bring the file over as it is, byte by byte, or take the CR out: "+taking(`tr -d '\r' < `+shellName(s.name)))
}

// noHeader says why a first line begins neither a journal nor an export of this version.
func (s *importer) noHeader(text []byte) error {
	s.line = 1
	version := max(numberAfter(headerMark, text), numberAfter(exportMark, text))
	switch {
	case len(text) == 0:
		return s.drift(errors.New("this is no journal of pgbudget, and no export: nothing stands in its first line"),
			"name an export or a mirror; where a command was to give it, see why it gave nothing")
	case version == 0:
		return s.drift(errors.New("this is no journal of pgbudget, and no export"), "name an export or a mirror")
	case version > Version:
		return s.broken(fmt.Errorf("%w: the journal has version %d, this pgbudget reads version %d", state.ErrNewer,
			version, Version))
	case version < Version:
		return s.drift(fmt.Errorf("the journal has version %d, which no release wrote; this pgbudget reads version %d",
			version, Version),
			"name a later export or mirror")
	}
	what := "changed"
	if bytes.HasPrefix(headerLine, text) || bytes.HasPrefix(exportLine, text) {
		what = "cut"
	}
	return s.drift(errors.New("the first line was "+what),
		fmt.Sprintf("take another export or the mirror; this one is %s at line 1", what))
}

// unreadable says that the file itself does not come.
func unreadable(name string, line int, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the name stands there already
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: fmt.Sprintf("%s:%d", name, line),
		Err: fmt.Errorf("cannot be read: %w", err), Hint: "name an export or a mirror"}
}

// end makes sure that an export is whole, and that nothing follows.
func (s *importer) end(text []byte, sum Summary) error {
	var v struct {
		exportEnd
		Sum string `json:"crc32c"`
	}
	if err := decode(text, &v); err != nil {
		return s.broken(err)
	}
	if is := (exportCount{sum.Events, sum.Lines}); v.End != is {
		return s.broken(fmt.Errorf("the export should have %s in %d lines and has %d in %d",
			words.Count(v.End.Events, "event"), v.End.Lines, is.Events, is.Lines))
	}
	more, err := s.scanner.next()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLong) {
		return unreadable(s.name, s.line, err)
	}
	if errors.Is(err, io.EOF) && len(more) == 0 {
		return nil
	}
	name := shellName(s.name)
	hint := "for what comes before: " + taking(fmt.Sprintf("head -n %d %s", s.line-1, name))
	if bytes.Equal(more, exportLine[:len(exportLine)-1]) {
		hint += "; for the export that begins here: " + taking(fmt.Sprintf("tail -n +%d %s", s.line, name))
	}
	return s.drift(errors.New("the export goes on after its end"), hint)
}
