package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"github.com/pgbudget/pgbudget/planner/words"
	"io"
	"io/fs"
	"os"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Mirror is a second place for each line of a journal. The zero Mirror is none.
type Mirror struct {
	Path string                  // of a file that gets the same bytes
	Give func(line []byte) error // takes a line; nil: none is given to anybody
	Name string                  // of Give, for messages
}

// mirror is a Mirror at work.
type mirror struct {
	Mirror
	file *os.File // nil: there is no file
}

// compared is how many bytes before the end of the shorter one a mirror and its journal are compared. chosen: 1 MiB
// because the time of each event is in it, to the microsecond, so that two that have one event in common have all
// before it.
const compared = 1 << 20

// without is how to go on where a mirror does not work.
const without = "repair the mirror, or take mirror: out of the config to continue without"

// failed says that the mirror did not take a line of a kind of event, and what became of what the line is about. The
// kind is empty for lines that are no event.
func (m Mirror) failed(kind state.EventKind, err error) error {
	so := "and nothing more is done"
	switch kind {
	case "", state.RunBegan:
		so = "so nothing was begun"
	case state.StepBegan, state.StepAbort:
		so = "and nothing of the step that the journal has was done"
	case state.Accepted:
		so = "the journal has it: the sizes that are there are right"
	case state.Intended:
		so = "so the action was not begun"
	case state.Acted:
		so = "the action was done, and nothing more is"
	case state.RunEnded:
		so = "and the run has ended"
	}
	name := m.Path
	if name == "" {
		name = m.Name
	}
	return &operr.Error{Kind: operr.KindUnreachable, Subject: "mirror " + name,
		Err: fmt.Errorf("the line of the journal was not taken, %s: %w", so, err), Hint: without}
}

