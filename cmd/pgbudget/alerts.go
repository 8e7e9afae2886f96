package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/alerts"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// rulesTime bounds what the rules of Prometheus are asked. chosen: 15 s because a plan has taken a minute of samples,
// and the answer is a note.
const rulesTime = 15 * time.Second

// shownAlerts is how many findings are shown of one plan. chosen: as many as a person reads before a step.
const shownAlerts = 10

// alerted is a survey whose plan says which alerts its sizes make false or blind. A plan that changes nothing asks
// nobody, and neither does a config without Prometheus.
func (s source) alerted(ctx context.Context, survey bouncer.Survey) bouncer.Survey {
	found, unread, err := s.alerts(ctx, survey)
	var texts []string
	if err != nil {
		texts = append(texts, fmt.Sprintf("no alert was held against the planned sizes: %v", err))
	}
	for _, f := range found {
		texts = append(texts, f.Text())
	}
	for _, text := range unread {
		texts = append(texts, "not held against the planned sizes: "+text)
	}
	if more := len(texts) - shownAlerts; more > 0 {
		texts = append(texts[:shownAlerts], fmt.Sprintf("%d more alerts with a constant; pgbudget check lists each", more))
	}
	survey.Plan.Warnings = slices.Concat(survey.Plan.Warnings, texts)
	survey.Measured.Warnings = slices.Concat(survey.Measured.Warnings, texts)
	return survey
}

// alerts asks Prometheus for its rules, and what becomes of them.
func (s source) alerts(ctx context.Context, survey bouncer.Survey) (found []alerts.Finding, unread []string,
	err error) {
	if s.config == nil || s.config.Prometheus == nil || s.from != "" || !survey.Plan.Changes() {
		return nil, nil, nil
	}
	f, err := metricsOf(s.config, survey)
	if err != nil || len(f.Pools) == 0 {
		return nil, nil, err
	}
	client, err := prom.New(s.config.Prometheus.URL, s.config.Prometheus.HTTPConfig.YML)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	client.Timeout = rulesTime
	ctx, cancel := context.WithTimeout(ctx, rulesTime)
	defer cancel()
	rules, err := client.Rules(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, unread = alerts.Find(ctx, rules, client.Series, f, time.Now())
	return found, unread, nil
}

// metricsOf is what the metrics of a fleet come to, today and as planned: of the groups that say which are theirs.
func metricsOf(c *config.Config, survey bouncer.Survey) (f alerts.Fleet, err error) {
	o := survey.Evidence.Last
	for _, g := range c.Groups {
		if g.Metrics == "" {
			continue
		}
		matchers, err := alerts.Matchers(strings.TrimSuffix(strings.TrimSpace(g.Metrics), ","))
		if err != nil {
			return f, &operr.Error{Kind: operr.KindUsage, Subject: "groups[].metrics of " + g.Name, Err: err}
		}
		for _, p := range survey.Plan.Pools {
			group, alias, _ := strings.Cut(p.ID, "/")
			if group != g.Name || alias == fleet.AutoDB || len(g.Processes) == 0 {
				continue
			}
			size := alerts.Change{Today: float64(largestToday(p)), Planned: float64(p.ToSize)}
			f.Pools = append(f.Pools, alerts.Pool{ID: p.ID, Alias: alias, Matchers: matchers,
				Users: max(1, p.LinePools/len(g.Processes)), Size: size,
				Conns: alerts.Change{Today: size.Today + float64(p.ReserveFrom), Planned: size.Planned + float64(p.ReserveSize)}})
		}
	}
	for _, srv := range c.Servers {
		if srv.Metrics == "" {
			continue
		}
		matchers, err := alerts.Matchers(strings.TrimSuffix(strings.TrimSpace(srv.Metrics), ","))
		if err != nil {
			return f, &operr.Error{Kind: operr.KindUsage, Subject: "servers[].metrics of " + srv.Name, Err: err}
		}
		databases := map[string]alerts.Change{}
		for _, p := range survey.Plan.Pools {
			database := databaseOf(o, p.ID)
			if p.Server != srv.Name || database == "" {
				continue
			}
			at := databases[database]
			at.Today += float64(p.WorstConns.Before)
			at.Planned += float64(p.WorstConns.After)
			databases[database] = at
		}
		f.Servers = append(f.Servers, alerts.Server{Name: srv.Name, Matchers: matchers, Databases: databases})
	}
	return f, nil
}

// largestToday is the size of a pool, of processes that differ the largest.
func largestToday(p sizing.PlanPool) int {
	if p.FromSize != nil {
		return *p.FromSize
	}
	largest := 0
	for _, s := range p.FromSizes {
		largest = max(largest, s.Conns)
	}
	return largest
}

// databaseOf is what PostgreSQL calls the database of a pool; empty: no process shows it.
func databaseOf(o fleet.Observation, id string) string {
	group, alias, _ := strings.Cut(id, "/")
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if p.Group == group && a.Name == alias && a.Database != "" {
				return a.Database
			}
		}
	}
	return ""
}
