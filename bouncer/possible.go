package bouncer

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// askAgain is how long what bars a step is taken to bar it still: asking reads every file of the step, and tries its
// writes. chosen: 10 s because an action that failed is left alone as long.
const askAgain = 10 * time.Second

// possible is the opening of a step, or the hold for what bars it: nothing of it has been done then. What somebody else
// has changed ends the run.
func (w *run) possible(ctx context.Context, s control.State, open state.Action) state.Action {
	if w.Possible == nil || open.Step.Empty() {
		return open
	}
	if now := w.Clock.Now(); w.barred == nil || now.Sub(w.asking) >= askAgain {
		w.barred, w.asking = w.Possible(ctx, s, *open.Step), now
	}
	w.met, w.metBy = w.barred, verdict.NotPossible
	switch {
	case w.barred == nil:
		return open
	case operr.KindOf(w.barred) == operr.KindDrift:
		return state.StopWith(state.Drifted, said(verdict.NotPossible, w.barred))
	}
	return s.Hold(said(verdict.NotPossible, w.barred))
}

// kept is the action, or the end of the run where files that it rests on say something else by now; what cannot be read
// is waited for. An action that was begun before is repeated as it is: its files are half written. errOld: something
// went back meanwhile, and the action is none any more.
func (w *run) kept(ctx context.Context, s control.State, action state.Action) (state.Action, error) {
	if w.Kept == nil || s.Journal.Intent != nil || !rests(action, s) {
		return action, nil
	}
	processes := control.Processes(s.Journal)
	var err error
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	undone, failed := w.beside(ctx, func() { err = w.Kept(work, processes) }, giveUp)
	switch {
	case failed != nil:
		return action, failed
	case undone:
		return action, errOld
	case err == nil:
		return action, nil
	}
	if w.met, w.metBy = err, verdict.FilesDiffer; operr.KindOf(err) == operr.KindDrift {
		return state.StopWith(state.Drifted, said(verdict.FilesDiffer, err)), nil
	}
	return s.Hold(said(verdict.FilesDiffer, err)), nil
}

// rests reports whether an action rests on what the files say. What goes back goes on, and its end is no success if
// they say something else.
func rests(action state.Action, s control.State) bool {
	m := s.Journal
	goesBack := m.RollTo > 0 || m.Step != nil && m.Step.Kind == state.Backward
	switch action.Kind {
	case state.Grant:
		return true
	case state.ShiftTraffic, state.CompleteStep:
		return !goesBack
	case state.Stop:
		return action.Outcome == state.Done
	}
	return false
}
