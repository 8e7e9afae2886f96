package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner"
)

func rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "take back the step in hand, or the newest that was taken, through the same safe steps",
		Description: "Says first whether the sizes before still fit. With --to, everything from that event of the journal on goes back:\n" +
			"pgbudget status lists the steps with their numbers.\n\n" +
			"Examples:\n" +
			"  pgbudget rollback --dry-run\n" +
			"  pgbudget rollback --to 12",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			&cli.Int64Flag{Name: "to", Usage: "take back every step from event `SEQ` on"},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error {
			policy, err := policyOf(c, s)
			if err != nil {
				return err
			}
			if to := c.Int64("to"); c.IsSet("to") && to < 1 {
				return usage("pgbudget status lists them", "--to is %d, want the number of an event", to)
			}
			m, err := newMover(c.Context, s, c.Bool("dry-run"))
			if err != nil {
				return err
			}
			defer m.close()
			return m.rollback(c, out, policy)
		}),
	}
}

// rollback goes back. What the fleet is asked to carry is measured first: a size that was enough may be no more.
func (m *mover) rollback(c *cli.Context, out output, policy planner.Policy) error {
	course, err := m.measure(c.Context)
	if err != nil {
		return err
	}
	way, any := planner.Rollback(m.memory, course.fleet, c.Int64("to"))
	if !any {
		fmt.Fprintln(out.w, "nothing to take back: the journal knows of no step")
		return nil
	}
	for _, t := range way.Turns {
		if !slices.ContainsFunc(course.traffic, func(x bouncer.Traffic) bool { return x.ID() == t.Shift }) {
			return usage("write its shift: into the config again, or --to a later step", "the steps that go back have turned the traffic of %s to %d %%, and the config has no such shift", t.Shift, t.From)
		}
	}
	goal, where := way.Goal, wayText(way)
	why := planner.Reachable(course.fleet, goal)
	possible := "possible"
	if why != "" {
		possible = "not possible as a whole: " + why
	}
	fmt.Fprintf(os.Stderr, "rollback to before event %d, %s: %s\n", way.To, where, possible)
	if c.Bool("dry-run") {
		out.warnings(course)
		fmt.Fprintln(out.w, "nothing was changed")
		if why == "" {
			return nil
		}
	}
	if why != "" {
		return &planner.Error{Kind: planner.KindInfeasible, Err: fmt.Errorf("%s", why), Hint: "pgbudget rollback --to a later step, or free connections first"}
	}
	if yes, err := m.typed(c, "rollback: "+where); err != nil || !yes {
		return err
	}
	course.goal = goal
	course.traffic = backwards(course.traffic, course.shifts, way, m.memory.Step)
	m.rollTo = way.To
	return m.run(c.Context, out, course, policy, 0, nil, false)
}

// wayText says where a rollback goes.
func wayText(w planner.Way) string {
	var parts []string
	if len(w.Goal.Pools) > 0 {
		parts = append(parts, goalText(w.Goal))
	}
	for _, t := range w.Turns {
		parts = append(parts, t.Text())
	}
	return strings.Join(parts, ", ")
}

// backwards are the shifts of a rollback: each goes to where its switch was before the steps that are taken back, or stays.
func backwards(traffic []bouncer.Traffic, at []planner.Shift, way planner.Way, inHand *planner.Step) []bouncer.Traffic {
	out := slices.Clone(traffic)
	for i := range out {
		t := &out[i]
		t.Until = at[i].At
		if inHand != nil && inHand.Turn != nil && inHand.Turn.Shift == t.ID() { // it goes back by itself
			t.Until = inHand.Turn.From
			if inHand.Kind == planner.Backward {
				t.Until = inHand.Turn.To
			}
		}
		for _, turn := range way.Turns {
			if on := turn.To - t.Until; turn.Shift == t.ID() && on*(turn.To-turn.From) >= 0 { // a rollback that was not finished may be past it
				t.Until = turn.To
			}
		}
	}
	return out
}
