package prom

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// poolPast is what was found of one pool.
type poolPast struct {
	history load.PoolHistory
	tally   Tally
	perSec  []float64 // transactions per second at each moment, NaN where not whole
	dialect Dialect
}

// poolView holds what the queries about one pool are made of.
type poolView struct {
	source
	spec    PoolSpec
	dialect Dialect
	session bool
	capped  bool // the exporter shows max_db_connections
	unused  bool // a * by which no database lived
}

// pool reads one pool's past.
func (l lookback) pool(ctx context.Context, p PoolSpec) (poolPast, error) {
	v, err := l.view(ctx, p)
	if err != nil {
		return poolPast{}, err
	}
	if v.unused {
		note := fmt.Sprintf("no database lived by it in the last %s", l.span())
		return poolPast{history: load.PoolHistory{Pool: p.ID, Note: strings.TrimSuffix(note+"; "+p.Note, "; ")},
			tally: Tally{Subject: p.ID, Moments: l.grid.n}}, nil
	}
	known, err := l.known(ctx, v.source)
	if err != nil {
		return poolPast{}, err
	}
	n := l.grid.n
	loads, dropped, err := l.c.rows(ctx, p.ID, v.loadQuery(), l.grid, v.window)
	if err != nil {
		return poolPast{}, err
	}
	loads, long, err := l.spread(ctx, v, loads)
	if err != nil {
		return poolPast{}, err
	}
	xacts, _, err := l.c.rows(ctx, p.ID, v.rateQuery(counterXacts), l.grid, v.window)
	if err != nil {
		return poolPast{}, err
	}
	full, _, err := l.c.rows(ctx, p.ID, v.fullQuery(), l.grid, v.window)
	if err != nil {
		return poolPast{}, err
	}
	out := poolPast{dialect: v.dialect, history: load.PoolHistory{Pool: p.ID, Note: p.Note},
		tally: Tally{Subject: p.ID, Moments: n, Dropped: dropped, Long: long, Window: v.window}}
	out.perSec, _ = total(xacts, known, n)
	var erlangs []float64
	erlangs, out.tally.Incomplete = total(loads, known, n)
	var queued []float64
	if len(full) > 0 {
		queued = full[0].values
	}
	out.history.Day, out.history.DayEndless = busiestDay(erlangs, queued, l.grid.step)
	for i, load := range erlangs {
		if math.IsNaN(load) {
			continue
		}
		if len(full) > 0 && !math.IsNaN(full[0].values[i]) {
			out.tally.Censored++
			out.history.Full = max(out.history.Full, load)
			erlangs[i] = math.NaN()
			continue
		}
		out.tally.Used++
	}
	whole := out.tally.Used + out.tally.Censored
	if whole == 0 {
		return poolPast{}, &operr.Error{Kind: operr.KindEvidence, Subject: p.ID,
			Err: fmt.Errorf("not one of %d minutes is whole: in %d some process of {%s} gave no full %s of samples",
				n, out.tally.Incomplete, p.Selector, v.window),
			Hint: "check " + l.c.shown + "/targets for exporters that do not answer"}
	}
	out.history.Erlangs = l.histogram(erlangs)
	if h := l.histogram(out.perSec); h.Samples > 0 {
		out.history.PerSec = h.Quantile(0.95)
	}
	out.history.Censored = float64(out.tally.Censored) / float64(whole)
	return out, nil
}

// poolGauges are the gauges of SHOW POOLS that tell whether a pool was full.
var poolGauges = []string{gaugeWaiting, gaugeActive, gaugeIdle, gaugeUsed, gaugeLogin}

