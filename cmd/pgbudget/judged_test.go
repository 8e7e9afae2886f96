package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/pace"
)

// stall is the longest pause of this program after which a measurement is still judged where it fails.
// chosen: the product itself waits for a pause of up to policy.max_wait; half of that raises no queue that matters.
const stall = 500 * time.Millisecond

// givenUp ends a trial that cannot go on.
type givenUp struct{}

// trial is one attempt at a live measurement: what is wrong with it is kept, and judged once it is known whether the
// machine kept pace.
type trial struct {
	testing.TB
	failures []string
	lag      func() string // why the result means nothing; empty: it does mean something
}

func (t *trial) fail(text string) {
	t.failures = append(t.failures, strings.TrimRight(text, "\n"))
	t.TB.Log("would fail: " + text)
}

// then is done once the trial has not failed.
func (t *trial) then(do func()) {
	if !t.Failed() {
		do()
	}
}

// Error and the others are those of a test, except that the verdict waits.
func (t *trial) Error(args ...any)                 { t.fail(fmt.Sprintln(args...)) }
func (t *trial) Errorf(format string, args ...any) { t.fail(fmt.Sprintf(format, args...)) }
func (t *trial) Fatal(args ...any)                 { t.fail(fmt.Sprintln(args...)); panic(givenUp{}) }
func (t *trial) Fatalf(format string, args ...any) {
	t.fail(fmt.Sprintf(format, args...))
	panic(givenUp{})
}
func (t *trial) Failed() bool { return len(t.failures) > 0 || t.TB.Failed() }

// doubt adds a reason for which the trial may mean nothing; why is asked once the trial has failed, and is empty if it
// does mean something.
func (t *trial) doubt(why func() string) {
	rest := t.lag
	t.lag = func() string { return strings.Trim(why()+"; "+rest(), "; ") }
}

// because says why the trial means nothing.
func (t *trial) because(reason string) { t.doubt(func() string { return reason }) }

// lags says that the trial means nothing where the holds of these loads, from now on, take longer than they are drawn.
func (t *trial) lags(runs ...*clients.Run) {
	var from []clients.Ledger
	for _, r := range runs {
		from = append(from, r.Ledger())
	}
	t.doubt(func() string {
		var since []clients.Ledger
		for i, r := range runs {
			since = append(since, r.Ledger().Since(from[i]))
		}
		return pace.Unjudged(nil, 0, since...)
	})
}

// judged runs a live test. Where it fails and the machine did not keep pace, it runs once more in a lab of its own, and
// is counted; see pace.Twice. A failure at a machine that kept pace is one.
func judged(t *testing.T, body func(t *trial)) {
	t.Helper()
	pace.Twice(t, func(attempt int) (reason string, judge func()) {
		var x *trial
		t.Run(fmt.Sprintf("attempt %d", attempt), func(t *testing.T) {
			heart := pace.NewHeart()
			x = &trial{TB: t}
			x.lag = func() string { return pace.Unjudged(heart, stall) }
			defer func() {
				if e := recover(); e != nil && e != (givenUp{}) {
					panic(e)
				}
				if len(x.failures) > 0 {
					reason = x.lag()
				}
				if reason != "" { // neither may be judged: what would have failed is told, as it would be
					reason += "; it would fail: " + strings.Join(x.failures, "\n")
				}
				heart.Stop()
			}()
			body(x)
		})
		return reason, func() {
			t.Helper()
			for _, f := range x.failures {
				t.Error(f)
			}
		}
	})
}
