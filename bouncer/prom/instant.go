package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// How old a sample may be.
const (
	// StaleAfter and StaleScrapes: a sample is stale when its age exceeds both StaleAfter and StaleScrapes scrape
	// intervals. chosen: 60 s because a server can fill up within a minute.
	StaleAfter = 60 * time.Second
	// StaleScrapes is a number of scrape intervals. chosen: 3 because one lost scrape is no outage, and two may be chance.
	StaleScrapes = 3
	// Lookback is how far back Prometheus may look for a sample inside an expression, instead of its own default of
	// five minutes. chosen: 3 min because that is three scrapes at the default scrape_interval. Servers that do not
	// know the parameter lookback_delta (before 2.38) keep theirs.
	Lookback = 3 * time.Minute
	// namedSeries is how many series an error names. chosen: 5 because more fill a terminal.
	namedSeries = 5
)

// Instant evaluates a PromQL expression now and returns its one value with the time of the sample behind it.
//
// The value is finite. The time is that of the scrape when query is a plain selector; PromQL does not tell the sample's
// time behind anything larger, so it is the time of evaluation then, and Lookback or the range written in the query
// bound the samples' age. Errors, all operr.Error with name as Subject:
//
//   - KindEvidence: no series (absent is not 0), several series, NaN or ±Inf, a stale sample, clocks apart by more than
//     StaleAfter, an answer that Prometheus calls incomplete;
//   - KindUsage: a query that does not parse, or is no number or instant vector;
//   - KindUnreachable: no answer, or one that is not Prometheus's.
//
// With a stale sample its time is returned beside the error; it is zero with every other error.
func (c *Client) Instant(ctx context.Context, name, query string) (float64, time.Time, error) {
	s, err := c.instant(ctx, name, query)
	return s.value, s.at, err
}

// sample is what a query found. interval is that of its source, where the sample is so old that it was asked for.
type sample struct {
	value    float64
	at       time.Time
	interval time.Duration
}

func (c *Client) instant(ctx context.Context, name, query string) (sample, error) {
	result, err := c.query(ctx, name, query, time.Time{})
	if err != nil {
		return sample{}, err
	}
	fail := func(kind operr.Kind, hint, format string, args ...any) (sample, error) {
		return sample{}, &operr.Error{Kind: kind, Subject: name, Err: c.masked(format, args...), Hint: hint}
	}
	var value, evaluated = math.NaN(), time.Time{}
	switch v := result.(type) {
	case *model.Scalar:
		value, evaluated = float64(v.Value), v.Timestamp.Time()
	case model.Vector:
		switch {
		case len(v) == 0:
			return fail(operr.KindEvidence, c.tryIt(query), "the query found no series: absent is not 0")
		case len(v) > 1:
			sets := make([]model.Metric, len(v))
			for i, s := range v {
				sets[i] = s.Metric
			}
			return fail(operr.KindEvidence, wrapHint, "the query found %d series where one is wanted: %s", len(v),
				listSeries(sets))
		case v[0].Histogram != nil:
			return fail(operr.KindUsage, "take a number out of it: histogram_quantile, histogram_avg or histogram_count",
				"the query gives a native histogram, not a number")
		}
		value, evaluated = float64(v[0].Value), v[0].Timestamp.Time()
	case model.Matrix:
		return fail(operr.KindUsage, "wrap a range in rate(…), avg_over_time(…) or the like",
			"the query gives a range of samples, not one number")
	default:
		return fail(operr.KindUsage, "a signal is one number", "the query gives a %T, not a number", result)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return fail(operr.KindEvidence, "a division by zero? "+c.tryIt(query), "the value is %v", value)
	}
	if apart := c.now().Sub(evaluated).Abs(); apart > StaleAfter {
		return fail(operr.KindEvidence, "set the clocks right (NTP)", "the clock of %s is %s apart from this machine's",
			c.shown, apart.Round(time.Second))
	}
	if _, ok := result.(*model.Scalar); ok {
		return sample{value: value, at: evaluated}, nil
	}
	out := sample{value: value}
	if out.at, err = c.sampleTime(ctx, name, query, evaluated); err != nil {
		return sample{}, err
	}
	if age := evaluated.Sub(out.at); age > StaleAfter {
		if out.interval, err = c.scrapeInterval(ctx, name, query, evaluated); err != nil {
			return sample{}, err
		}
		if age > StaleScrapes*out.interval {
			return sample{at: out.at}, &operr.Error{Kind: operr.KindEvidence, Subject: name,
				Err:  c.masked("the newest sample is %s old", age.Round(time.Second)),
				Hint: "its target is no longer scraped: check " + c.shown + "/targets"}
		}
	}
	return out, nil
}

