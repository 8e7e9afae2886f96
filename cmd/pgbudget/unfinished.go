package main

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner"
)

// keptText says what becomes of the step in hand.
func keptText(s planner.Step, again string) string {
	return "the step in hand, " + s.Text() + ", is kept and continued by the next " + again
}

// unfinished adds to the error of a run that could not go on what is in hand, and what goes on with it.
func unfinished(err error, m planner.Memory, again string) error {
	if m.Step == nil {
		return err
	}
	next := onward(m)
	if hint := planner.HintOf(err); hint != "" {
		next = hint + "; then " + next
	}
	return &planner.Error{Kind: planner.KindOf(err), Err: fmt.Errorf("%w; %s", err, keptText(*m.Step, again)), Hint: next}
}
