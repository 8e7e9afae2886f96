package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// stray is a request that was called off, and when it is made all the same.
type stray struct {
	request state.Request
	at      time.Duration
}

// calledOff closes a request, or forgets it, which somebody makes then at a time of their own.
func (x *rig) calledOff(_ context.Context, r state.Request, _ verdict.Reason) (closed bool) {
	if x.heedful || x.hand.IntN(4) == 0 {
		return true
	}
	x.strays = append(x.strays, stray{r, x.w.At() + time.Duration(x.hand.IntN(120))*time.Second})
	return false
}

// stray makes what was called off and is due by now.
func (x *rig) stray(ctx context.Context) {
	for len(x.strays) > 0 && x.strays[0].at <= x.w.At() {
		act := x.strays[0].request.Action
		act.Changes = slices.Clone(act.Changes)
		for i, c := range act.Changes { // whatever is there by now
			act.Changes[i].From = x.line(c).size
		}
		if err := x.w.Apply(ctx, act); err != nil {
			x.t.Fatal(err)
		}
		x.strays, x.strayed = x.strays[1:], x.strayed+1
	}
}

// byHand asks for an action's changes and lets them be made, the first half of them earlier than the rest.
func (x *rig) byHand(ctx context.Context, act state.Action) error {
	if act.Kind == state.Flush {
		return errors.New("a flush is asked of nobody")
	}
	if act.Kind == state.Restore {
		return nil
	}
	if x.inForce(act) {
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

// inForce reports whether every line is as an action makes it: nobody is asked.
func (x *rig) inForce(act state.Action) bool {
	return !slices.ContainsFunc(act.Changes, func(c fleet.SettingChange) bool {
		a := x.line(c)
		return c.Key == fleet.KeySize && a.size != c.To || c.Key == fleet.KeyReserve && a.reserve != c.To
	})
}

// line is that of a change.
func (x *rig) line(c fleet.SettingChange) *alias {
	i := slices.IndexFunc(x.w.processes, func(p *process) bool { return p.id == c.Process })
	return x.w.processes[i].alias(c.Alias)
}
