package main

import (
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "take steps until the sizes are those of the plan",
		Description: "Repeats pgbudget step, with a soak after each step, inside policy.windows. A hold waits for its\n" +
			"end, policy.hold_for at most. SIGINT and SIGTERM stop the run between two actions; the next run\n" +
			"continues there, also after a crash.\n\n" +
			"Examples:\n" +
			"  pgbudget run\n" +
			"  pgbudget run --percent 2 --max-steps 3 --yes",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			outsideWindow(), planFlag(), reportFlag("what the run did"),
			&cli.IntFlag{Name: "max-steps", DefaultText: "as many as the plan takes", Usage: "stop after `N` steps"},
			&cli.DurationFlag{Name: "until", DefaultText: "no end",
				Usage: "begin no step once `TIME` has passed since the command was given"},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error { return takeSteps(c, out, s, 0) }),
	}
}

func outsideWindow() cli.Flag {
	return &cli.BoolFlag{Name: "outside-window", Usage: "begin steps outside of policy.windows, too; the journal says so"}
}

// over ends a run before its next step once --until is over.
func over(c *cli.Context) func(time.Time) verdict.Reason {
	begun, until := time.Now(), c.Duration("until")
	return func(now time.Time) verdict.Reason {
		if until > 0 && now.Sub(begun) > until {
			return verdict.Of(verdict.UntilOver, "", until)
		}
		return verdict.Reason{}
	}
}

// closing says when no step may begin.
func closing(c *cli.Context, s source) func(time.Time) verdict.Reason {
	if c.Bool("outside-window") {
		return nil
	}
	return func(now time.Time) verdict.Reason { return control.Closed(s.config.Windows(), now) }
}
