package prom

import (
	"context"
	"math"

	"github.com/prometheus/common/model"
)

// spread gives the time of long transactions to the minutes in which they were open. PgBouncer counts a transaction's whole time
// when it ends (server_in_transaction, stats.c), so that one of half an hour makes its last minute 30 Erlangs, and is in none of
// those before it. What a minute has beyond the connections that its process had open goes back, minute by minute, to those before
// it, up to the active servers that the scrapes saw in them, for as long as every scrape saw one. What finds no place stays, so that a
// burst that no scrape saw remains what it was. It returns how many minutes it changed.
func (l look) spread(ctx context.Context, v poolView, loads []row) ([]row, int, error) {
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

// spreadBack gives what the last of loads has beyond its own active servers to those before it, and returns how many it changed.
// What is left of it goes where it is no more than what rate() adds, which makes a jump between two of four scrapes 60/45 of what it
// was, or where the transaction was open before the first of loads.
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
	if over > given/2 && i >= 0 { // chosen: a half, for windows of three scrapes
		loads[last] += over
	}
	return changed + 1
}

// openQuery asks for the most connections that each process may have had open at once: the states' own highest, added up.
func (v poolView) openQuery() string {
	var states string
	for i, gauge := range []string{gaugeActive, gaugeIdle, gaugeUsed, gaugeLogin} {
		if i > 0 {
			states += " + "
		}
		states += v.gauge("max_over_time", gauge)
	}
	return "sum without (database, user) (" + states + ")"
}

// activeQuery asks for each process's active servers, their average or least.
func (v poolView) activeQuery(function string) string {
	return "sum without (database, user) (" + v.gauge(function, gaugeActive) + ")"
}
