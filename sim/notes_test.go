package sim

import (
	"testing"

	"github.com/pgbudget/pgbudget/planner/state"
)

// TestWhatAPlanWarnsOfIsInTheJournal finds it behind the event that begins the run, and before its first step.
func TestWhatAPlanWarnsOfIsInTheJournal(t *testing.T) {
	x := newRig(t, 9)
	r := x.rebalancer()
	r.Notes = []string{"a/db is declared elsewhere"}
	if _, err := r.Run(t.Context(), x.goal, state.JournalState{}); err != nil {
		t.Fatal(err)
	}
	if len(x.events) < 3 || x.events[0].Kind != state.RunBegan || x.events[1].Kind != state.Noted ||
		x.events[1].Reason.Text() != r.Notes[0] {
		t.Errorf("%+v", x.events[:2])
	}
}
