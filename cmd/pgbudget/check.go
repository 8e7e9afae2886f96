package main

import (
	"slices"
	"time"

	"github.com/urfave/cli/v2"
)

func checkCommand() *cli.Command {
	live := []cli.Flag{&cli.DurationFlag{Name: "window", EnvVars: []string{"PGBUDGET_WINDOW"}, Value: checkWindow,
		Usage: "take samples of the live fleet for `TIME`"}}
	for _, f := range moveFlags() {
		if slices.Contains([]string{"config", "every", "timeout", "accept-pending"}, f.Names()[0]) {
			live = append(live, f)
		}
	}
	return &cli.Command{
		Name:      "check",
		Usage:     "name what would make a plan wrong or a step fail; --static: do files fit?",
		ArgsUsage: "[FILE.ini…]",
		Description: "Makes all the checks that step, run and rollback make, of every process, and touches nothing.\n" +
			"Ends with 11 where something is found. --static needs no server: do these files fit?\n\n" +
			"Examples:\n" +
			"  pgbudget check\n" +
			"  pgbudget check --rules\n" +
			"  pgbudget check --static --max-connections 100 --processes 3 main.ini ci.ini\n" +
			"  pgbudget check --static --max-connections pg1=200 --pools app=4 --junit fit.xml *.ini",
		Flags: slices.Concat(live, []cli.Flag{
			&cli.BoolFlag{Name: "rules", Usage: "list the rules, and ask nobody"},
			&cli.StringFlag{Name: "junit", Usage: "write the verdicts to `FILE` as JUnit XML"},
		}, staticFlags(), formatFlags()),
		Action: func(c *cli.Context) error {
			out, err := newOutput(c)
			switch {
			case err != nil:
				return err
			case c.Bool("static"):
				return checkStatic(c, out)
			}
			if err := notStatic(c); err != nil {
				return err
			}
			if c.Bool("rules") {
				return out.rules()
			}
			s, err := newSource(c, "window")
			if err != nil {
				return err
			}
			s.keepsPlan(c)
			return s.checked(c, out)
		},
	}
}

// checkWindow is how long check samples. chosen: 10 s because rights and signals show at once, and loads are a plan's
// matter.
const checkWindow = 10 * time.Second

// notStatic refuses what only --static has a use for.
func notStatic(c *cli.Context) error {
	if c.NArg() > 0 && !c.Bool("rules") {
		return usage("pgbudget check --static --max-connections N FILE.ini", "files are checked with --static alone")
	}
	for _, f := range staticFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usage("add --static, or leave --"+name+" out", "--%s is of check --static", name)
		}
	}
	return noArguments(c, 0)
}
