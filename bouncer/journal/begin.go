package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Begin makes a journal that is not there yet, and opens it as Open does. Where the mirror is a command, Open makes
// none: a command cannot be asked what it was given, so that a journal that is lost looks like one that never was, and
// a new one would know no rollback. It is an error of KindUsage that there is a journal.
func (m Mirror) Begin(path string) (*Journal, error) {
	if begun(path) {
		has := "cannot be read"
		if now, err := Load(path); err == nil {
			has = fmt.Sprintf("has %s", words.Count(now.Seq, "event"))
		}
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
			Err:  fmt.Errorf("the journal exists and %s: no beginning is needed", has),
			Hint: "pgbudget status shows what is in it"}
	}
	if err := m.lost(path); err != nil {
		return nil, err
	}
	return m.open(path)
}

// Unbegun says that a journal has to be begun, or is lost, before anything may be written to it: its mirror is a
// command, and the journal is missing or empty. The error is of KindUsage.
func (m Mirror) Unbegun(path string) error {
	if m.Give == nil || begun(path) {
		return nil
	}
	return &operr.Error{Kind: operr.KindUsage, Subject: "journal " + path,
		Err: fmt.Errorf("the journal is missing or empty, and the lines that its mirror %s was given are not known here",
			m.Name),
		Hint: "pgbudget journal begin, if pgbudget never changed this fleet; otherwise pgbudget journal import with the " +
			"mirror's lines (remove an empty journal first)"}
}

// begun reports whether there is something of a journal.
func begun(path string) bool {
	info, err := os.Stat(path)
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() > 0
}

// Busy reports whether a process holds the journal for writing now: a run is at work. One that died holds it no more.
// It waits for nothing and changes nothing; of a file that is not there, or may not be read, it reports false.
func Busy(path string) bool {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