const wrapHint = "wrap the query in sum(…), avg(…) or max(…), or add labels that pick one series"

// Signal is Instant as the planner takes it: the error goes into the Signal, whose Value is unknown then.
func (c *Client) Signal(ctx context.Context, name, server, query string) fleet.Signal {
	s, err := c.instant(ctx, name, query)
	if err != nil {
		return noSignal(name, server, s.at, err)
	}
	return fleet.Signal{Name: name, Server: server, Value: fleet.Float(s.value), At: s.at, Interval: s.interval}
}

// noSignal is a signal without a value, because of an error.
func noSignal(name, server string, at time.Time, err error) fleet.Signal {
	fault := fleet.FaultSource
	if operr.KindOf(err) == operr.KindUnreachable {
		fault = fleet.FaultSilent
	}
	s := fleet.NoSignal(name, server, fault, err.Error())
	s.At = at
	return s
}

// errNoResult is of JSON without a result: the API client finds no fault in it.
var errNoResult = errors.New("no result")

// query evaluates at a time, the server's present when at is zero.
func (c *Client) query(ctx context.Context, subject, query string, at time.Time) (model.Value, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, warnings, _, err := c.api.Query(limited, query, at, v1.WithLookbackDelta(Lookback))
	if err == nil && result == nil {
		err = errNoResult
	}
	if err != nil {
		return nil, c.fail(ctx, subject, err)
	}
	return result, c.warned(subject, warnings)
}

// sampleTime returns when the one sample behind a vector query was taken: PromQL's timestamp(), which gives the time of
// evaluation for everything but a plain selector. The query stands on a line of its own, it may end in a comment.
func (c *Client) sampleTime(ctx context.Context, name, query string, evaluated time.Time) (time.Time, error) {
	result, err := c.query(ctx, name, "timestamp(\n"+query+"\n)", evaluated)
	if err != nil {
		return time.Time{}, err
	}
	v, ok := result.(model.Vector)
	if !ok || len(v) != 1 {
		return time.Time{}, &operr.Error{Kind: operr.KindEvidence, Subject: name,
			Err: errors.New("the series was gone when asked for its sample's time"), Hint: c.tryIt(query)}
	}
	return model.Time(math.Round(float64(v[0].Value) * 1e3)).Time(), nil
}

// scrapeInterval returns the mean time between the samples of a plain selector in the half hour before at; an hour
// when there were fewer than two, 0 when query is not a plain selector.
func (c *Client) scrapeInterval(ctx context.Context, name, query string, at time.Time) (time.Duration, error) {
	result, err := c.query(ctx, name, query+"\n[30m]", at)
	if operr.KindOf(err) == operr.KindUsage { // not a plain selector: it cannot have a range
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	m, ok := result.(model.Matrix)
	if !ok {
		return 0, nil
	}
	interval := medianGap(m)
	if interval == 0 {
		interval = time.Hour / StaleScrapes // one sample in half an hour: whatever scrapes it does so rarely
	}
	return interval, nil
}

// medianGap returns the median time between neighbouring samples of all series; 0 when none has two.
func medianGap(m model.Matrix) time.Duration {
	var gaps []time.Duration
	for _, s := range m {
		for i := 1; i < len(s.Values); i++ {
			gaps = append(gaps, s.Values[i].Timestamp.Sub(s.Values[i-1].Timestamp))
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// listSeries names at most namedSeries series, sorted.
func listSeries(sets []model.Metric) string {
	names := make([]string, len(sets))
	for i, m := range sets {
		names[i] = m.String()
	}
	return list(names)
}

// list joins at most namedSeries names, sorted and without duplicates, and says how many more there are.
func list(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	more := len(names) - namedSeries
	if more > 0 {
		names = append(names[:namedSeries:namedSeries], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// tryIt is the command by which a person sees what a query gives.
func (c *Client) tryIt(query string) string {
	return "run the query by itself: promtool query instant " + c.shown + " " + shellescape.Quote(query)
}
