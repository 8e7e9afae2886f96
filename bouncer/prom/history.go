package prom

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/load"
)

// Survey is a History with the count of what was left out of it.
type Survey struct {
	History load.History
	Pools   []Tally // sorted by Subject
	Servers []Tally // of the direct connections, sorted by Subject; only servers for which they were asked for
}

// Tally says what became of the moments (minutes) of one histogram. Moments less the other counts are those of which
// Prometheus knows nothing at all.
type Tally struct {
	Subject    string        // a pool's id or a server's name
	Moments    int           // minutes asked for
	Used       int           // minutes in the histogram
	Censored   int           // minutes left out because the pool was full
	Incomplete int           // left out because some process gave no full window of samples, or its counters started again
	Dropped    int           // samples that were NaN or infinite, each of which makes its minute incomplete
	Long       int           // minutes of a process that were changed because a long transaction had ended
	Window     time.Duration // of rate(): the step, or four scrape intervals if that is longer
}

// History returns what Prometheus remembers of the pools and servers of spec over (now − Lookback, now]. It is whole or
// an error, never a part: KindEvidence when a series is absent, KindUsage when the spec or a query is wrong,
// KindUnreachable when Prometheus does not answer. Its slices are sorted.
func (c *Client) History(ctx context.Context, spec Spec, now time.Time) (load.History, error) {
	s, err := c.Survey(ctx, spec, now)
	return s.History, err
}

// Survey is History that also says what was left out. Errors are those of History.
func (c *Client) Survey(ctx context.Context, spec Spec, now time.Time) (Survey, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return Survey{}, err
	}
	l := lookback{c: c, grid: newGrid(now, spec.Lookback, spec.Step)}
	out := Survey{History: load.History{Lookback: spec.Lookback}}
	perSec := map[string][]float64{} // by pool
	var dialect Dialect
	for _, p := range spec.Pools {
		if p.Unasked {
			out.History.Pools = append(out.History.Pools, load.PoolHistory{Pool: p.ID, Note: p.Note})
			continue
		}
		got, err := l.pool(ctx, p)
		if err != nil {
			return Survey{}, err
		}
		dialect = dialect.join(got.dialect)
		if got.perSec != nil {
			perSec[p.ID] = got.perSec
		}
		out.History.Pools = append(out.History.Pools, got.history)
		out.Pools = append(out.Pools, got.tally)
	}
	out.History.Dialect = string(dialect)
	for _, s := range spec.Servers {
		h := load.ServerHistory{Server: s.Name}
		if s.DirectQuery != "" || s.Selector != "" {
			var tally Tally
			if h.Direct, tally, err = l.direct(ctx, s); err != nil {
				return Survey{}, err
			}
			out.Servers = append(out.Servers, tally)
		}
		if h.CPU, err = l.cpuFit(ctx, s, spec.poolsOf(s.Name), perSec); err != nil {
			return Survey{}, err
		}
		out.History.Servers = append(out.History.Servers, h)
	}
	slices.SortFunc(out.History.Pools, func(a, b load.PoolHistory) int { return cmp.Compare(a.Pool, b.Pool) })
	slices.SortFunc(out.History.Servers, func(a, b load.ServerHistory) int { return cmp.Compare(a.Server, b.Server) })
	slices.SortFunc(out.Pools, func(a, b Tally) int { return cmp.Compare(a.Subject, b.Subject) })
	slices.SortFunc(out.Servers, func(a, b Tally) int { return cmp.Compare(a.Subject, b.Subject) })
	return out, nil
}

// lookback is one view of the past: a client and the moments that it asks about.
type lookback struct {
	c    *Client
	grid grid
}

// histogram puts the finite values of a row of moments into a histogram, negative ones as 0.
func (l lookback) histogram(values []float64) load.Histogram {
	var h load.Histogram
	for i, v := range values {
		if !math.IsNaN(v) {
			h = h.Add(l.grid.at(i), max(0, v))
		}
	}
	return h
}

// MaxPoints is how many points per series one request may ask for. Source: Prometheus refuses more than 11,000
// ("exceeded maximum resolution of 11,000 points per timeseries", web/api/v1/api.go).
const MaxPoints = 11000

// grid is the row of moments at which a history is evaluated.
type grid struct {
	start time.Time
	step  time.Duration
	n     int // moments, at least one
}

// newGrid covers (now − lookback, now] in steps that are whole multiples of step since the epoch, so that two runs a
// little apart ask for the same moments.
func newGrid(now time.Time, lookback, step time.Duration) grid {
	end := now.Truncate(step)
	n := max(1, int(lookback/step))
	return grid{start: end.Add(-time.Duration(n-1) * step), step: step, n: n}
}

func (g grid) at(i int) time.Time { return g.start.Add(time.Duration(i) * g.step) }

func (g grid) end() time.Time { return g.at(g.n - 1) }

// row is one series on a grid: a number for each moment, NaN where there was none.
type row struct {
	labels model.Metric
	values []float64
}

// rows evaluates query at every moment of the grid, in as many requests as MaxPoints demands, and returns the series
// sorted by labels, with the number of points dropped because they were NaN or infinite. An error at any request
// leaves nothing. lookback bounds the age of samples that are not inside a range selector.
func (c *Client) rows(ctx context.Context, subject, query string, g grid, lookback time.Duration) ([]row, int, error) {
	var out []row
	index := map[model.Fingerprint]int{}
	dropped := 0
	for first := 0; first < g.n; first += MaxPoints {
		last := min(first+MaxPoints, g.n) - 1
		m, err := c.queryRange(ctx, subject, query, v1.Range{Start: g.at(first), End: g.at(last), Step: g.step}, lookback)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range m {
			key := s.Metric.Fingerprint()
			i, known := index[key]
			if !known {
				i = len(out)
				index[key] = i
				out = append(out, row{labels: s.Metric, values: slices.Repeat([]float64{math.NaN()}, g.n)})
			}
			dropped += len(s.Histograms) // native histograms are no numbers either
			for _, p := range s.Values {
				k := int(p.Timestamp.Time().Sub(g.start).Round(g.step) / g.step)
				switch v := float64(p.Value); {
				case k < first || k > last:
					// not asked for
				case math.IsNaN(v) || math.IsInf(v, 0):
					dropped++
				default:
					out[i].values[k] = v
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b row) int {
		switch {
		case a.labels.Before(b.labels):
			return -1
		case b.labels.Before(a.labels):
			return 1
		}
		return 0
	})
	return out, dropped, nil
}

// queryRange makes one range request.
func (c *Client) queryRange(ctx context.Context, subject, query string, r v1.Range,
	lookback time.Duration) (model.Matrix, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, warnings, _, err := c.api.QueryRange(limited, query, r, v1.WithLookbackDelta(lookback))
	if err == nil && result == nil {
		err = errNoResult
	}
	if err != nil {
		return nil, c.fail(ctx, subject, err)
	}
	if err := c.warned(subject, warnings); err != nil {
		return nil, err
	}
	m, ok := result.(model.Matrix)
	if !ok {
		return nil, c.fail(ctx, subject, fmt.Errorf("a range query gave a %s", result.Type()))
	}
	return m, nil
}
