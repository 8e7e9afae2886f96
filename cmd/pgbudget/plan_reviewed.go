package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// planFlag is the flag of step and run that names a reviewed plan.
func planFlag() cli.Flag {
	return &cli.StringFlag{Name: "plan", Usage: "move to the sizes of the plan that pgbudget plan --out saved in " +
		"`FILE`, or say what has moved since"}
}

// reviewable is a plan as --out saves it: of a config that can move the fleet with its steps and files.
func (s source) reviewable(ctx context.Context, survey bouncer.Survey) reviewed.Plan {
	p := reviewed.Plan{Saved: sizing.Saved{Fleet: survey.Fleet, Plan: survey.Plan},
		Servers: state.OriginsOf(survey.Evidence.Last)}
	if s.movable() != nil {
		return p
	}
	p.Environment, p.ByHand = s.config.Environment, s.byHand()
	s.bare = true
	m, err := newRunner(ctx, s, true)
	if err == nil {
		defer m.close()
		policy := s.config.MovingPolicy()
		p.Percent, p.Steps = policy.Percent, stepsOf(survey, policy, m.journalState)
		p.Files, err = m.hashes(ctx, p)
	}
	if err != nil {
		p.Files = nil
		fmt.Fprintf(stderr, "note: no step can be taken to the saved plan: %v\n", err)
	}
	return p
}

// stepsOf are the steps to the goal of a survey, as they are foreseen.
func stepsOf(survey bouncer.Survey, policy state.Policy, m state.JournalState) (steps []reviewed.Step) {
	ahead, _ := survey.State(policy, m).Forecast()
	from := survey.Fleet
	for _, x := range ahead {
		steps = append(steps, reviewed.Step{Step: x.Step, Worst: worstOf(from, x)})
		from = x.After
	}
	return steps
}

// worstOf are the worst cases of a step that is to come: a grant waits for the drain of what the step releases.
func worstOf(from budget.Fleet, x control.ForecastStep) (worst []reviewed.Worst) {
	for _, srv := range from.Servers {
		before, after := from.WorstConns(srv.Name), x.After.WorstConns(srv.Name)
		worst = append(worst, reviewed.Worst{Server: srv.Name, Before: before, Most: max(before, after), After: after,
			Budget: srv.BudgetConns})
	}
	return worst
}

// hashes are those of all files, but for the sizes that a plan changes.
func (m *runner) hashes(ctx context.Context, p reviewed.Plan) (all []reviewed.File, err error) {
	var errs []error
	for _, f := range m.applier.Filed(ctx) {
		if f.Err != nil {
			errs = append(errs, f.Err)
			continue
		}
		group, _, _ := strings.Cut(f.Process, "/")
		files, err := reviewed.HashesOf(f.Process, f.Config, p.Lines(group))
		if err != nil {
			errs = append(errs, &operr.Error{Kind: operr.KindOf(err), Subject: f.Process, Err: err,
				Hint: operr.HintOf(err)})
			continue
		}
		all = append(all, files...)
	}
	return all, errors.Join(errs...)
}

// reviewedPlan is the plan of --plan; nil: none is given.
func reviewedPlan(c *cli.Context) (*reviewed.Plan, error) {
	file := c.String("plan")
	if file == "" {
		if c.IsSet("plan") {
			return nil, usage("--plan FILE, or leave --plan out", "--plan names no file")
		}
		return nil, nil
	}
	p, err := loadPlan(file)
	if err != nil {
		return nil, err
	}
	if err := p.Actionable(); err != nil {
		return nil, &operr.Error{Kind: operr.KindUsage, Subject: file, Err: err,
			Hint: "with the config that step is given: pgbudget plan --out " + file}
	}
	return &p, nil
}

// reviewed is the plan that the run moves to, for the journal.
func (m *runner) reviewed() *state.Reviewed {
	if m.plan == nil {
		return nil
	}
	return &state.Reviewed{File: m.planFile, At: m.plan.Plan.At}
}

// freshPlan is how old a reviewed plan may be without a word. chosen: a day, because loads repeat by the day.
const freshPlan = 24 * time.Hour

// toReviewed is a survey whose goal is the reviewed plan's; what has moved since the plan was made and breaks nothing
// is a note. unplanned is why today has no plan; nil: it has one.
func (m *runner) toReviewed(ctx context.Context, x bouncer.Survey, unplanned error) (bouncer.Survey, error) {
	p := m.plan
	files, err := m.hashes(ctx, *p)
	if err != nil {
		return x, err
	}
	review, err := p.Judge(reviewed.Now{Environment: m.source.config.Environment,
		Servers: state.OriginsOf(x.Evidence.Last), Files: files, Fleet: x.Fleet, Plan: x.Plan, Journal: m.journalState})
	if err != nil {
		return x, err
	}
	if unplanned != nil {
		return x, unplanned
	}
	since := []string{}
	if age := m.clock.Now().Sub(p.Plan.At); age > freshPlan {
		since = append(since, fmt.Sprintf("the plan is %v old", age.Round(time.Hour)))
	}
	for _, text := range review.Moved {
		since = append(since, "since the plan was made: "+text)
	}
	if len(since) > 0 || review.Code != sizing.ReviewUnchanged {
		since = append(since, "the plan of "+stamp(p.Plan.At)+": "+review.Verdict)
	}
	noted(since)
	m.notes = append(m.notes, since...)
	return x.Towards(p.Plan), nil
}

// asReviewed says that a step is not one of the plan's, where traffic moves: sizes on the way are then of the path, and
// not of the plan's end. nil: it is, or the plan has sizes alone.
func (m *runner) asReviewed(shifting bool, step state.Step) error {
	if m.plan == nil || !shifting || step.Empty() || m.plan.Has(step) {
		return nil
	}
	return &operr.Error{Kind: operr.KindDrift, Err: fmt.Errorf("the next step, %s, is not one of the reviewed plan's %d: "+
		"what is known of loads or of the fraction has changed", step.Text(), len(m.plan.Steps)),
		Hint: "plan again: pgbudget plan --out FILE"}
}