// view asks which of the pool's series exist in the lookback. All that the load needs must exist.
func (l lookback) view(ctx context.Context, p PoolSpec) (poolView, error) {
	v := poolView{spec: p, session: p.Session}
	byDatabase, byName := p.of("database"), p.of("name")
	ofAlias := slices.Clone(poolGauges)
	for _, c := range []string{counterXact, counterWait, counterXacts} {
		ofAlias = append(ofAlias, Mixed.names(c)...)
	}
	sets, err := l.series(ctx, p.ID,
		selector("", matches(model.MetricNameLabel, strings.Join(ofAlias, "|")), byDatabase, p.Selector),
		selector("", matches(model.MetricNameLabel, strings.Join([]string{gaugeSize, gaugeMaxConns, gaugeConns}, "|")),
			byName, p.Selector))
	if err != nil {
		return v, err
	}
	names := map[string]bool{}
	for _, set := range sets {
		names[string(set[model.MetricNameLabel])] = true
		v.session = v.session || set["pool_mode"] == "session"
	}
	has := func(name string) bool { return names[name] }
	v.dialect = dialectOf(has)
	if v.dialect == "" {
		if p.Alias == fleet.AutoDB {
			v.unused, err = l.unused(ctx, p)
		}
		if err == nil && !v.unused {
			err = l.absentPool(ctx, p)
		}
		return v, err
	}
	v.capped = has(gaugeMaxConns) && has(gaugeConns)
	for _, c := range []string{counterWait, counterXacts} {
		for _, name := range v.dialect.names(c) {
			if !has(name) {
				return v, l.absentMetric(p.ID, selector(name, byDatabase, p.Selector))
			}
		}
	}
	for _, name := range poolGauges {
		if !has(name) {
			return v, l.absentMetric(p.ID, selector(name, byDatabase, p.Selector))
		}
	}
	if !has(gaugeSize) {
		return v, l.absentMetric(p.ID, selector(gaugeSize, byName, p.Selector))
	}
	v.source, err = l.source(ctx, p.ID, sets, selector(v.dialect.names(counterXact)[0], byDatabase, p.Selector))
	return v, err
}

// spread gives the time of long transactions to the minutes in which they were open. PgBouncer counts a transaction's
// whole time when it ends (PgBouncer 1.25.2, server.c:603), so that one of half an hour makes its last minute 30
// Erlangs, and is in none of those before it. What a minute has beyond the connections that its process had open goes
// back, minute by minute, to those before it, up to the active servers that the scrapes saw in them, for as long as
// every scrape saw one. What finds no place stays, so that a burst that no scrape saw remains what it was. It returns
// how many minutes it changed.
func (l lookback) spread(ctx context.Context, v poolView, loads []row) ([]row, int, error) {
	if v.session { // whose loads are active servers
		return loads, 0, nil
	}
	ask := func(query string) (map[model.Fingerprint]row, error) {
		rows, _, err := l.c.rows(ctx, v.spec.ID, query, l.grid, v.window)
		of := map[model.Fingerprint]row{}
		for _, r := range rows {
			of[r.labels.Fingerprint()] = r
		}
		return of, err
	}
	open, err := ask(v.openQuery())
	if err != nil {
		return nil, 0, err
	}
	long := false
	for _, r := range loads {
		if most, found := open[r.labels.Fingerprint()]; found {
			for i, load := range r.values {
				long = long || load > most.values[i]
			}
		}
	}
	if !long {
		return loads, 0, nil
	}
	mean, err := ask(v.activeQuery("avg_over_time"))
	if err != nil {
		return nil, 0, err
	}
	least, err := ask(v.activeQuery("min_over_time"))
	if err != nil {
		return nil, 0, err
	}
	changed := 0
	for _, r := range loads {
		key := r.labels.Fingerprint()
		if _, found := open[key]; !found {
			continue
		}
		for i, load := range r.values {
			if load > open[key].values[i] {
				changed += spreadBack(r.values[:i+1], mean[key].values, least[key].values)
			}
		}
	}
	return loads, changed, nil
}

// spreadBack gives what the last of loads has beyond its own active servers to those before it, and returns how many it
// changed. What is left of it goes where it is no more than what rate() adds, which makes a jump between two of four
// scrapes 60/45 of what it was, or where the transaction was open before the first of loads.
func spreadBack(loads, active, least []float64) (changed int) {
	last := len(loads) - 1
	if last >= len(active) || last >= len(least) || math.IsNaN(active[last]) {
		return 0
	}
	over := loads[last] - active[last]
	loads[last] -= over
	given, i := 0.0, last-1
	for ; i >= 0 && over > 0 && least[i] > 0 && !math.IsNaN(loads[i]); i-- {
		if room := min(over, active[i]-loads[i]); room > 0 {
			loads[i], over, given, changed = loads[i]+room, over-room, given+room, changed+1
		}
	}
	if over > given/2 && i >= 0 { // chosen: a half because a window of three scrapes blurs so much
		loads[last] += over
	}
	return changed + 1
}
