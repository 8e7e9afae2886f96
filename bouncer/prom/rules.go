package prom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/pgbudget/pgbudget/bouncer/alerts"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// rulesHint helps where the rules cannot be read.
const rulesHint = "the url must serve /api/v1/rules: Prometheus and Mimir do, Thanos by its ruler"

// loaded returns all rule groups that Prometheus has loaded.
func (c *Client) loaded(ctx context.Context, subject string) ([]v1.RuleGroup, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	res, err := c.api.Rules(limited, nil)
	if err != nil {
		err = c.fail(ctx, subject, err)
		if e := (*operr.Error)(nil); errors.As(err, &e) && e.Hint == "" {
			e.Hint = rulesHint
		}
		return nil, err
	}
	return res.Groups, nil
}

// Rules returns the alerting and recording rules that Prometheus has loaded, in its order.
func (c *Client) Rules(ctx context.Context) ([]alerts.Rule, error) {
	groups, err := c.loaded(ctx, "rules")
	if err != nil {
		return nil, err
	}
	var out []alerts.Rule
	for _, g := range groups {
		for _, r := range g.Rules {
			switch r := r.(type) {
			case v1.AlertingRule:
				out = append(out, alerts.Rule{Group: g.Name, Name: r.Name, Query: r.Query})
			case v1.RecordingRule:
				added := map[string]string{}
				for name, value := range r.Labels {
					added[string(name)] = string(value)
				}
				out = append(out, alerts.Rule{Group: g.Name, Name: r.Name, Query: r.Query, Labels: added, Records: true})
			}
		}
	}
	return out, nil
}

// Series returns what a selector picks now; alerts.Source.
func (c *Client) Series(ctx context.Context, selector string) ([]alerts.Series, error) {
	result, err := c.query(ctx, "series", selector, time.Time{})
	if err != nil {
		return nil, err
	}
	v, is := result.(model.Vector)
	if !is {
		return nil, fmt.Errorf("a selector gives a %T", result)
	}
	var out []alerts.Series
	for _, s := range v {
		if s.Histogram != nil {
			continue
		}
		b := labels.NewScratchBuilder(len(s.Metric))
		for name, value := range s.Metric {
			b.Add(string(name), string(value))
		}
		b.Sort()
		out = append(out, alerts.Series{Labels: b.Labels(), Value: float64(s.Value)})
	}
	return out, nil
}

// Firing counts the alerts that fire and that have labels as every matcher wants: severity=~"s1|s2",type="pg". Labels
// that Prometheus adds for Alertmanager alone (external_labels) are not among them. Nothing is made up: where no rule
// can have such labels, or one that can was not evaluated in time or without an error, the signal has a fault. The
// count is true at the time of asking: Prometheus says so until it evaluates the rule again.
func (c *Client) Firing(ctx context.Context, name, server string, matchers string) fleet.Signal {
	s, err := c.firing(ctx, name, matchers)
	if err != nil {
		return noSignal(name, server, time.Time{}, err)
	}
	return fleet.Signal{Name: name, Server: server, Value: fleet.Float(s.value), At: s.at}
}

func (c *Client) firing(ctx context.Context, name, matchers string) (sample, error) {
	groups, err := c.loaded(ctx, name)
	if err != nil {
		return sample{}, err
	}
	evidence := func(hint, format string, args ...any) (sample, error) {
		return sample{}, &operr.Error{Kind: operr.KindEvidence, Subject: name, Err: c.masked(format, args...), Hint: hint}
	}
	wanted, err := alerts.Matchers(matchers)
	if err != nil {
		return sample{}, &operr.Error{Kind: operr.KindUsage, Subject: name, Err: c.masked("labels: %v", err),
			Hint: `write labels: 'severity=~"s1|s2"'`}
	}
	out := sample{at: c.now()}
	rules := 0
	for _, g := range groups {
		interval := time.Duration(g.Interval * float64(time.Second))
		for _, x := range g.Rules {
			r, is := x.(v1.AlertingRule)
			if !is || !mayHave(wanted, r) {
				continue
			}
			rules++
			switch age := out.at.Sub(r.LastEvaluation); {
			case r.Health == v1.RuleHealthUnknown || r.LastEvaluation.IsZero():
				return evidence("wait for its first evaluation", "the rule %s of %s has not been evaluated yet", r.Name, g.Name)
			case r.Health != v1.RuleHealthGood:
				return evidence("correct the rule", "the rule %s of %s fails: %s", r.Name, g.Name, r.LastError)
			case age > StaleAfter && age > StaleScrapes*interval:
				return evidence("find out what keeps Prometheus from evaluating its rules",
					"the rule %s of %s was evaluated %s ago", r.Name, g.Name, age.Round(time.Second))
			}
			for _, a := range r.Alerts {
				if a.State == v1.AlertStateFiring && has(wanted, a.Labels) {
					out.value++
				}
			}
		}
	}
	if rules == 0 {
		return evidence("correct labels: of the signal, or load the rules: absent is not 0",
			"none of %d rule groups of %s has an alert with labels as %s", len(groups), c.shown, matchers)
	}
	return out, nil
}

// mayHave reports whether an alert of a rule may have the labels that are wanted: unless a label that the rule sets
// itself, without a template, is another.
func mayHave(wanted []*labels.Matcher, r v1.AlertingRule) bool {
	for _, m := range wanted {
		own, sets := r.Labels[model.LabelName(m.Name)]
		switch {
		case m.Name == model.AlertNameLabel:
			own, sets = model.LabelValue(r.Name), true
		case strings.Contains(string(own), "{{"):
			sets = false
		}
		if sets && !m.Matches(string(own)) {
			return false
		}
	}
	return true
}

// has reports whether labels are as every matcher wants.
func has(wanted []*labels.Matcher, l model.LabelSet) bool {
	for _, m := range wanted {
		if !m.Matches(string(l[model.LabelName(m.Name)])) {
			return false
		}
	}
	return true
}