// lost says that there is a mirror, and no journal any more.
func (m Mirror) lost(path string) error {
	if m.Path == "" || begun(path) {
		return nil
	}
	if _, err := os.Stat(m.Path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var st folded
	err := reading("mirror", m.Path, func(c content) (err error) { st, err = c.load(); return err })
	if err != nil || st.state.Seq == 0 {
		return err
	}
	return &operr.Error{Kind: operr.KindDrift, Subject: "journal " + path,
		Err: fmt.Errorf("the journal is missing or empty, and its mirror %s has %s", m.Path, words.Count(st.state.Seq,
			"event")),
		Hint: "pgbudget journal import " + m.Path + " (remove an empty journal first)"}
}

// Load reads what a journal comes to that somebody else may be writing. One that is not there is empty. It is an error
// of KindDrift that its mirror has more, or has other lines.
func (m Mirror) Load(path string) (state.JournalState, error) {
	if err := cmp.Or(m.lost(path), m.agrees(path)); err != nil {
		return state.JournalState{}, err
	}
	return Load(path)
}

// agrees compares the mirror with a journal that somebody else may be writing. A mirror that is missing or lags is
// completed by the next run.
func (m Mirror) agrees(path string) error {
	if m.Path == "" || !begun(path) {
		return nil
	}
	return reading("mirror", m.Path, func(c content) error { // its length first: the journal has each line before it
		own, err := os.Stat(m.Path)
		if err != nil {
			return err
		}
		if err := m.another(own, path); err != nil {
			return err
		}
		return reading("journal", path, c.isMirrorOf)
	})
}

// another refuses a mirror that is the journal's own file.
func (m Mirror) another(own os.FileInfo, path string) error {
	if its, err := os.Stat(path); err == nil && os.SameFile(own, its) {
		return &operr.Error{Kind: operr.KindUsage, Subject: "mirror " + m.Path,
			Err: errors.New("the mirror is the same file as the journal"), Hint: "give mirror: a file on another disk"}
	}
	return nil
}

// bring brings the mirror to where the journal is. What gives lines away is given the last one again: a crash may have
// come between.
func (m Mirror) bring(j content, last []byte) (mirror, error) {
	w := mirror{Mirror: m}
	if m.Path != "" {
		if err := w.take(j); err != nil {
			w.close()
			return mirror{}, err
		}
	}
	if m.Give != nil && last != nil {
		if err := m.Give(append([]byte{'\n'}, last...)); err != nil { // on a line of its own: it may have come in part
			w.close()
			return mirror{}, m.failed("", err)
		}
	}
	return w, nil
}

// take opens the file, locks it, and completes it.
func (w *mirror) take(j content) error {
	_, before := os.Stat(w.Path)
	var err error
	if w.file, err = openRegular("mirror", w.Path, os.O_RDWR|os.O_CREATE); err != nil {
		return err
	}
	own, err := w.file.Stat()
	if err != nil {
		return err
	}
	if err := w.another(own, j.name); err != nil {
		return err
	}
	if err := lock(w.file, "mirror "+w.Path); err != nil {
		return err
	}
	c := content{w.Path, w.file, own.Size()}
	if err := c.isMirrorOf(j); err != nil {
		return err
	}
	if err := w.complete(c, j); err != nil {
		return w.failed("", err)
	}
	if errors.Is(before, fs.ErrNotExist) {
		return syncFolder(w.Path)
	}
	return nil
}

// isMirrorOf compares a mirror with its journal. Only what begins as a journal does may be changed.
func (c content) isMirrorOf(j content) error {
	if c.size == 0 {
		return nil
	}
	if _, err := c.header(); err != nil {
		return err
	}
	common := min(c.size, j.size)
	from := max(0, common-compared)
	ours, its := make([]byte, common-from), make([]byte, common-from)
	if err := errors.Join(j.read(ours, from), c.read(its, from)); err != nil {
		return err
	}
	if !bytes.Equal(ours, its) {
		return c.diverged(j, "the lines differ")
	}
	if c.size <= j.size || j.size == 0 && c.size <= int64(len(headerLine)) { // the journal has not even its first line yet
		return nil
	}
	more, err := newScanner(c.part(j.size, c.size)).next()
	if j.size == 0 || !errors.Is(err, io.EOF) || glued(more) { // else it is a line that was cut
		return c.diverged(j, "the mirror has more")
	}
	return nil
}

func (c content) diverged(j content, how string) error {
	says := func(c content) string {
		st, err := c.load()
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%s ends with event %d (%d bytes)", c.name, st.state.Seq, st.whole)
	}
	return &operr.Error{Kind: operr.KindDrift, Subject: "mirror " + c.name,
		Err: fmt.Errorf("not a mirror of this journal, %s: %s; %s", how, says(j), says(c)),
		Hint: "move the wrong one away: pgbudget journal import makes a journal of the mirror, " +
			"and the next run makes a mirror of the journal"}
}

// complete makes the mirror as long as the journal.
func (w *mirror) complete(c, j content) error {
	if c.size > j.size {
		if err := w.file.Truncate(j.size); err != nil {
			return err
		}
		c.size = j.size
	}
	if _, err := w.file.Seek(c.size, io.SeekStart); err != nil {
		return err
	}
	if c.size == j.size {
		return nil
	}
	if _, err := io.Copy(w.file, j.part(c.size, j.size)); err != nil {
		return err
	}
	return w.file.Sync()
}

// inPlace makes sure that the file is where it was; it is as long as the journal.
func (w *mirror) inPlace(size int64) error {
	if w.file == nil {
		return nil
	}
	return inPlace("mirror", w.Path, w.file, size)
}

// append returns once the line of a kind of event is in the mirror.
func (w *mirror) append(line []byte, kind state.EventKind) error {
	if w.file != nil {
		_, err := w.file.Write(line)
		if err == nil {
			err = w.file.Sync()
		}
		if err != nil {
			return w.failed(kind, err)
		}
	}
	if w.Give != nil {
		if bytes.Equal(line, headerLine) { // on a line of its own: it may have been given another journal, whose end was cut
			line = append([]byte{'\n'}, line...)
		}
		if err := w.Give(line); err != nil {
			return w.failed(kind, err)
		}
	}
	return nil
}

func (w *mirror) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
