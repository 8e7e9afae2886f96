package bouncer

import (
	"context"
	"errors"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/state"
)

// errOld is a sample that began before something went back: it shows what is no more.
var errOld = errors.New("a setting was taken back during the sample")

// backUnseen decides whether anything goes back though no sample shows the fleet; see control.Unseen.
func (w *run) backUnseen(ctx context.Context, now time.Time, readings []state.Reading) (a state.Action, due bool) {
	if w.state.Step == nil {
		return a, false
	}
	if w.Signals != nil || len(w.Thresholds) > 0 {
		w.guard = w.guard.Add(signalsOf(ctx, w.Signals, w.Thresholds), w.Thresholds, serverNames(w.before), w.Policy.Stale,
			now)
	}
	bars := control.Bars{}
	if w.Paused != nil {
		bars.Paused = w.Paused()
	}
	if w.Aborted != nil {
		bars.Aborted = w.Aborted()
	}
	return control.Unseen(control.State{Samples: control.Samples{Now: now, Fleet: w.before, Guard: w.guard},
		Bars: bars, Journal: w.state, Policy: w.Policy,
		TrafficNow: control.TrafficNow{Shifts: w.shifts(readings), Readings: readings}})
}

// beside does what may take long, and reads the signals meanwhile: what they want back goes back at once, and is not
// kept by what hangs: a console, a store, the question of what a switch says. undone says that something went back:
// what long has found is old. An action that failed has not: it is for the samples to say how long it is tried. begins
// is called before anything goes back; nil: nothing is to be called. The error is one of the journal.
func (w *run) beside(ctx context.Context, long, begins func()) (undone bool, err error) {
	if w.Beside == nil {
		long()
		return false, nil
	}
	ctx = context.WithoutCancel(ctx)
	// chosen: half an interval because, with the age of an answer, an undo begins within two intervals then
	w.Beside(w.Policy.Every/2, long, func() {
		for err == nil && !w.stopping() {
			action, due := w.backUnseen(ctx, w.Clock.Now(), w.read)
			if !due {
				return
			}
			if begins != nil {
				begins()
			}
			if w.Seen != nil {
				w.Seen(control.State{}, action)
			}
			failed := w.state.FailedAt
			_, err = w.do(ctx, control.State{Samples: control.Samples{Fleet: w.before}}, action)
			undone = undone || w.state.FailedAt.Equal(failed)
		}
	})
	return undone, err
}

// stopping reports whether the run is asked to stop, which it does between two actions.
func (w *run) stopping() bool {
	select {
	case <-w.asked:
		return true
	default:
		return false
	}
}
