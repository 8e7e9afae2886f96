package prom

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/load"
)

// gaugeActivity counts sessions per database and state. From postgres_exporter 0.17 on it also has backend_type;
// before, sessions without a state (background processes) were not counted at all.
const gaugeActivity = "pg_stat_activity_count"

// clientBackends also matches where the label does not exist.
const clientBackends = `backend_type=~"|client backend"`

// direct reads the connections that belong to no PgBouncer: DirectQuery, or
//
//	sum(pg_stat_activity_count) − Σ over PoolSelectors of all server connections of PgBouncer,  at least 0
//
// Pools that may have connections on several servers are not among them (ServerSpec.Shared): to take too much off would
// hide direct connections, to take nothing off counts too many.
//
// The two sides are scraped at different instants, up to one scrape interval apart. The difference is off by what the
// pools opened or closed in between, up or down; it is right when they were steady. The highest value, which the budget
// uses, is so at worst too high by the largest change of the pools within one interval: it errs towards fewer
// connections for the pools. A DirectQuery over pg_stat_activity_count's own labels (postgres_exporter 0.17 on:
// usename, application_name) has no such error.
func (l lookback) direct(ctx context.Context, s ServerSpec) (load.Histogram, Tally, error) {
	tally := Tally{Subject: s.Name, Moments: l.grid.n, Window: l.grid.step}
	var counts []float64
	var err error
	if s.DirectQuery != "" {
		counts, tally.Dropped, err = l.one(ctx, s.Name+" direct connections", s.DirectQuery)
	} else {
		counts, err = l.difference(ctx, s, &tally)
	}
	if err != nil {
		return load.Histogram{}, tally, err
	}
	h := l.histogram(counts)
	tally.Used = h.Samples
	if h.Samples == 0 {
		return h, tally, l.evidence(s.Name+" direct connections",
			"check "+l.c.shown+"/targets for exporters that do not answer",
			"not one of %d minutes is whole, %d have gaps", tally.Moments, tally.Incomplete)
	}
	return h, tally, nil
}

// difference subtracts PgBouncer's server connections from PostgreSQL's sessions.
func (l lookback) difference(ctx context.Context, s ServerSpec, tally *Tally) ([]float64, error) {
	subject := s.Name + " direct connections"
	activity := selector(gaugeActivity, s.Selector, clientBackends)
	sets, err := l.series(ctx, subject, activity)
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, l.absentUnder(ctx, subject, fmt.Sprintf("no series %s in the last %s", activity, l.span()), "pg_.+",
			"correct the selector of the server's postgres_exporter, or give a query for the direct connections")
	}
	src, err := l.source(ctx, subject, sets, activity)
	if err != nil {
		return nil, err
	}
	tally.Window = src.window
	rows, dropped, err := l.c.rows(ctx, subject, "sum by (job, instance) ("+activity+")", l.grid, src.window)
	if err != nil {
		return nil, err
	}
	tally.Dropped += dropped
	sessions, err := l.single(subject, "postgres_exporters", rows)
	if err != nil {
		return nil, err
	}
	held := make([]float64, l.grid.n)
	for _, pick := range s.PoolSelectors {
		one, dropped, err := l.held(ctx, subject, pick)
		if err != nil {
			return nil, err
		}
		tally.Dropped += dropped
		for i := range held {
			held[i] += one[i]
		}
	}
	diff := make([]float64, l.grid.n)
	for i := range diff {
		diff[i] = sessions[i] - held[i]
		if math.IsNaN(diff[i]) && !(math.IsNaN(sessions[i]) && math.IsNaN(held[i])) {
			tally.Incomplete++
		}
	}
	return diff, l.plausible(subject, s, diff, held)
}

// held returns the server connections of all pools under a selector; NaN where not whole.
func (l lookback) held(ctx context.Context, subject, pick string) ([]float64, int, error) {
	gauges := selector("", matches(model.MetricNameLabel, gaugeServers), pick)
	sets, err := l.series(ctx, subject, gauges)
	if err != nil {
		return nil, 0, err
	}
	if len(sets) == 0 {
		return nil, 0, l.absentUnder(ctx, subject, fmt.Sprintf("no series %s in the last %s", gauges, l.span()), poolerNames,
			"correct the selectors of the pools that lead to this server")
	}
	src, err := l.source(ctx, subject, sets, gauges)
	if err != nil {
		return nil, 0, err
	}
	known, err := l.known(ctx, src)
	if err != nil {
		return nil, 0, err
	}
	q := "sum without (database, user) (" + gauges + ")"
	if src.targets != "" { // a process that answers and has no such pool holds nothing for it
		q += " or 0 * (" + selector(gaugeUp, src.targets) + " == 1)"
	}
	rows, dropped, err := l.c.rows(ctx, subject, q, l.grid, src.window)
	if err != nil {
		return nil, 0, err
	}
	sum, _ := total(rows, known, l.grid.n)
	return sum, dropped, nil
}

// plausible refuses a difference that is below 0 most of the time by more than two connections and a tenth of what the
// pools hold: then the two sides do not see the same server, and clamping would report "no direct connections".
func (l lookback) plausible(subject string, s ServerSpec, diff, held []float64) error {
	var whole, short int
	var worst, worstHeld float64
	for i, d := range diff {
		if math.IsNaN(d) {
			continue
		}
		whole++
		if d < -2-held[i]/10 {
			short++
		}
		if d < worst {
			worst, worstHeld = d, held[i]
		}
	}
	if 2*short <= whole {
		return nil
	}
	return l.evidence(subject,
		"give the exporter's role pg_monitor: without it other roles' sessions have no state and are not counted; else "+
			"correct the selectors",
		"%s{%s} is below what PgBouncer holds under %s in %d of %d minutes, once by %.0f of %.0f connections",
		gaugeActivity, s.Selector, list(s.PoolSelectors), short, whole, -worst, worstHeld)
}

// single joins rows that follow each other in time, as when an exporter moves; two at the same moment are an error.
func (l lookback) single(subject, what string, rows []row) ([]float64, error) {
	out := slices.Repeat([]float64{math.NaN()}, l.grid.n)
	sets := make([]model.Metric, len(rows))
	for i, r := range rows {
		sets[i] = r.labels
	}
	for i := range out {
		for _, r := range rows {
			if math.IsNaN(r.values[i]) {
				continue
			}
			if !math.IsNaN(out[i]) {
				return nil, l.evidence(subject, wrapHint, "%d %s at the same time where one is wanted: %s", len(rows), what,
					listSeries(sets))
			}
			out[i] = r.values[i]
		}
	}
	return out, nil
}

// one evaluates a query of the user's, which must give one series and be there.
func (l lookback) one(ctx context.Context, subject, query string) ([]float64, int, error) {
	rows, dropped, err := l.c.rows(ctx, subject, query, l.grid, Lookback)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) == 0 {
		return nil, 0, l.evidence(subject, l.c.tryIt(query), "the query found no series in the last %s: absent is not 0",
			l.span())
	}
	values, err := l.single(subject, "series", rows)
	return values, dropped, err
}
