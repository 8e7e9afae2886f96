package state_test

import (
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// A pgbudget dies between the journal and the RELOAD: what does the next one know?
func ExampleJournalState_After() {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	release := []fleet.SettingChange{{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: 40, To: 36}}
	events := []state.Event{
		{Seq: 1, At: noon, Kind: state.RunBegan, By: "dba@ops1"},
		{Seq: 2, At: noon, Kind: state.StepBegan, Step: &state.Step{Changes: release}},
		{Seq: 3, At: noon, Kind: state.Intended, Action: &state.Action{Kind: state.Release, Changes: release}},
	}
	var journal state.JournalState
	for _, e := range events {
		journal = journal.After(e)
	}
	fmt.Println("step in hand:", journal.Step.Text())
	fmt.Println("may have been done:", journal.Intent.Kind, journal.Intent.Changes)
	explained, _ := journal.Explains(release[0], 36)
	fmt.Println("pool_size 36 is explained:", explained)
	// Output:
	// step in hand: main/app 40 → 36
	// may have been done: release [{main/1 app pool_size 40 36}]
	// pool_size 36 is explained: true
}
