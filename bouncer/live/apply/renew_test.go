package apply_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
)

// TestARELOADGoesToTheProcessThatListens: not over a connection to one that is ending.
func TestARELOADGoesToTheProcessThatListens(t *testing.T) {
	t.Parallel()
	fleet, applier, fakes, _ := processes(t, 1, func(int) bool { return true })
	first := livetest.Only(t, fleet)
	time.Sleep(1500 * time.Millisecond)
	fakes[0].Another()
	if err := applier.Apply(t.Context(), livetest.Release(1)); err != nil {
		t.Error(err)
	}
	if p := livetest.Only(t, fleet); p.Started == first.Started {
		t.Errorf("RELOAD went over the connection of before, %d", p.Started)
	}
}
