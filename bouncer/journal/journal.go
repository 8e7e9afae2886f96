package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Journal is an open journal. One goroutine uses it.
type Journal struct {
	path   string
	file   *os.File
	size   int64 // of what is whole
	tally  tally
	mirror mirror
}

var _ bouncer.Journal = (*Journal)(nil)

// Open opens a journal for writing, and makes it where it is not there. The errors:
//
//	KindBusy         another process writes it
//	KindDrift        it cannot be read to its end, or is no journal
//	KindUsage        it is no file, its folder is not there, or it may not be written
//
// The caller closes it.
func Open(path string) (*Journal, error) { return Mirror{}.Open(path) }

// Open opens a journal, and its mirror with it: what a crash has kept from the mirror is in it then. The errors are
// also:
//
//	KindDrift        the mirror has what the journal has not
//	KindUnreachable  the mirror does not take its lines
//	KindUsage        the mirror is a command, and the journal was not begun; see Begin
func (m Mirror) Open(path string) (*Journal, error) {
	if err := cmp.Or(m.lost(path), m.Unbegun(path)); err != nil {
		return nil, err
	}
	return m.open(path)
}

// open opens a journal whatever its mirror may have been given.
func (m Mirror) open(path string) (*Journal, error) {
	file, err := openRegular("journal", path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, file: file}
	if err := j.take(m); err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

// take locks the file, reads it, repairs its end, and brings the mirror to where it is. Where the newest snapshot was
// passed over, one of this version follows.
func (j *Journal) take(m Mirror) error {
	if err := lock(j.file, "journal "+j.path); err != nil {
		return err
	}
	c, err := contentOf(j.path, j.file)
	if err != nil {
		return err
	}
	st, err := c.load()
	if err != nil {
		return err
	}
	j.tally, j.size = st.tally, st.whole
	if j.size < c.size {
		if err := j.file.Truncate(j.size); err != nil {
			return err
		}
	}
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return err
	}
	if j.mirror, err = m.bring(content{j.path, j.file, j.size}, st.last); err != nil {
		return err
	}
	if st.other { // whoever reads the journal next need not fold it again
		return j.snapshot("")
	}
	if j.size > 0 {
		return nil
	}
	if err := j.append(headerLine, ""); err != nil {
		return err
	}
	return syncFolder(j.path)
}

func lock(file *os.File, subject string) error {
	return unlocked(subject, syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
}

// unlocked words why a lock was not had: another process has it, or the file system has none to give.
func unlocked(subject string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &operr.Error{Kind: operr.KindBusy, Subject: subject,
			Err:  errors.New("another pgbudget writes this journal"),
			Hint: "pgbudget status shows its step; wait for its end, or stop it"}
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: subject,
		Err:  fmt.Errorf("the file system gives no lock, so two pgbudgets could write this journal: %w", err),
		Hint: "give journal: a file on a local disk"}
}

// State is what the events of the journal come to: with the newest, where the mirror alone has failed.
func (j *Journal) State() state.JournalState { return j.tally.state }

// Record gives the event its number and writes it, after a snapshot where one is due. On an error nothing of it is in
// the journal, as far as can be told, and nothing more can be recorded. Where the mirror alone has failed, the event is
// in the journal: it tells what was about to be done, as after a crash.
func (j *Journal) Record(e state.Event) (state.Event, error) {
	e = e.Spoken()
	e.Seq = j.tally.state.Seq + 1
	e.At = e.At.Round(0).Truncate(time.Microsecond) // no monotonic part: it is read again as it was written
	if j.tally.due() {
		if err := j.snapshot(e.Kind); err != nil {
			return e, err
		}
	}
	line, err := seal(e)
	if err != nil {
		return e, err
	}
	next := j.tally
	if err := next.add(line[:len(line)-1]); err != nil { // what could not be read again is not written
		return e, fmt.Errorf("a defect of pgbudget, nothing was written: %w", err)
	}
	size := j.size
	err = j.append(line, e.Kind)
	if j.size > size { // whether the mirror has it, too, or not
		j.tally = next
	}
	return e, err
}

// snapshot writes what the events so far come to, before an event of a kind. One that is too long is left out: the next
// opening takes longer.
func (j *Journal) snapshot(kind state.EventKind) error {
	line, err := sealSnapshot(j.tally.state)
	if err != nil {
		j.tally.since = 0 // asked again after as many events
		return nil
	}
	switch kind {
	case state.StepBegan, state.StepAbort, state.Accepted: // unlike its snapshot, the journal does not have the event
		kind = ""
	}
	if err := j.append(line, kind); err != nil {
		return err
	}
	j.tally.since, j.tally.snapshot = 0, int64(len(line))
	return nil
}

// InPlace makes sure that the files are still those that their paths name: nothing can be recorded once one is not, and
// who only watches for a while would not hear of it. The error is of KindDrift.
func (j *Journal) InPlace() error {
	return cmp.Or(inPlace("journal", j.path, j.file, j.size), j.mirror.inPlace(j.size))
}

// append writes one line of a kind of event, waits until it is on disk, and gives it to the mirror. Where one of the
// files is not in its place any more, neither has the line.
func (j *Journal) append(line []byte, kind state.EventKind) error {
	if err := j.InPlace(); err != nil {
		j.Close()
		return err
	}
	n, err := j.file.Write(line)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		_ = j.file.Truncate(j.size) // a half line is taken off at the next Open at the latest
		j.Close()                   // what a failed fsync has lost is not known: this one is at its end
		return unwritten(j.path, err)
	}
	j.size += int64(n)
	if err := j.mirror.append(line, kind); err != nil {
		j.Close() // the mirror lags: the next Open brings it to where the journal is
		return err
	}
	return nil
}

// Close closes the files and so gives their locks back. Its error loses nothing: every recorded event is on disk.
func (j *Journal) Close() error { return errors.Join(j.file.Close(), j.mirror.close()) }
