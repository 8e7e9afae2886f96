package observe_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAProcessThatIsToldToEndEndsThoughAFleetIsOpen, and though nothing samples it.
func TestAProcessThatIsToldToEndEndsThoughAFleetIsOpen(t *testing.T) {
	t.Parallel()
	l, targets := livetest.Waits(t)
	p := l.Processes[0]
	f := livetest.Open(t, targets)
	livetest.Observed(t, f)
	begin := time.Now()
	if err := p.Kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, func() error {
		if p.Alive() {
			return errors.New("it waits for its clients yet")
		}
		return nil
	})
	t.Logf("it ended %v after it was told to", time.Since(begin).Round(time.Second/10))
	_, err := f.Observe(t.Context())
	if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(err.Error(), "the process no longer listens") {
		t.Errorf("%v, want to hear that it no longer listens", err)
	}
}

// TestASuccessorOfARealProcessIsMetAnew: the old one answers who is connected for as long as it has a client.
func TestASuccessorOfARealProcessIsMetAnew(t *testing.T) {
	t.Parallel()
	l, targets := livetest.Waits(t)
	f := livetest.Open(t, targets)
	first := livetest.Observed(t, f).Processes[0].Started
	livetest.Succeeded(t, l)
	labtest.Eventually(t, func() error {
		if livetest.Observed(t, f).Processes[0].Started == first {
			return errors.New("the samples are at the old process yet")
		}
		return nil
	})
}
