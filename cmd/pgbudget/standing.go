package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// refusal says why a step towards a plan would not begin as things stand: who may RELOAD, what the files say, who else is at
// work, the journal, a pause, the time of day. nil: it would, or the config is not one that moves a fleet. With an empty plan
// it is any step. Nothing is changed, and no lock is kept.
func (s source) refusal(ctx context.Context, fleet planner.Fleet, plan planner.Plan) error {
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
	c, policy := course{plan: plan, goal: planner.GoalOf(plan), fleet: fleet, measured: fleet}, s.config.MovingPolicy()
	if c.evidence.Last, err = m.session.Observe(ctx); err != nil {
		return err
	}
	policy.Percent = 100 // every line that it would ever change
	step, blocked := firstStep(c, policy, m.memory)
	if blocked != "" {
		return &planner.Error{Err: fmt.Errorf("%w: %s", errHeld, blocked)}
	}
	if err := m.ready(ctx, c, policy, step, blocked); err != nil {
		return err
	}
	if err := stopped(s.config.Journal); err != nil {
		return err
	}
	planned := len(plan.Servers) > 0 // without a plan, nobody knows whether a step is wanted
	if why := planner.Closed(s.config.Windows(), time.Now()); why != "" && (!step.Empty() || !planned) && m.memory.Step == nil {
		return &planner.Error{Err: fmt.Errorf("%w: %s", errHeld, why), Hint: "wait for it, or pgbudget step --outside-window"}
	}
	return nil
}

// warnRefused says on standard error that a step would be refused, with its exit code and what to do.
func warnRefused(ctx context.Context, err error) {
	if err == nil {
		return
	}
	text := fmt.Sprintf("note: pgbudget step would end with %d now: %s", exitCode(context.WithoutCancel(ctx), err), err)
	if hint := planner.HintOf(err); hint != "" {
		text += "; next: " + hint
	}
	fmt.Fprintln(stderr, text)
}
