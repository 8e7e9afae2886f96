package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/form"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

func stepCommand() *cli.Command {
	return &cli.Command{
		Name:  "step",
		Usage: "take one small verified step towards the plan, or continue the one in hand",
		Description: "Takes samples, plans, and changes sizes by at most --percent of each server's budget: releases,\n" +
			"waits until PgBouncer and PostgreSQL show the drain, grants, shifts traffic by at most --percent\n" +
			"percentage points, and soaks. Doubt holds the step (exit code 5), and so does a time outside\n" +
			"policy.windows. On a terminal pgbudget asks before the step begins.\n\n" +
			"--emit prints the change and makes none: as a patch of the files, secrets masked, or in the form\n" +
			"of the tool that the files belong to.\n\n" +
			"Examples:\n" +
			"  pgbudget step --percent 5 --dry-run\n" +
			"  pgbudget step --percent 5\n" +
			"  pgbudget step --percent 5 --yes     without a terminal",
		Flags: slices.Concat(moveFlags(), formatFlags(), []cli.Flag{
			outsideWindow(), planFlag(), reportFlag("what the step did"),
			&cli.StringFlag{Name: "emit",
				Usage: "`FORM`: " + strings.Join(append([]string{asPatch}, form.Names()...), ", ")},
		}),
		Action: withFacts(func(c *cli.Context, out output, s source) error { return takeSteps(c, out, s, 1) }),
	}
}

// takeSteps is step and run: one step that is not waited for when it is held, or as many as it takes.
func takeSteps(c *cli.Context, out output, s source, steps int) error {
	switch emit := c.String("emit"); {
	case emit != "" && emit != asPatch && !slices.Contains(form.Names(), emit):
		return usage("--emit patch, or a form: "+strings.Join(form.Names(), ", "), "--emit %s is not known", emit)
	case emit != "" && out.format != "table":
		return usage("choose one", "--emit %s prints the change in that form, and -o %s is none", emit, out.format)
	case emit != "" && c.Bool("dry-run"):
		return usage("choose one", "--emit %s and --dry-run both change nothing and print different things", emit)
	case emit != "" && emit != asPatch: // nobody reads or writes a file
		s.fileless = true
	}
	if c.IsSet("until") && c.Duration("until") <= 0 {
		return usage("leave --until out for no end", "--until is %v, want more than 0", c.Duration("until"))
	}
	ends := over(c)
	if c.IsSet("max-steps") {
		if steps = c.Int("max-steps"); steps < 1 {
			return usage("leave --max-steps out for as many steps as the plan takes", "--max-steps is %d, want 1 at least",
				steps)
		}
	}
	policy, err := policyOf(c, s)
	if err == nil {
		err = askable(c, s)
	}
	if err != nil {
		return err
	}
	if err := reportable(c, s); err != nil {
		return err
	}
	given, err := reviewedPlan(c)
	if err != nil {
		return err
	}
	if given != nil && given.Percent > 0 && policy.Percent != given.Percent { // its steps are of so much
		if c.IsSet("percent") {
			return usage(fmt.Sprintf("leave --percent out, or plan again with policy: {percent: %g}", policy.Percent),
				"--percent is %g, and the steps of the plan %s are of %g %%", policy.Percent, c.String("plan"), given.Percent)
		}
		policy.Percent = given.Percent
	}
	m, err := newRunner(c.Context, s, c.Bool("dry-run") || c.IsSet("emit"))
	if err != nil {
		return err
	}
	defer m.close()
	if m.plan = given; given != nil {
		if m.planFile, err = filepath.Abs(c.String("plan")); err != nil {
			return err
		}
	}
	if c.Bool("dry-run") && !c.IsSet("emit") {
		if err := m.alone(c.Context); err != nil {
			return err
		}
	}
	if err := m.goingBack(); err != nil {
		return err
	}
	survey, err := m.survey(c.Context, bouncer.ToPlan)
	if err == nil {
		survey, err = survey.Planned(sizing.Options{})
		if given != nil && (err == nil || operr.KindOf(err) == operr.KindInfeasible) {
			survey, err = m.toReviewed(c.Context, survey, err)
		}
	}
	if err == nil {
		survey = s.alerted(c.Context, survey)
	}
	if operr.KindOf(err) == operr.KindInfeasible && m.journalState.Step != nil && m.journalState.Goal != nil {
		fmt.Fprintf(stderr, "note: %v; the step in hand is finished, and no other is begun\n", err)
		survey.Goal, steps, err = *m.journalState.Goal, 1, nil
	}
	if err == nil && m.journalState.Step == nil {
		var notes []string
		notes, err = survey.Passable(policy.MostIncrement())
		noted(notes)
	}
	if err != nil {
		return err
	}
	if c.Bool("dry-run") || c.IsSet("emit") {
		return m.preview(c, out, survey, policy, steps)
	}
	if err := m.provisionalYet(); err != nil && c.Command.Name == "step" {
		return err
	}
	if c.Command.Name == "step" {
		policy.HoldFor, policy.Aborts = 0, 1 // a step that is held, or was taken back, ends, and says so
	}
	step, blocked := survey.FirstStep(policy, m.journalState)
	if err := m.ready(c.Context, survey, policy, step, blocked); err != nil {
		return err
	}
	var p preview
	if c.Command.Name == "run" || !agreed(c, s) {
		p = foresee(survey, policy, m.journalState, step)
	}
	if c.Command.Name == "run" {
		if err := m.readyAhead(c.Context, p, steps); err != nil {
			return err
		}
	}
	what := question(survey, policy, m.journalState, step, blocked, paused(s.config.Journal))
	if what != "" {
		if err := m.mayBegin(c, time.Now()); err != nil {
			return err
		}
		if err := m.ask(c, out, p, what); err != nil {
			return err
		}
	}
	mayStep := what != "" || agreed(c, s)
	if !mayStep {
		m.unasked = verdict.Of(verdict.Unasked, "")
	}
	m.over, m.again = ends, asTyped(c)
	if given != nil {
		m.notes = append(m.notes, fmt.Sprintf("goes to the plan of %s, saved in %s", stamp(given.Plan.At),
			c.String("plan")))
	}
	if c.IsSet("max-steps") {
		m.most = steps
	}
	m.report.on = c.String("report") != ""
	err = m.run(c.Context, out, survey, policy, steps, closing(c, s), c.Command.Name == "run" && mayStep && given == nil)
	return cmp.Or(m.reported(c, survey, err), err)
}

