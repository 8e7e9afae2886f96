package prom

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

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
func (c *Client) queryRange(ctx context.Context, subject, query string, r v1.Range, lookback time.Duration) (model.Matrix, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, warnings, err := c.api.QueryRange(limited, query, r, v1.WithLookbackDelta(lookback))
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
