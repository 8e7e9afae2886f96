package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

// Version is the version of the format; it rises when a key changes its meaning or goes.
const Version = 1

// header is the first line.
type header struct {
	Journal int `json:"pgbudget_journal"`
}

// Journal is an open journal. One goroutine uses it.
type Journal struct {
	path   string
	file   *os.File
	size   int64 // of what is whole
	seq    int64
	events []planner.Event
}

var _ bouncer.Journal = (*Journal)(nil)

// Open opens a journal for writing, and makes it where it is not there. The errors:
//
//	KindBusy         another process writes it
//	KindDrift        it cannot be read to its end, or is no journal
//	KindUsage        its folder is not there, or it may not be written
//
// The caller closes it.
func Open(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &planner.Error{Kind: planner.KindUsage, Subject: "journal", Err: err, Hint: "give journal: a file in a folder that is there and can be written"}
	}
	j := &Journal{path: path, file: file}
	if err := j.take(); err != nil {
		file.Close()
		return nil, err
	}
	return j, nil
}

// take locks the file, reads it, and repairs its end.
func (j *Journal) take() error {
	if err := syscall.Flock(int(j.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return &planner.Error{Kind: planner.KindBusy, Subject: "journal " + j.path, Err: errors.New("another pgbudget is at work with it"),
			Hint: "pgbudget status shows what it does; wait for its end, or stop it"}
	}
	data, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	whole, events, err := parse(j.path, data)
	if err != nil {
		return err
	}
	j.events, j.size = events, int64(whole)
	if n := len(events); n > 0 {
		j.seq = events[n-1].Seq
	}
	if whole < len(data) {
		if err := j.file.Truncate(j.size); err != nil {
			return err
		}
	}
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return err
	}
	if whole > 0 {
		return nil
	}
	if err := j.append(header{Version}); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(j.path))
}

// Read reads a journal that somebody else may be writing; one that is not there is empty.
func Read(path string) ([]planner.Event, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &planner.Error{Kind: planner.KindUsage, Subject: "journal", Err: err}
	}
	_, events, err := parse(path, data)
	return events, err
}

// parse reads the lines; whole is how many bytes of data they take.
func parse(path string, data []byte) (whole int, events []planner.Event, err error) {
	broken := func(line int, err error) error {
		return &planner.Error{Kind: planner.KindDrift, Subject: fmt.Sprintf("%s:%d", path, line), Err: err,
			Hint: "it is not as pgbudget wrote it: restore it, or move it away and look at the fleet with pgbudget plan before the next step"}
	}
	for line := 1; whole < len(data); line++ {
		end := bytes.IndexByte(data[whole:], '\n')
		if end < 0 {
			break
		}
		text := data[whole : whole+end]
		whole += end + 1
		if line == 1 {
			var h header
			if err := json.Unmarshal(text, &h); err != nil || h.Journal == 0 {
				return 0, nil, broken(line, errors.New("this is no journal of pgbudget"))
			}
			if h.Journal != Version {
				return 0, nil, broken(line, fmt.Errorf("it is of version %d, this pgbudget writes %d", h.Journal, Version))
			}
			continue
		}
		var e planner.Event
		if err := json.Unmarshal(text, &e); err != nil {
			return 0, nil, broken(line, fmt.Errorf("it cannot be read: %w", err))
		}
		if n := len(events); n > 0 && e.Seq != events[n-1].Seq+1 {
			return 0, nil, broken(line, fmt.Errorf("event %d follows event %d", e.Seq, events[n-1].Seq))
		}
		events = append(events, e)
	}
	return whole, events, nil
}

// Events returns what was there when it was opened. The caller does not change it.
func (j *Journal) Events() []planner.Event { return j.events }

// Record gives the event its number and writes it. On an error nothing of it is in the file, as far as can be told, and
// nothing more can be recorded.
func (j *Journal) Record(e planner.Event) (planner.Event, error) {
	e.Seq = j.seq + 1
	e.At = e.At.Round(0).Truncate(time.Microsecond) // no monotonic part: it is read again as it was written
	if err := j.append(e); err != nil {
		return e, err
	}
	j.seq++
	return e, nil
}

// append writes one line and waits until it is on disk.
func (j *Journal) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	n, err := j.file.Write(append(line, '\n'))
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		_ = j.file.Truncate(j.size) // a half line is taken off at the next Open at the latest
		j.file.Close()              // what a failed fsync has lost is not known: this one is at its end
		return fmt.Errorf("%s: %w", j.path, err)
	}
	j.size += int64(n)
	return nil
}

// Close closes the file and so gives the lock back.
func (j *Journal) Close() error { return j.file.Close() }

// syncFolder makes a new file's name durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
