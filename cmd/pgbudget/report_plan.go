package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/report"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/state"
)

// reportPlan writes a plan to --report, with the steps there as they are foreseen.
func (s source) reportPlan(c *cli.Context, survey bouncer.Survey) error {
	if c.String("report") == "" {
		return nil
	}
	page := planPage(survey.Plan)
	page.Title, page.Subtitle = "pgbudget plan", "of "+stamp(survey.Plan.At)
	policy := state.DefaultPolicy()
	if s.config != nil {
		policy = s.config.MovingPolicy()
		if s.config.Environment != "" {
			page.Title += ": " + s.config.Environment
		}
	}
	page.Outcome = waitingLine(survey.Plan)
	ahead, ends := survey.State(policy, state.JournalState{}).Forecast()
	if ends.Any() {
		page.Notes = append(page.Notes, "the steps end before the plan: "+ends.Text())
	}
	page.Notes = append(page.Notes, "the pictures show what is foreseen: worst cases, if every release drains and no "+
		"load changes; waits and percentiles are modelled")
	page.Steps, page.Series, page.Events = pathPage(survey, policy, ahead)
	return writeReport(c, page)
}

// pathPage is a path over the time that it takes, about: the worst case of every pool.
func pathPage(x bouncer.Survey, policy state.Policy, ahead []control.ForecastStep) (steps []report.Step,
	series report.Series, events []report.Event) {
	fleets, takes := []budget.Fleet{x.Fleet}, control.Takes(policy, 1)
	for i, st := range ahead {
		at := time.Duration(i+1) * takes
		kind := report.Grant
		if st.Step.Traffic != nil {
			kind = report.Shift
		}
		steps = append(steps, report.Step{Name: fmt.Sprint(i + 1), Changes: st.Step.Text(),
			Worst: worstText(worstOf(fleets[i], st))})
		events = append(events, report.Event{At: at, When: "step " + fmt.Sprint(i+1), Text: st.Step.Text(), Kind: kind})
		fleets = append(fleets, st.After)
	}
	fleets = append(fleets, fleets[len(fleets)-1])
	series.Stepped = true
	for i := range fleets {
		series.At = append(series.At, time.Duration(i)*takes)
	}
	for _, srv := range x.Fleet.Servers {
		one := report.ServerSeries{Name: srv.Name}
		for _, f := range fleets {
			one.Budget = append(one.Budget, float64(srv.BudgetConns))
			one.Worst = append(one.Worst, float64(f.WorstConns(srv.Name)))
			one.Direct = append(one.Direct, 0) // the budget is without them
		}
		series.Servers = append(series.Servers, one)
	}
	for _, p := range x.Fleet.Pools {
		one := report.PoolSeries{ID: p.ID, Server: p.Server}
		for _, f := range fleets {
			one.Conns = append(one.Conns, float64(f.WorstOf(p.ID)))
			one.Size = append(one.Size, float64(f.WorstOf(p.ID)))
		}
		series.Pools = append(series.Pools, one)
	}
	for _, sh := range x.Shifts {
		one := report.ShareSeries{Shift: sh.ID(), Percent: []float64{float64(sh.At)}}
		for _, st := range ahead {
			now := one.Percent[len(one.Percent)-1]
			if t := st.Step.Traffic; t != nil && t.Shift == sh.ID() {
				now = float64(t.To)
			}
			one.Percent = append(one.Percent, now)
		}
		one.Percent = append(one.Percent, one.Percent[len(one.Percent)-1])
		series.Shares = append(series.Shares, one)
	}
	return steps, series, events
}
