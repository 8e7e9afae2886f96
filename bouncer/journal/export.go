package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Summary is what an export or an import has taken over.
type Summary struct {
	Events int64     // and the number of the newest
	At     time.Time // of the newest
	Lines  int       // snapshots included, the first line apart
	Cut    bool      // what was read had a last line without its end, which was left out
	Ended  bool      // what was read says at its end that all of it is there: an export
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
		return sum, &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
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
