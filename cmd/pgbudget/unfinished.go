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

// stopped says why nothing may move now: a person's pause, or a journal that is not in its place, of which a soak would
// not hear otherwise until its end. The event of the hold cannot be recorded then, which ends the run.
func (m *mover) stopped() string {
	if err := m.journal.InPlace(); err != nil {
		return err.Error()
	}
	return paused(m.source.config.Journal)
}