// tell says what a RELOAD would change besides and may, and what nobody can tell.
func (m *runner) tell() {
	for _, text := range slices.Concat(m.applier.PendingNotes(), m.applier.Accepted()) {
		fmt.Fprintln(stderr, "note: "+text)
	}
}

// preview shows the first step, or what is left of the one in hand, and changes nothing. It ends as the step would
// that is refused, or held: --emit, which is for files that something else keeps, asks less.
func (m *runner) preview(c *cli.Context, out output, survey bouncer.Survey, policy state.Policy, steps int) error {
	step, blocked := survey.FirstStep(policy, m.journalState)
	if !c.IsSet("emit") {
		if err := m.drifted(survey, policy); err != nil {
			return err
		}
	}
	if blocked.Any() {
		return held("pgbudget plan shows the arithmetic", "%s", blocked.Text())
	}
	why, p := survey.HeldNow(policy, m.journalState, step), foresee(survey, policy, m.journalState, step)
	if c.IsSet("emit") {
		if why.Any() {
			fmt.Fprintln(stderr, "note: "+why.Text()+"; a step would be held")
		}
		return m.emit(c.Context, out.w, p, c.String("emit"))
	}
	if err := p.edited(c.Context, m); err != nil {
		return err
	}
	if out.format != "table" {
		if err := out.data(p.data()); err != nil {
			return err
		}
	} else {
		out.preview(p)
		out.later(p)
		fmt.Fprintln(out.w, "nothing was changed")
	}
	if err := m.ready(c.Context, survey, policy, step, blocked); err != nil {
		return err
	}
	if err := m.provisionalYet(); err != nil && c.Command.Name == "step" {
		return err
	}
	if step.Empty() {
		if c.Command.Name == "run" {
			return nil
		}
		return stopped(m.source.config.Journal)
	}
	if c.Command.Name == "run" {
		if err := m.readyAhead(c.Context, p, steps); err != nil {
			return err
		}
	}
	if err := m.mayBegin(c, time.Now()); err != nil || !why.Any() {
		if err == nil {
			fmt.Fprintln(stderr, "next: "+asTyped(c))
		}
		return err
	}
	if why.Is(verdict.MayBeMade) {
		return held(requestHint(m.journalState.Requests), "%s", why.Text())
	}
	if c.Command.Name == "run" {
		fmt.Fprintf(stderr, "note: %s; the run waits for its end, for %v at most\n", why.Text(), policy.HoldFor)
		return nil
	}
	return held("pgbudget step, once the cause is gone", "%s", why.Text())
}
