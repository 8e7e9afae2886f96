package prom

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Constants of a window, the stretch of time before each moment over which rates are taken.
const (
	// windowScrapes is how many scrapes a window spans at least. Source: Prometheus's advice for rate(), four intervals,
	// so that a late or lost scrape does not leave it with one sample.
	windowScrapes = 4
	// probe is how far back the scrape interval is looked for. chosen: because
	// even an interval of five minutes shows two samples then.
	probe = 10 * time.Minute
)

// source is what all queries about one set of exporters have in common.
type source struct {
	subject string
	window  time.Duration
	needed  int    // samples of each series that make a full window
	targets string // matchers for the targets' own series (up, pgbouncer_up); "" when the series bear no job and instance
	members map[target]bool
}

// source finds out the scrape interval and the targets behind some series; any is a plain selector of those series.
func (l lookback) source(ctx context.Context, subject string, sets []model.LabelSet, any string) (source, error) {
	s := source{subject: subject, targets: targetsOf(sets), members: map[target]bool{}}
	for _, set := range sets {
		s.members[targetOf(model.Metric(set))] = true
	}
	asked := any
	if s.targets != "" {
		asked = selector("", matches(model.MetricNameLabel, "up|"+gaugeUp), s.targets)
	}
	result, err := l.c.query(ctx, subject, asked+"["+duration(probe)+"]", l.grid.end())
	if err != nil {
		return s, err
	}
	m, _ := result.(model.Matrix)
	interval := medianGap(m).Round(10 * time.Millisecond) // a scrape now and then comes some milliseconds late
	if interval <= 0 {
		return s, &operr.Error{Kind: operr.KindEvidence, Subject: subject,
			Err: l.c.masked("its exporters were not scraped twice in the last %s: %s has not two samples of a series", probe,
				asked),
			Hint: "check " + l.c.shown + "/targets"}
	}
	s.window = max(l.grid.step, windowScrapes*interval)
	s.needed = int(s.window / interval)
	return s, nil
}

// targetsOf returns matchers for exactly these series' jobs and instances, or more of them (any job with any instance).
func targetsOf(sets []model.LabelSet) string {
	var jobs, instances []string
	for _, set := range sets {
		job, instance := string(set[model.JobLabel]), string(set[model.InstanceLabel])
		if job == "" || instance == "" {
			return ""
		}
		jobs, instances = append(jobs, regexp.QuoteMeta(job)), append(instances, regexp.QuoteMeta(instance))
	}
	if len(sets) == 0 {
		return ""
	}
	anyOf := func(all []string) string { return strings.Join(slices.Compact(slices.Sorted(slices.Values(all))), "|") }
	return matches(model.JobLabel, anyOf(jobs)) + "," + matches(model.InstanceLabel, anyOf(instances))
}

// over applies a function over the window to each of the names, and takes the first that has an answer.
func (s source) over(function string, names []string, matchers ...string) string {
	var alternatives []string
	for _, name := range names {
		alternatives = append(alternatives, fmt.Sprintf("%s(%s[%s])", function, selector(name, matchers...),
			duration(s.window)))
	}
	return "(" + strings.Join(alternatives, " or ") + ")"
}

// perProcess is the query for one number per process: value where count shows a full window; 0 where the exporter
// answered through the whole window and count shows that it had no such row.
func (s source) perProcess(value, count string) string {
	q := fmt.Sprintf("(%s) and (%s) >= %d", value, count, s.needed)
	if s.targets == "" {
		return q
	}
	up := []string{gaugeUp}
	return fmt.Sprintf("(%s) or (0 * (%s == 1 and %s >= %d) unless (%s))", q,
		s.over("min_over_time", up, s.targets), s.over("count_over_time", up, s.targets), s.needed, count)
}

// known asks which targets Prometheus tried to scrape within the window before each moment, whether it succeeded or
// not.
func (l lookback) known(ctx context.Context, s source) ([]row, error) {
	if s.targets == "" {
		return nil, nil
	}
	q := "max by (job, instance) (" + s.over("count_over_time", []string{"up", gaugeUp}, s.targets) + ")"
	rows, _, err := l.c.rows(ctx, s.subject, q, l.grid, s.window)
	return slices.DeleteFunc(rows, func(r row) bool { return !s.members[targetOf(r.labels)] }), err
}

// duration writes a duration as PromQL reads it.
func duration(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}
