package journal_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// How does a second pgbudget see what the first one is doing?
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "journal.jsonl")
	j, err := journal.Open(path) // the only writer
	if err != nil {
		log.Fatal(err)
	}
	defer j.Close()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	if _, err = j.Record(state.Event{At: noon, Kind: state.RunBegan, By: "dba@ops1", Goal: &sizing.Goal{}}); err != nil {
		log.Fatal(err)
	}
	seen, err := journal.Load(path) // a reader needs no lock
	fmt.Println("running:", seen.Running, "event", seen.Seq, err)
	_, err = journal.Open(path)
	fmt.Println(err != nil)
	// Output:
	// running: true event 1 <nil>
	// true
}
