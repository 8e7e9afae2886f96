package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAShortTimeUntilAPeakWantsAWatcher: what goes unwatched is a small part of it.
func TestAShortTimeUntilAPeakWantsAWatcher(t *testing.T) {
	for _, c := range []struct{ after, every, want time.Duration }{
		{60 * time.Hour, 5 * time.Second, 10 * time.Minute},
		{20 * time.Minute, 5 * time.Second, 5 * time.Minute},
		{25 * time.Second, 5 * time.Second, 15 * time.Second},
		{0, 5 * time.Second, 10 * time.Minute}, // until a peak that the history knows
	} {
		s := State{Policy: state.Policy{ConfirmAfter: c.after, SoakEvery: c.every}}
		if got := s.unwatched(); got != c.want {
			t.Errorf("confirm_after %v: %v, want %v", c.after, got, c.want)
		}
	}
}
