package journal_test

import (
	"path/filepath"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/journal"
)

func TestAJournalIsBusyWhileItIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	if journal.Busy(path) {
		t.Error("one that is not there is busy")
	}
	j := open(t, path)
	if !journal.Busy(path) {
		t.Error("it is open for writing, and not busy")
	}
	if _, err := journal.Read(path); err != nil {
		t.Errorf("while it is busy: %v", err)
	}
	j.Close()
	if journal.Busy(path) {
		t.Error("it is closed, and busy")
	}
}
