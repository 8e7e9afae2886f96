package alerts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// open says what the connections of every pool do.
type open int

const (
	empty open = iota // none is open
	idle              // all that it may open are, and wait for clients
	busy              // all that it may open are, and serve clients
	opens
)

// Series is one series of Prometheus, and its newest value.
type Series struct {
	Labels labels.Labels
	Value  float64 // in its own unit
}

// Source asks Prometheus for the series that a selector picks now.
type Source func(ctx context.Context, selector string) ([]Series, error)

// world is the series of Prometheus with the values that sizes decide put in.
type world struct {
	source   Source
	fleet    Fleet
	open     open
	planned  bool
	picked   map[string][]Series // by selector, as Prometheus has them; shared by all worlds of a question
	recorded map[string][]Series // by the name of what is recorded, in this world
}

var _ storage.Queryable = (*world)(nil)

// metrics are those that sizes decide, and how. Sources: FIELD names of prometheus-community/pgbouncer_exporter
// (collector.go), CloudNativePG (pkg/management/pgbouncer/metricsserver) and postgres_exporter.
var metrics = map[string]func(*world, labels.Labels) (float64, bool){
	"pgbouncer_pools_server_active_connections":         while(busy),
	"pgbouncer_pools_server_idle_connections":           while(idle),
	"pgbouncer_pools_server_used_connections":           while(opens),
	"pgbouncer_pools_server_testing_connections":        while(opens),
	"pgbouncer_pools_server_login_connections":          while(opens),
	"pgbouncer_pools_server_active_cancel_connections":  while(opens),
	"pgbouncer_pools_server_being_canceled_connections": while(opens),
	"cnpg_pgbouncer_pools_sv_active":                    while(busy),
	"cnpg_pgbouncer_pools_sv_idle":                      while(idle),
	"cnpg_pgbouncer_pools_sv_used":                      while(opens),
	"cnpg_pgbouncer_pools_sv_tested":                    while(opens),
	"cnpg_pgbouncer_pools_sv_login":                     while(opens),
	"pgbouncer_databases_pool_size":                     (*world).size,
	"pgbouncer_databases_current_connections":           (*world).current,
	"pgbouncer_used_servers":                            (*world).used,
	"pgbouncer_lists_used_servers":                      (*world).used,
	activity:                                            nil, // of all series of a database together: see sessions
}

// activity is postgres_exporter's count of sessions, by database and state.
const activity = "pg_stat_activity_count"

// while is what a gauge of a pool shows: all connections in one of the three ways of being open, none in the others.
func while(in open) func(*world, labels.Labels) (float64, bool) {
	return func(w *world, l labels.Labels) (float64, bool) {
		p, known := w.pool(l, l.Get("database"))
		if !known || w.open != in {
			return 0, known
		}
		return p.Conns.at(w.planned), true
	}
}

// size is pool_size.
func (w *world) size(l labels.Labels) (float64, bool) {
	p, known := w.pool(l, l.Get("name"))
	return p.Size.at(w.planned), known
}

// current is what all users of an alias have open in a process.
func (w *world) current(l labels.Labels) (float64, bool) {
	p, known := w.pool(l, l.Get("name"))
	if !known || w.open == empty {
		return 0, known
	}
	return float64(p.Users) * p.Conns.at(w.planned), true
}

// used is what a process has open.
func (w *world) used(l labels.Labels) (conns float64, known bool) {
	for _, p := range w.fleet.Pools {
		if match(p.Matchers, l) {
			known = true
			if w.open != empty {
				conns += float64(p.Users) * p.Conns.at(w.planned)
			}
		}
	}
	return conns, known
}

// pool is the one whose group has these labels and whose alias is of that name.
func (w *world) pool(l labels.Labels, alias string) (Pool, bool) {
	i := slices.IndexFunc(w.fleet.Pools, func(p Pool) bool { return p.Alias == alias && match(p.Matchers, l) })
	if i < 0 {
		return Pool{}, false
	}
	return w.fleet.Pools[i], true
}

