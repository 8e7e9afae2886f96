package prom

import (
	"context"
	"math"

	"github.com/prometheus/common/model"
)

// spread returns loads without minutes that hold more than their own: PgBouncer counts a transaction's whole time when it ends
// (server_in_transaction, stats.c), so that one of half an hour makes its last minute 30 Erlangs. No minute carries more than the
// process had connections open: where one shows more, the average of its active servers counts instead, which the scrapes saw. It
// returns how many it changed. What such a transaction adds to the minutes before its last is not in the loads.
func (l look) spread(ctx context.Context, v poolView, loads []row) ([]row, int, error) {
	if v.session { // whose loads are active servers
		return loads, 0, nil
	}
	open, _, err := l.c.rows(ctx, v.spec.ID, v.openQuery(), l.grid, v.window)
	if err != nil {
		return nil, 0, err
	}
	over := false
	each := func(others []row, do func(load *float64, other float64)) {
		of := map[model.Fingerprint]row{}
		for _, r := range others {
			of[r.labels.Fingerprint()] = r
		}
		for _, r := range loads {
			if other, found := of[r.labels.Fingerprint()]; found {
				for i := range r.values {
					do(&r.values[i], other.values[i])
				}
			}
		}
	}
	each(open, func(load *float64, most float64) { over = over || *load > most })
	if !over {
		return loads, 0, nil
	}
	active, _, err := l.c.rows(ctx, v.spec.ID, v.activeQuery(), l.grid, v.window)
	if err != nil {
		return nil, 0, err
	}
	changed := 0
	each(open, func(load *float64, most float64) {
		if *load > most {
			*load, changed = math.Inf(1), changed+1
		}
	})
	each(active, func(load *float64, mean float64) {
		if math.IsInf(*load, 1) {
			*load = mean // NaN where it is not known, so that the minute counts as incomplete
		}
	})
	for _, r := range loads {
		for i, load := range r.values {
			if math.IsInf(load, 1) {
				r.values[i] = math.NaN()
			}
		}
	}
	return loads, changed, nil
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

// activeQuery asks for the average number of each process's active servers.
func (v poolView) activeQuery() string {
	return "sum without (database, user) (" + v.gauge("avg_over_time", gaugeActive) + ")"
}
