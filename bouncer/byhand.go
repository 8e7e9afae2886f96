package bouncer

import (
	"context"
	"errors"
	"slices"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// waitsFor writes down that somebody was asked for an action, once, and what of it is not made yet.
func (w *run) waitsFor(action state.Action, pending error) error {
	if w.waiting = true; w.handed == nil || !w.handed.SameSets(action) {
		w.handed, w.since = &action, w.Clock.Now()
	}
	w.lacks, w.fresh = said(verdict.ActionFailed, pending), true
	w.met, w.metBy = &operr.Error{Kind: operr.KindHeld, Err: errors.New(pending.Error()),
		Hint: "make the change and RELOAD; the same command then goes on"}, verdict.NotMade
	if _, asked := w.state.Requests.Of(action); asked {
		return nil
	}
	return w.record(state.Event{Kind: state.Asked, Action: &action, Request: w.state.Requested + 1})
}

// calledOff calls off what was asked for, where something else is done by now. To wait, or to end the run, is neither:
// what was asked for stands.
func (w *run) calledOff(ctx context.Context, action state.Action) error {
	if w.Hand == nil || slices.Contains([]state.ActionKind{state.Wait, state.Stop, state.SetGoal, state.Restore},
		action.Kind) {
		return nil
	}
	for _, r := range w.state.Requests.Unwanted(action) {
		closed := w.Hand.CallOff != nil && w.Hand.CallOff(context.WithoutCancel(ctx), r, action.Reason)
		if err := w.record(state.CallOff(r, closed, action.Reason)); err != nil {
			return err
		}
	}
	return nil
}

// hand is what a decision needs to know of whoever carries actions out.
func (w *run) hand() (h control.HandNow) {
	if w.Hand == nil {
		return h
	}
	h.ByHand, h.Within = true, w.Hand.Within
	// after a pause, or a sample without an answer, it is asked first whether it was made meanwhile
	if in := w.state.Intent; w.fresh && in != nil && w.handed != nil && w.handed.SameSets(*in) {
		h.Since, h.Lacks = w.since, w.lacks
	}
	return h
}
