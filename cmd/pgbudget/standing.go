package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// glanceEvery is how far the looks of a refusal lie apart: three, as many as a signal or a full pool is judged by. chosen:
// a plan has looked for a minute, and is not to take longer.
const glanceEvery = 300 * time.Millisecond

// refusal says why a step towards a plan would not begin as things stand: who may RELOAD, what the files say, who else is at
// work, the journal, a pause, the time of day. nil: it would, or the config is not one that moves a fleet. With an empty plan
// it is any step. Nothing is changed, and no lock is kept.
func (s source) refusal(ctx context.Context, f budget.Fleet, plan sizing.Plan) error {
	if s.movable() != nil {
		return nil
	}
	s.bare = true
	m, err := newMover(ctx, s, true)
	if err != nil {
		return err
	}
	defer m.close()
	if err := m.alone(ctx); err != nil {
		return err
	}
	c, policy := course{plan: plan, goal: sizing.GoalOf(plan), fleet: f, measured: f}, s.config.MovingPolicy()
	w := newLookout(ctx, m.session, s.config, glanceEvery)
	defer w.close()
	err = bouncer.Watch(ctx, clock.Wall{}, m.session.Fleet, glanceEvery, 2*glanceEvery, func(o fleet.Observation) error {
		o = m.memory.Recall(o)
		w.add(ctx, o)
		c.evidence.Last = o
		return nil
	})
	if c.seen = w.seen; err != nil {
		return err
	}
	policy.Percent = 100 // every line that it would ever change
	step, blocked := firstStep(c, policy, m.memory)
	if err := m.ready(ctx, c, policy, step, blocked); err != nil {
		return err
	}
	planned := len(plan.Servers) > 0 // without a plan, nobody knows whether a step is wanted
	if blocked = cmp.Or(blocked, c.heldNow(policy, m.memory, step)); blocked == "" && !planned {
		blocked = c.seen.held(c.evidence.Last)
	}
	if blocked != "" {
		return &operr.Error{Err: fmt.Errorf("%w: %s", errHeld, blocked)}
	}
	if err := stopped(s.config.Journal); err != nil {
		return err
	}
	if why := control.Closed(s.config.Windows(), time.Now()); why != "" && (!step.Empty() || !planned) && m.memory.Step == nil {
		return &operr.Error{Err: fmt.Errorf("%w: %s", errHeld, why), Hint: "wait for it, or pgbudget step --outside-window"}
	}
	return nil
}

// warnRefused says on standard error that a step would be refused, with its exit code and what to do.
func warnRefused(ctx context.Context, err error) {
	if err == nil {
		return
	}
	text := fmt.Sprintf("note: pgbudget step would end with %d now: %s", exitCode(context.WithoutCancel(ctx), err), err)
	if hint := operr.HintOf(err); hint != "" {
		text += "; next: " + hint
	}
	fmt.Fprintln(stderr, text)
}
