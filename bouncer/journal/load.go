package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/pgbudget/pgbudget/planner/state"
)

// When a snapshot is written.
const (
	// every is how many bytes of events are followed by a snapshot at least. chosen: 1 MiB because so much is read and
	// folded in some hundredths of a second.
	every = 1 << 20
	// sparse is how many times longer than the newest snapshot these events are at least. chosen: 2 because snapshots are
	// a third of a journal then, at most.
	sparse = 2
)

// tally is what the lines so far come to.
type tally struct {
	state    state.JournalState
	since    int64 // bytes of lines after the newest snapshot
	snapshot int64 // bytes of that one
	every    int64 // instead of the constant; 0: that
}

// due reports whether a snapshot comes before the next event.
func (t tally) due() bool {
	least := t.every
	if least == 0 {
		least = every
	}
	return t.since >= max(least, sparse*t.snapshot)
}

// add takes one more line that has been checked.
func (t *tally) add(text []byte) error {
	if bytes.HasPrefix(text, []byte(snapshotMark)) {
		return t.addSnapshot(text)
	}
	e, err := parseEvent(text)
	if err != nil {
		return err
	}
	if err := t.state.Refuses(e); err != nil {
		return err
	}
	t.state = t.state.After(e)
	t.since += int64(len(text)) + 1
	return nil
}

// addSnapshot makes sure that a snapshot is what the events before it come to. One of another version tells nothing.
func (t *tally) addSnapshot(text []byte) error {
	m, known, err := parseSnapshot(text)
	if err != nil || !known {
		return err
	}
	was, err := json.Marshal(m)
	if err != nil {
		return err
	}
	is, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	if !bytes.Equal(was, is) {
		return fmt.Errorf("the snapshot of event %d is not what the events before it come to", m.Seq)
	}
	t.since, t.snapshot = 0, int64(len(text))+1
	return nil
}

// folded is what was read of a journal.
type folded struct {
	tally
	whole int64  // bytes of whole lines; 0: not even the first is there
	last  []byte // the last whole line with its line break; nil: there is none
	other bool   // the newest snapshot is of another version: every event was folded again
}

// load reads the newest snapshot and what follows it.
func (c content) load() (folded, error) {
	start, err := c.header()
	if err != nil || start == 0 {
		return folded{}, err
	}
	at, err := c.newestSnapshot(start)
	if err != nil {
		return folded{}, err
	}
	st := folded{whole: start, last: headerLine}
	if at < 0 {
		return st, c.fold(&st, nil)
	}
	text, err := newScanner(c.part(at, c.size)).next()
	if errors.Is(err, io.EOF) { // it was cut: the one before it is the newest
		c.size = at
		if again, err := c.load(); err != nil || !glued(text) {
			return again, err
		}
		return folded{}, c.broken(at, errGlued)
	}
	if err == nil {
		err = check(text)
	}
	var m state.JournalState
	known := false
	if err == nil {
		m, known, err = parseSnapshot(text)
	}
	if err != nil {
		return folded{}, c.broken(at, err)
	}
	if known {
		n := int64(len(text)) + 1
		st.whole, st.state, st.snapshot = at+n, m, n
		st.last = append(bytes.Clone(text), '\n')
	}
	st.other = !known
	return st, c.fold(&st, nil)
}

var errGlued = errors.New("the line goes on after its checksum: the line break was changed")

// fold reads the lines that follow those of the state; each is called with every one of them.
func (c content) fold(st *folded, each func(text []byte) error) error {
	s := newScanner(c.part(st.whole, c.size))
	st.last = bytes.Clone(st.last)
	for {
		text, err := s.next()
		if errors.Is(err, io.EOF) {
			if glued(text) {
				return c.broken(st.whole, errGlued)
			}
			return nil
		}
		if err == nil {
			err = check(text)
		}
		if err == nil {
			err = st.add(text)
		}
		if err != nil {
			return c.broken(st.whole, err)
		}
		st.whole += int64(len(text)) + 1
		st.last = append(append(st.last[:0], text...), '\n')
		if each != nil {
			if err := each(text); err != nil {
				return err
			}
		}
	}
}

