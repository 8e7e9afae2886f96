package bouncer

import (
	"fmt"
	"strings"

	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// said is the reason of an error in one line: several of them stand in one event.
func said(code verdict.Code, err error) verdict.Reason {
	return verdict.Of(code, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// heldOrNot writes down when nothing moves any more, and when something does again.
func (w *run) heldOrNot(action state.Action) error {
	held := !w.state.HeldAt.IsZero()
	switch {
	case action.Held && !held:
		return w.record(state.Event{Kind: state.HoldBegan, Reason: action.Reason, Next: w.hint, Soak: action.Soak})
	case !action.Held && held && action.Kind != state.Stop:
		return w.record(state.Event{Kind: state.HoldEnded})
	}
	return nil
}

func (w *run) record(e state.Event) error {
	e.At = w.Clock.Now()
	e.Seq = w.state.Seq + 1
	e = e.Spoken()
	e, err := w.Journal.Record(e)
	if err != nil {
		return unrecordable(err)
	}
	w.state = w.state.After(e)
	return nil
}

func unrecordable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the journal cannot be written, so pgbudget stops: %w", err)
}

// Replay folds a journal's events into the state that a run begins from.
func Replay(events []state.Event) state.JournalState {
	var m state.JournalState
	for _, e := range events {
		m = m.After(e)
	}
	return m
}
