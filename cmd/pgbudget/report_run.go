package main

import (
	"fmt"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/report"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// runReport collects what a run shows, for --report. Its zero value collects nothing.
type runReport struct {
	on     bool
	cpu    string // the signal that is the CPU of a server; empty: none is
	seen   []moment
	events []state.Event
}

// moment is what a report keeps of a sample.
type moment struct {
	at      time.Time
	servers map[string]serverMoment
	pools   map[string]poolMoment
}

type serverMoment struct{ budget, worst, direct, cpu, hold, ceiling float64 }

type poolMoment struct {
	conns, worst, wait float64
	size               int
}

// mostMoments bounds those of a report: of more, every second one is let go. chosen: a run of a day at a sample every
// five seconds has 17,280.
const mostMoments = 20000

// sample notes a sample.
func (r *runReport) sample(s control.State) {
	if !r.on || s.Now.IsZero() {
		return
	}
	if len(r.seen) >= mostMoments {
		for i := range mostMoments / 2 {
			r.seen[i] = r.seen[2*i]
		}
		r.seen = r.seen[:mostMoments/2]
	}
	m := moment{at: s.Now, servers: map[string]serverMoment{}, pools: map[string]poolMoment{}}
	signals := s.Guard.Now()
	for _, f := range s.Fleet.Servers {
		direct := float64(f.DirectConns())
		x := serverMoment{budget: float64(f.BudgetConns) + direct, worst: float64(s.Fleet.WorstConns(f.Name)) + direct,
			direct: direct, cpu: math.NaN(), ceiling: f.CPU.Ceiling}
		for _, g := range s.Sample.Signals { // of the server's own cpu:, which no level judges
			if g.Name == fleet.SignalCPU && g.Server == f.Name && g.Read() {
				x.cpu = float64(g.Value)
			}
		}
		for _, g := range signals {
			if g.Name == r.cpu && g.Server == f.Name {
				x.cpu = float64(g.Value)
				if g.Hold.Known() {
					x.hold = float64(g.Hold)
				}
			}
		}
		m.servers[f.Name] = x
	}
	for _, p := range s.Fleet.Pools {
		now, _ := s.Recent.PoolNow(p.ID)
		m.pools[p.ID] = poolMoment{float64(p.SeenConns), float64(p.CountedConns()), now.MeanWait.Seconds(),
			p.LargestSize()}
	}
	r.seen = append(r.seen, m)
}

// event notes an event.
func (r *runReport) event(e state.Event) {
	if !r.on {
		return
	}
	if e.Goal != nil { // it is the run's own, which a new plan changes
		e.Goal = new(*e.Goal)
	}
	r.events = append(r.events, e)
}

// page is the report of a run that went to a plan.
func (r *runReport) page(x bouncer.Survey, outcome string, m state.JournalState) report.Page {
	page := planPage(x.Plan)
	page.Outcome, page.Learned = outcome, learnt(m)
	if len(r.seen) == 0 {
		return page
	}
	first, last := r.seen[0], r.seen[len(r.seen)-1]
	for i := range page.Pools { // what came of it, and not what was planned
		p := &page.Pools[i]
		p.From, p.To = first.pools[p.ID].size, last.pools[p.ID].size
		p.Conns, p.After = int(first.pools[p.ID].worst), int(last.pools[p.ID].worst)
		p.Wait = change(measuredWait(r.seen, p.ID), measuredWait([]moment{last}, p.ID))
	}
	page.Measured = true
	for i := range page.Ledgers {
		l := &page.Ledgers[i]
		l.Now = int(first.servers[l.Server].worst - first.servers[l.Server].direct)
		l.After = int(last.servers[l.Server].worst - last.servers[l.Server].direct)
		l.NowIs, l.AfterIs = "worst case at the beginning", "worst case at the end"
		if budget := int(last.servers[l.Server].budget - last.servers[l.Server].direct); budget != l.Budget {
			page.Notes = append(page.Notes, fmt.Sprintf("%s: the budget is %d connections at the end; the plan had %d",
				l.Server, budget, l.Budget))
		}
	}
	begin := r.seen[0].at
	page.Subtitle = "from " + stamp(begin) + " to " + stamp(r.seen[len(r.seen)-1].at)
	page.Events = reportEvents(r.events, begin, func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") })
	series := report.Series{Begin: begin}
	var at []time.Time
	for _, s := range r.seen {
		series.At, at = append(series.At, s.at.Sub(begin)), append(at, s.at)
	}
	series.Shares = sharesOf(r.events, at)
	for _, srv := range x.Fleet.Servers {
		one, known := report.ServerSeries{Name: srv.Name}, false
		for _, s := range r.seen {
			f, shown := s.servers[srv.Name]
			if !shown {
				f = serverMoment{math.NaN(), math.NaN(), math.NaN(), math.NaN(), 0, 0}
			}
			one.Budget, one.Worst = append(one.Budget, f.budget), append(one.Worst, f.worst)
			one.Direct, one.CPU = append(one.Direct, f.direct), append(one.CPU, f.cpu)
			known = known || !math.IsNaN(f.cpu)
			switch {
			case f.hold > 0:
				one.Ceiling, one.Plans = f.hold, false
			case one.Ceiling == 0:
				one.Ceiling, one.Plans = f.ceiling, true
			}
		}
		if !known {
			one.CPU = nil
		}
		series.Servers = append(series.Servers, one)
	}
	for _, p := range x.Fleet.Pools {
		one := report.PoolSeries{ID: p.ID, Server: p.Server}
		for _, s := range r.seen {
			f, shown := s.pools[p.ID]
			if !shown {
				f = poolMoment{math.NaN(), math.NaN(), math.NaN(), 0}
			}
			one.Conns, one.Size, one.Wait = append(one.Conns, f.conns), append(one.Size, f.worst), append(one.Wait, f.wait)
		}
		series.Pools = append(series.Pools, one)
	}
	page.Series = series
	return page
}

// measuredWait is the first mean wait of a pool that is known in moments.
func measuredWait(seen []moment, pool string) string {
	for _, m := range seen {
		if w := m.pools[pool].wait; !math.IsNaN(w) {
			return seconds(fleet.Float(w))
		}
	}
	return "?"
}

// reported writes the report of a run, however it has ended; ended is its error. A report that cannot be written is a
// note where the run has an error of its own.
func (m *runner) reported(c *cli.Context, x bouncer.Survey, ended error) error {
	if !m.report.on {
		return nil
	}
	state := m.journal.State()
	outcome := "done"
	if operr.KindOf(ended) != operr.KindDone {
		outcome = ended.Error()
	}
	page := m.report.page(x, outcome, state)
	page.Title = "pgbudget " + c.Command.Name
	if e := m.source.config.Environment; e != "" {
		page.Title += ": " + e
	}
	err := writeReport(c, page)
	if err != nil && operr.KindOf(ended) != operr.KindDone {
		fmt.Fprintf(stderr, "note: %v\n", err)
		return nil
	}
	if err != nil { // not what says that nothing was touched
		return &operr.Error{Kind: operr.KindUnforeseen, Err: fmt.Errorf("the %s is done, and its report is not written: %w",
			c.Command.Name, err), Hint: "pgbudget history shows what was done"}
	}
	return nil
}
