package main

import (
	"errors"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

func planCommand() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "find the pool sizes and show the arithmetic; changes nothing",
		Description: "Examples:\n" +
			"  pgbudget plan --from fleet.jsonl                      a recording\n" +
			"  pgbudget plan --postgres DSN --bouncer main=DSN --bouncer ci=DSN --window 60s\n" +
			"  pgbudget plan --config what-if.yaml -o json           declared loads, no server\n" +
			"  pgbudget plan --config what-if.yaml --path main/app:ci/app --fraction 30%-40%",
		Flags: slices.Concat(sourceFlags(), formatFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "best-effort",
				Usage: "where no sizes keep every promise, propose those that break them least (exit code 3 all the same)"},
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 10 when the plan changes a size"},
			&cli.StringFlag{Name: "out", Usage: "save the plan with its steps, its inputs and a hash of each file to `FILE`; " +
				"pgbudget step --plan FILE moves to it"},
			reportFlag("the plan"),
			&cli.StringFlag{Name: "compare",
				Usage: "list the inputs that changed since the plan saved in `FILE`, and whether its proof still holds"},
		}, pathFlags()),
		Action: withFacts(func(c *cli.Context, out output, s source) error {
			if err := pathless(c); err != nil {
				return err
			}
			if err := s.unsampled(c); err != nil {
				return err
			}
			if file := c.String("out"); file != "" { // a minute's samples are not to be in vain
				if err := s.notOurs("out", file); err != nil {
					return err
				}
				if _, err := saveable(file); err != nil {
					return err
				}
			}
			if err := reportable(c, s); err != nil {
				return err
			}
			if out, page := c.String("out"), c.String("report"); out != "" && filepath.Clean(out) == filepath.Clean(page) {
				return usage("give them two names", "--out and --report are one file, %s", out)
			}
			var before reviewed.Plan
			if file := c.String("compare"); file != "" {
				var err error
				if before, err = loadPlan(file); err != nil {
					return err
				}
			}
			survey, err := s.survey(c.Context)
			if err != nil {
				return err
			}
			if c.IsSet("path") {
				return planPath(c, out, s, survey)
			}
			survey, err = survey.Planned(sizing.Options{BestEffort: c.Bool("best-effort")})
			if err != nil && operr.KindOf(err) != operr.KindInfeasible {
				return err
			}
			if err == nil {
				survey = s.alerted(c.Context, survey)
			}
			out.recycle = s.config != nil && s.config.MovingPolicy().Recycle
			ended := finishPlan(c, out, s, survey, before, err)
			if err == nil {
				warnRefused(c.Context, s.refusal(c.Context, survey))
			}
			return ended
		}),
	}
}

// compared is what -o json and yaml print with --compare: one document.
type compared struct {
	Plan    sizing.Plan   `json:"plan"`
	Compare sizing.Review `json:"compare"`
}

// finishPlan prints, compares and saves a plan, and chooses the exit code: infeasible before broken before pending.
func finishPlan(c *cli.Context, out output, s source, survey bouncer.Survey, before reviewed.Plan,
	infeasible error) error {
	plan := survey.Plan
	if infeasible != nil {
		if out.format != "table" {
			if err := out.data(plan); err != nil {
				return err
			}
		}
		return infeasible
	}
	broken, err := printPlan(c.String("compare"), before, out, survey.Fleet, plan)
	if err != nil {
		return err
	}
	if file := c.String("out"); file != "" { // last: it may be the file that was compared with
		if err := savePlan(file, s.reviewable(c.Context, survey)); err != nil {
			return err
		}
	}
	if err := s.reportPlan(c, survey); err != nil {
		return err
	}
	switch {
	case plan.BestEffort:
		return errBestEffort
	case broken:
		return &operr.Error{Kind: operr.KindInfeasible, Subject: c.String("compare"),
			Err: errors.New("the saved plan no longer keeps every promise"), Hint: "use the new plan"}
	case c.Bool("detailed-exitcode") && plan.Changes():
		return errPending
	}
	return nil
}

// printPlan prints a plan and, where a saved one is named, what became of that.
func printPlan(file string, saved reviewed.Plan, out output, fleet budget.Fleet, plan sizing.Plan) (broken bool,
	err error) {
	if file == "" {
		return false, out.plan(plan)
	}
	review := sizing.Compare(saved.Saved, fleet, plan)
	broken = len(review.Broken) > 0
	if out.format != "table" {
		return broken, out.data(compared{plan, review})
	}
	if err := out.plan(plan); err != nil {
		return broken, err
	}
	out.review(file, saved, review)
	return broken, nil
}