// Load returns the state that a journal's events come to, also while another process writes the journal. A journal
// that is not there is empty, without error. Errors: KindDrift where it cannot be read to its end or is no journal,
// KindUsage where it is no file or may not be read.
func Load(path string) (state.JournalState, error) {
	var st folded
	err := reading("journal", path, func(c content) (err error) { st, err = c.load(); return err })
	return st.state, err
}

// Read returns every event, oldest first, and checks every line; a journal that is not there has none. Errors are
// those of Load. The caller owns the events.
func Read(path string) ([]state.Event, error) {
	var events []state.Event
	err := reading("journal", path, func(c content) error {
		return c.all(func(text []byte) error {
			if bytes.HasPrefix(text, []byte(snapshotMark)) {
				return nil
			}
			e, err := parseEvent(text)
			events = append(events, e)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// all reads every line after the header.
func (c content) all(each func(text []byte) error) error {
	start, err := c.header()
	if err != nil || start == 0 {
		return err
	}
	return c.fold(&folded{whole: start}, each)
}

// Newest reads events from the newest back, and no more of the file than is asked for. An error is the last.
func Newest(path string) iter.Seq2[state.Event, error] {
	return func(yield func(state.Event, error) bool) {
		err := reading("journal", path, func(c content) error {
			start, err := c.header()
			if err != nil || start == 0 {
				return err
			}
			var bad error
			err = c.backward(start, func(text []byte, at int64) bool {
				if bad = check(text); bad == nil && bytes.HasPrefix(text, []byte(snapshotMark)) {
					return true
				}
				var e state.Event
				if bad == nil {
					e, bad = parseEvent(text)
				}
				if bad == nil { // what it follows is not known yet: its parts are what can be judged
					bad = e.Lacks()
				}
				if bad != nil {
					bad = c.broken(at, bad)
					return false
				}
				return yield(e, nil)
			})
			if err == nil {
				err = bad
			}
			return err
		})
		if err != nil {
			yield(state.Event{}, err)
		}
	}
}

// reading opens a file to read it; where there is none, nothing is called.
func reading(key, path string, f func(content) error) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	file, err := openRegular(key, path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	c, err := contentOf(path, file)
	if err != nil {
		return err
	}
	return f(c)
}

// Torn reports whether a crash has cut the last line of a journal. The line was never answered as written, so nothing
// has followed from it; Load and Read leave it out, and Open takes it off. While a process holds the journal the line
// is being written, and is not torn. One that is not there is not torn. The errors are those of Load.
func Torn(path string) (bool, error) {
	torn, err := cutLine(path)
	if err != nil || !torn || Busy(path) {
		return false, err
	}
	return cutLine(path) // who wrote it may have ended between the sample and the question
}

// cutLine reports whether something stands after the last whole line.
func cutLine(path string) (bool, error) {
	more := false
	err := reading("journal", path, func(c content) error {
		st, err := c.load()
		more = err == nil && st.whole < c.size
		return err
	})
	return more, err
}

// small is the length of the longest file that ReadSmall reads. chosen: 4 KiB because a name, a time and a reason fit
// many times over.
const small = 4 << 10

// ReadSmall reads a small file that stands beside a journal. It waits for nobody and reads no more than a little: what
// is no regular file, or has more than 4 KiB, is an error; so is a file that is not there, which fs.ErrNotExist and
// os.IsNotExist tell.
func ReadSmall(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, want a file", path, kindOf(info.Mode()))
	}
	file, err := openAtOnce(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, small+1))
	if err == nil && len(text) > small {
		err = fmt.Errorf("%s has more than %d bytes", path, small)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}
