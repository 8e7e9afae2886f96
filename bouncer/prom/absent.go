package prom

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// series returns the label sets of all series that any of the selectors picks within the sample's time.
func (l lookback) series(ctx context.Context, subject string, selectors ...string) ([]model.LabelSet, error) {
	limited, cancel := context.WithTimeout(ctx, l.c.Timeout)
	defer cancel()
	sets, warnings, _, err := l.c.api.Series(limited, selectors, l.grid.start.Add(-l.grid.step), l.grid.end())
	if err != nil {
		return nil, l.c.fail(ctx, subject, err)
	}
	return sets, l.c.warned(subject, warnings)
}

// values returns the values of a label among the series that a selector picks within the sample's time.
func (l lookback) values(ctx context.Context, subject string, label model.LabelName, pick string) ([]string, error) {
	limited, cancel := context.WithTimeout(ctx, l.c.Timeout)
	defer cancel()
	found, warnings, _, err := l.c.api.LabelValues(limited, string(label), []string{pick}, l.grid.start.Add(-l.grid.step),
		l.grid.end())
	if err != nil {
		return nil, l.c.fail(ctx, subject, err)
	}
	names := make([]string, len(found))
	for i, v := range found {
		names[i] = string(v)
	}
	return names, l.c.warned(subject, warnings)
}

func (l lookback) evidence(subject, hint, format string, args ...any) error {
	return &operr.Error{Kind: operr.KindEvidence, Subject: subject, Err: l.c.masked(format, args...), Hint: hint}
}

// absentMetric is for one metric missing beside others of the same exporter.
func (l lookback) absentMetric(subject, missing string) error {
	return l.evidence(subject, "check whether a metric_relabel_configs rule drops the series",
		"no series %s in the last %s, while others of the same exporter are there", missing, l.span())
}

// unused reports whether the exporters of a group show some database, if only PgBouncer's own: then a * of which they
// show none was not used.
func (l lookback) unused(ctx context.Context, p PoolSpec) (bool, error) {
	counters := strings.Join(Mixed.names(counterXact), "|")
	names, err := l.values(ctx, p.ID, "database", selector("", matches(model.MetricNameLabel, counters), p.Selector))
	return len(names) > 0, err
}

// absentPool says why a pool's counters were not found: another exporter, an alias of another name, or a selector
// that picks nothing.
func (l lookback) absentPool(ctx context.Context, p PoolSpec) error {
	missing := fmt.Sprintf("no series %s in the last %s (nor under the older name %s)",
		selector(Modern.names(counterXact)[0], p.of("database"), p.Selector), l.span(), Legacy.names(counterXact)[0])
	names, err := l.values(ctx, p.ID, model.MetricNameLabel, selector("", matches(model.MetricNameLabel, poolerNames),
		p.Selector))
	if err != nil {
		return err
	}
	counters := strings.Join(Mixed.names(counterXact), "|")
	understood := regexp.MustCompile("^(" + counters + ")$")
	for _, name := range names {
		if !understood.MatchString(name) {
			continue
		}
		aliases, err := l.values(ctx, p.ID, "database", selector("", matches(model.MetricNameLabel, counters), p.Selector))
		if err != nil {
			return err
		}
		return l.evidence(p.ID, "is the alias spelt as in pgbouncer.ini, and was it used in that time?",
			"%s; of {%s} there are the aliases %s", missing, p.Selector, list(aliases))
	}
	if s, ok := recognise(names); ok {
		return l.evidence(p.ID, s.called+": "+s.why, "%s; what is there comes from %s: recognised, unusable", missing,
			s.called)
	}
	if len(names) > 0 {
		return l.evidence(p.ID, "check whether the alias was used in this time, and which exporter runs there",
			"%s; there are %s", missing, list(names))
	}
	return l.absentUnder(ctx, p.ID, missing, poolerNames,
		"correct the group's selector, or let Prometheus scrape a pgbouncer_exporter beside each PgBouncer")
}

// absentUnder is for a selector that picks nothing: it names the jobs that have series of the family.
func (l lookback) absentUnder(ctx context.Context, subject, missing, family, hint string) error {
	jobs, err := l.values(ctx, subject, model.JobLabel, selector("", matches(model.MetricNameLabel, family)))
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i] = fmt.Sprintf("job=%q", jobs[i])
	}
	there := "no series of that kind exists at all"
	if len(jobs) > 0 {
		there = "series of that kind are under " + list(jobs)
	}
	return l.evidence(subject, hint, "%s; %s", missing, there)
}

// span returns the time that the sample covers, as PromQL writes it.
func (l lookback) span() model.Duration {
	return model.Duration(l.grid.end().Sub(l.grid.start) + l.grid.step)
}
