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
		return planner.Act{Verb: planner.Stop, Outcome: planner.Drifted, Reason: w.barred.Error()}
	}
	return s.Hold(w.barred.Error())
}
