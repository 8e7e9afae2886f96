package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// refusal says why a step towards a plan would not begin as things stand: who may RELOAD, what the files say, who else is at
// work, the journal, a pause, the time of day. nil: it would, or the config is not one that moves a fleet. Nothing is
// changed, and no lock is kept.
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
	if err := m.alone(ctx); err != nil { // first: what another one moves meanwhile is nobody's drift
		return err
	}
	if m.memory, err = remembered(s.config); err != nil { // after it: nobody writes it now
		return err
	}
	o, err := m.session.Observe(ctx)
	if err != nil {
		return err
	}
	step := setsOf(fleet, plan)
	if m.memory.Step != nil {
		step = *m.memory.Step
	}
	c := course{fleet: fleet}
	c.evidence.Last = o
	if err := m.ready(ctx, c, s.config.MovingPolicy(), step, ""); err != nil {
		return err
	}
	if err := stopped(s.config.Journal); err != nil {
		return err
	}
	if why := planner.Closed(s.config.Windows(), time.Now()); why != "" && !step.Empty() && m.memory.Step == nil {
		return &planner.Error{Err: fmt.Errorf("%w: %s", errHeld, why), Hint: "wait for it, or pgbudget step --outside-window"}
	}
	return nil
}

// setsOf is all that a plan changes, as one step.
func setsOf(f planner.Fleet, plan planner.Plan) planner.Step {
	var step planner.Step
	for _, x := range plan.Pools {
		i := slices.IndexFunc(f.Pools, func(p planner.FleetPool) bool { return p.ID == x.ID })
		if i < 0 || x.Frozen != "" {
			continue
		}
		_, alias, _ := strings.Cut(x.ID, "/")
		for _, size := range f.Pools[i].Sizes {
			if size.Conns != x.ToSize {
				step.Sets = append(step.Sets, planner.Set{Process: size.Process, Alias: alias, Key: planner.KeySize, From: size.Conns, To: x.ToSize})
			}
		}
	}
	slices.SortFunc(step.Sets, func(a, b planner.Set) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias))
	})
	return step
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
