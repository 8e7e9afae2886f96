package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/journal"
)

// TestARunHearsOfItsJournalBetweenTwoEvents: nothing moves from the next look on, as with a pause.
func TestARunHearsOfItsJournalBetweenTwoEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	m := &mover{source: source{config: &config.Config{File: config.File{Journal: path}}}, journal: j}
	if got := m.stopped(); got != "" {
		t.Errorf("in its place: %q", got)
	}
	if err := os.WriteFile(pauseFile(path), []byte("ann"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.stopped(); got != "paused by ann" {
		t.Errorf("paused: %q", got)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if got := m.stopped(); !strings.Contains(got, "journal "+path+": the file was moved away or deleted") {
		t.Errorf("moved: %q", got)
	}
}
