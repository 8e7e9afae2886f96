package prom

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

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
	Moments    int           // asked for
	Used       int           // in the histogram
	Censored   int           // left out because the pool was full
	Incomplete int           // left out because some process gave no full window of samples, or its counters started again
	Dropped    int           // points that were NaN or infinite, each of which makes its moment incomplete
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

// Survey is History that also says what was left out.
func (c *Client) Survey(ctx context.Context, spec Spec, now time.Time) (Survey, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return Survey{}, err
	}
	l := look{c: c, grid: newGrid(now, spec.Lookback, spec.Step)}
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

// look is one look back: a client and the moments that it asks about.
type look struct {
	c    *Client
	grid grid
}

// histogram puts the finite values of a row of moments into a histogram, negative ones as 0.
func (l look) histogram(values []float64) load.Histogram {
	var h load.Histogram
	for i, v := range values {
		if !math.IsNaN(v) {
			h = h.Add(l.grid.at(i), max(0, v))
		}
	}
	return h
}