// put returns series with the values that sizes decide.
func (w *world) put(series []Series) []Series {
	out := slices.Clone(series)
	for i, s := range out {
		name := s.Labels.Get(model.MetricNameLabel)
		if of := metrics[name]; of != nil {
			if v, known := of(w, s.Labels); known {
				out[i].Value = v
			}
		}
	}
	w.sessions(out)
	return out
}

// sessions puts the connections of a database's pools into the first of its series that counts them, by its labels, and
// none into the others of these states: how they are spread over users and hosts is not known.
func (w *world) sessions(series []Series) {
	in := map[open]string{idle: "idle", busy: "active"}[w.open]
	given := map[string]bool{}
	for i, s := range series {
		state, database := s.Labels.Get("state"), s.Labels.Get("datname")
		if s.Labels.Get(model.MetricNameLabel) != activity || !slices.Contains([]string{"idle", "active"}, state) {
			continue
		}
		for _, server := range w.fleet.Servers {
			conns, known := server.Databases[database]
			if !known || !match(server.Matchers, s.Labels) {
				continue
			}
			series[i].Value = 0
			if key := server.Name + "\x00" + database; state == in && !given[key] {
				given[key], series[i].Value = true, conns.at(w.planned)
			}
		}
	}
}

// Querier returns the world itself: a value at any time is the same.
func (w *world) Querier(from, until int64) (storage.Querier, error) {
	return querier{w, from, until}, nil
}

// querier is a world between two times, in milliseconds.
type querier struct {
	*world
	from, until int64
}

// interval is the time between two samples, in milliseconds. chosen: 15 s because exporters are scraped so often.
const interval = 15_000

// mostSamples bounds those of one series. chosen: 500 because values do not change: a week needs no more.
const mostSamples = 500

// Select returns the series that the matchers pick, each with one value all the time.
func (q querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints,
	matchers ...*labels.Matcher) storage.SeriesSet {
	series, err := q.pick(ctx, matchers)
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	from, until := q.from, q.until
	if hints != nil {
		from, until = hints.Start, hints.End
	}
	step := max(interval, (until-from)/mostSamples)
	set := &set{at: -1}
	for _, s := range series {
		var samples []chunks.Sample
		for t := until; t >= from; t -= step {
			samples = append(samples, sample{t, s.Value})
		}
		slices.Reverse(samples)
		set.series = append(set.series, storage.NewListSeries(s.Labels, samples))
	}
	return set
}

// pick is what the matchers pick: of what is recorded where a rule records it, of Prometheus otherwise.
func (w *world) pick(ctx context.Context, matchers []*labels.Matcher) ([]Series, error) {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual && w.recorded[m.Value] != nil {
			return slices.DeleteFunc(slices.Clone(w.recorded[m.Value]),
				func(s Series) bool { return !match(matchers, s.Labels) }), nil
		}
	}
	var parts []string
	for _, m := range matchers {
		parts = append(parts, m.String())
	}
	slices.Sort(parts)
	selector := "{" + strings.Join(parts, ",") + "}"
	if _, known := w.picked[selector]; !known {
		series, err := w.source(ctx, selector)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", selector, err)
		}
		slices.SortFunc(series, func(a, b Series) int { return labels.Compare(a.Labels, b.Labels) })
		w.picked[selector] = series
	}
	return w.put(w.picked[selector]), nil
}

// LabelValues is of no use to an evaluation.
func (q querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string,
	annotations.Annotations, error) {
	return nil, nil, nil
}

// LabelNames is of no use to an evaluation.
func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string,
	annotations.Annotations, error) {
	return nil, nil, nil
}

// Close has nothing to close.
func (q querier) Close() error { return nil }

// set is a list of series as the engine reads it.
type set struct {
	series []storage.Series
	at     int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *set) At() storage.Series                { return s.series[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// sample is a number at a time, in milliseconds.
type sample struct {
	t int64
	v float64
}

func (s sample) T() int64                      { return s.t }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
