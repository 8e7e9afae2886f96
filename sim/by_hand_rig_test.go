package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/state"
)

// byHand asks for an action's changes and lets them be made, the first half of them earlier than the rest.
func (x *rig) byHand(ctx context.Context, act state.Action) error {
	if act.Kind == state.Flush {
		return errors.New("a flush is asked of nobody")
	}
	if act.Kind == state.Restore {
		return nil
	}
	now := x.w.At()
	if !slices.Equal(x.asked, act.Changes) {
		x.asked, x.due = slices.Clone(act.Changes), now+time.Duration(x.hand.IntN(90))*time.Second
	}
	left := x.due - now
	if left <= 0 {
		return x.w.Apply(ctx, act)
	}
	if half := len(act.Changes) / 2; half > 0 && left < 30*time.Second {
		act.Changes = act.Changes[:half]
		if err := x.w.Apply(ctx, act); err != nil {
			return err
		}
	}
	return bouncer.ErrPending
}
