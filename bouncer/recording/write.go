package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Writer writes a recording. It is not safe for concurrent use.
type Writer struct {
	file     *os.File
	redactor *redactor // nil: write everything
}

// Create makes a new recording; a file that exists is refused. Where the header says that it is redacted, hosts, paths,
// application names, and names and identities of servers are left out; ports, and the names of groups, databases and
// users, stay: a plan is made of them.
func Create(name string, h Header) (*Writer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, ErrExists(name)
	case err != nil:
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: name, Err: pathCause(err),
			Hint: "choose a folder that can be written"}
	}
	w := &Writer{file: f}
	if h.Redacted {
		w.redactor = newRedactor()
	}
	h.Recording = Version
	return w, w.write(h)
}

// ErrExists returns the error, of KindUsage, for a file that exists and would be overwritten.
func ErrExists(name string) error {
	return &operr.Error{Kind: operr.KindUsage, Subject: name, Err: errors.New("exists already"),
		Hint: "choose another name; a recording is never overwritten"}
}

// Observation appends one sample and syncs it to disk. Errors: KindEvidence where the sample is longer than a line
// may be; those of the file otherwise.
func (w *Writer) Observation(o fleet.Observation) error {
	if w.redactor != nil {
		o = w.redactor.observation(o)
	}
	return w.write(line{Observation: &o})
}

// History appends what the monitoring system remembers. Errors are those of Observation.
func (w *Writer) History(h load.History) error {
	if w.redactor != nil {
		h = w.redactor.history(h)
	}
	return w.write(line{History: &h})
}

// Close closes the file; everything written before is on disk already. The error is the file's.
func (w *Writer) Close() error { return w.file.Close() }

func (w *Writer) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b)+1 > maxLine { // what could not be read again is not written
		return &operr.Error{Kind: operr.KindEvidence, Subject: w.file.Name(),
			Err:  fmt.Errorf("a sample of this fleet has %d bytes, a line of a recording %d at most", len(b)+1, maxLine),
			Hint: "record a part of the fleet: name fewer groups"}
	}
	if _, err := w.file.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

func pathCause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
