package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

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
	goal, to, any := planner.Rollback(m.memory, course.fleet, c.Int64("to"))
	if !any {
		fmt.Fprintln(out.w, "nothing to take back: the journal knows of no step")
		return nil
	}
	why := planner.Reachable(course.fleet, goal)
	possible := "possible"
	if why != "" {
		possible = "not possible as a whole: " + why
	}
	fmt.Fprintf(os.Stderr, "rollback to before event %d, %s: %s\n", to, goalText(goal), possible)
	if c.Bool("dry-run") {
		fmt.Fprintln(out.w, "nothing was changed")
		return nil
	}
	if why != "" {
		return &planner.Error{Kind: planner.KindInfeasible, Err: fmt.Errorf("%s", why), Hint: "pgbudget rollback --to a later step, or free connections first"}
	}
	if yes, err := m.typed(c, "rollback: "+goalText(goal)); err != nil || !yes {
		return err
	}
	course.goal = goal
	m.rollTo = to
	return m.run(c.Context, out, course, policy, 0, nil, false)
}
