package bouncer

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// askAgain is how long what bars a step is taken to bar it still: asking reads every file of the step, and tries its
// writes. chosen: as long as an act that failed is left alone.
const askAgain = 10 * time.Second

// possible is the opening of a step, or the hold for what bars it: nothing of it has been done then. What somebody else
// has changed ends the run.
func (w *run) possible(ctx context.Context, s planner.Situation, open planner.Act) planner.Act {
	if w.Possible == nil || len(open.Step.Sets) == 0 {
		return open
	}
	if now := w.Clock.Now(); w.barred == nil || now.Sub(w.asking) >= askAgain {
		w.barred, w.asking = w.Possible(ctx, s, open.Step.Sets), now
	}
	switch {
	case w.barred == nil:
		return open
	case planner.KindOf(w.barred) == planner.KindDrift:
		return planner.Act{Verb: planner.Stop, Outcome: planner.Drifted, Reason: line(w.barred)}
	}
	return s.Hold(line(w.barred))
}

// kept is the act, or the end of the run where files that it rests on say something else by now; what cannot be read is
// waited for. An act that was begun before is repeated as it is: its files are half written. errOld: something went back
// meanwhile, and the act is none any more.
func (w *run) kept(ctx context.Context, s planner.Situation, act planner.Act) (planner.Act, error) {
	if w.Kept == nil || s.Memory.Intent != nil || !rests(act, s) {
		return act, nil
	}
	processes := s.Memory.Processes()
	var err error
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	undone, failed := w.beside(ctx, func() { err = w.Kept(work, processes) }, giveUp)
	switch {
	case failed != nil:
		return act, failed
	case undone:
		return act, errOld
	case err == nil:
		return act, nil
	case planner.KindOf(err) == planner.KindDrift:
		return planner.Act{Verb: planner.Stop, Outcome: planner.Drifted, Reason: line(err)}, nil
	}
	return s.Hold(line(err)), nil
}

// rests reports whether an act rests on what the files say. What goes back goes on, and its end is no success if they
// say something else.
func rests(act planner.Act, s planner.Situation) bool {
	m := s.Memory
	goesBack := m.RollTo > 0 || m.Step != nil && m.Step.Kind == planner.Backward
	switch act.Verb {
	case planner.Grant:
		return true
	case planner.Flip, planner.Close:
		return !goesBack
	case planner.Stop:
		return act.Outcome == planner.Done
	}
	return false
}
