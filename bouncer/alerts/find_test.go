package alerts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// site is a Prometheus of two PgBouncers, of which each has a pool of two users, another fleet's and one more alias.
func site(t *testing.T) Source {
	t.Helper()
	var all []Series
	add := func(v float64, pairs ...string) { all = append(all, Series{labels.FromStrings(pairs...), v}) }
	for _, instance := range []string{"a", "b"} {
		for _, user := range []string{"u1", "u2"} {
			for _, state := range []string{"active", "idle", "used", "testing", "login"} {
				name := "pgbouncer_pools_server_" + state + "_connections"
				add(1, "__name__", name, "job", "main", "instance", instance, "database", "app", "user", user)
				add(3, "__name__", name, "job", "other", "instance", instance, "database", "app", "user", user)
			}
		}
		for _, state := range []string{"active", "idle"} {
			add(2, "__name__", "pgbouncer_pools_server_"+state+"_connections", "job", "main", "instance", instance, "database",
				"jobs", "user", "u1")
		}
		add(10, "__name__", "pgbouncer_databases_pool_size", "job", "main", "instance", instance, "name", "app")
		add(7, "__name__", "pgbouncer_databases_pool_size", "job", "main", "instance", instance, "name", "jobs")
		add(9, "__name__", "pgbouncer_used_servers", "job", "main", "instance", instance)
	}
	for _, state := range []string{"active", "idle", "idle in transaction"} {
		add(5, "__name__", "pg_stat_activity_count", "server", "pg1", "datname", "app_db", "state", state)
		add(6, "__name__", "pg_stat_activity_count", "server", "pg1", "datname", "postgres", "state", state)
	}
	add(100, "__name__", "pg_settings_max_connections", "server", "pg1")
	p := parser.NewParser(parser.Options{})
	return func(_ context.Context, selector string) ([]Series, error) {
		matchers, err := p.ParseMetricSelector(selector)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(slices.Clone(all), func(s Series) bool { return !match(matchers, s.Labels) }), nil
	}
}

// fleetOf is main of the site: app goes from one size to another, jobs stays at 7.
func fleetOf(t *testing.T, today, planned float64) Fleet {
	t.Helper()
	matchers := func(text string) []*labels.Matcher {
		m, err := Matchers(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	main := matchers(`job="main"`)
	return Fleet{
		Pools: []Pool{
			{ID: "main/app", Alias: "app", Matchers: main, Users: 2, Size: Change{today, planned},
				Conns: Change{today + 1, planned + 1}}, // a reserve of one
			{ID: "main/jobs", Alias: "jobs", Matchers: main, Users: 1, Size: Change{7, 7}, Conns: Change{7, 7}},
		},
		Servers: []Server{{Name: "pg1", Matchers: matchers(`server="pg1"`),
			Databases: map[string]Change{"app_db": {4 * (today + 1), 4 * (planned + 1)}}}},
	}
}

// TestAConstantThatAPlannedSizeMakesFalseOrBlindIsFound has each kind of comparison, counted by hand: app grows from 10
// to 20 (with its reserve 11 and 21, of two users in two processes), or shrinks to 5.
func TestAConstantThatAPlannedSizeMakesFalseOrBlindIsFound(t *testing.T) {
	const active = "pgbouncer_pools_server_active_connections"
	for _, c := range []struct {
		query    string
		grows    Becomes
		shrinks  Becomes
		greatest [3]float64 // of full pools: today, grown, shrunk
		series   string
	}{
		{`sum(` + active + `{job="main",database="app"}) > 50`, Wakes, "", [3]float64{44, 84, 24}, ""},
		{`sum(` + active + `{job="main",database="app"}) > 40`, Moves, Blind, [3]float64{44, 84, 24}, ""},
		{`sum(` + active + `{job="main"}) > 50`, Moves, Blind, [3]float64{44 + 14, 84 + 14, 24 + 14}, ""},
		{`50 < sum(` + active + `{job="main"})`, Moves, Blind, [3]float64{44 + 14, 84 + 14, 24 + 14}, ""},
		{`sum by (instance) (` + active + `{job="main",database="app"}) >= 24`, Wakes, "", [3]float64{22, 42, 12},
			`{instance="a"}`},
		{`max_over_time(` + active + `{job="main",database="app"}[10m]) > 10`, Moves, Blind, [3]float64{11, 21, 6},
			`{database="app", instance="a", job="main", user="u1"}`},
		{`avg without (user) (` + active + `{job="main",database="app"}) > bool 3 * 4`, Wakes, "", [3]float64{11, 21, 6},
			`{database="app", instance="a", job="main"}`},
		// the numerator of GitLab's ratio, against the size it is a share of: the reserve alone makes a difference
		{`sum(` + active + `{job="main",database="app"}) by (instance) / on (instance) group_left ` +
			`pgbouncer_databases_pool_size{job="main",name="app"} > 2.15`, Blind, Moves, [3]float64{2.2, 2.1, 2.4}, ""},
		{`pgbouncer_databases_pool_size{job="main",name="app"} > 15`, Always, "", [3]float64{10, 20, 5}, ""},
		{`pgbouncer_databases_pool_size{job="main",name="app"} < 8`, "", Always, [3]float64{10, 20, 5}, ""},
		{`pgbouncer_databases_pool_size{job="main",name="app"} != 10`, Always, Always, [3]float64{10, 20, 5}, ""},
		{`sum(pgbouncer_used_servers{job="main"}) > 60`, Wakes, "", [3]float64{58, 98, 38}, ""},
		{`sum(pg_stat_activity_count) / on () pg_settings_max_connections > 0.6`, Moves, Blind,
			[3]float64{.44 + .05 + .18, .84 + .05 + .18, .24 + .05 + .18}, ""}, // 5 are idle in transaction, 18 elsewhere
		{`sum(pg_stat_activity_count{state="active"}) > 50 and on () hour() >= 0`, Wakes, "", [3]float64{50, 90, 30}, ""},
		// what no size decides, or none of ours
		{`sum(` + active + `{job="other"}) > 5`, "", "", [3]float64{}, ""},
		{`sum(` + active + `{job="main",database="jobs"}) > 5`, "", "", [3]float64{}, ""},
		{`up{job="main"} == 0`, "", "", [3]float64{}, ""},
		{`rate(pgbouncer_stats_client_wait_seconds_total[5m]) > 0.1`, "", "", [3]float64{}, ""},
		{`sum(` + active + `) > on () sum(pgbouncer_databases_pool_size)`, "", "", [3]float64{}, ""},
		{`absent(` + active + `{job="main"}) == 1`, "", "", [3]float64{}, ""},
		// recorded by two rules, of which sizes decide one
		{`sum(main:mixed) > 170`, Wakes, "", [3]float64{144, 184, 124}, ""},
		// recorded, with a label of its rule, through a second recording rule
		{`main:conns:double{team="dbre"} > 100`, Wakes, "", [3]float64{88, 168, 48}, `{team="dbre"}`},
	} {
		rules := []Rule{
			{Name: "main:conns:double", Query: "2 * main:conns:sum", Records: true, Labels: map[string]string{"team": "dbre"}},
			{Name: "main:conns:sum", Query: `sum(` + active + `{job="main",database="app"})`, Records: true},
			{Name: "main:mixed", Query: "sum(pg_settings_max_connections)", Records: true,
				Labels: map[string]string{"of": "max"}},
			{Name: "main:mixed", Query: `sum(` + active + `{job="main",database="app"})`, Records: true},
			{Group: "g", Name: "Full", Query: c.query},
		}
		for i, planned := range []float64{20, 5} {
			want := []Becomes{c.grows, c.shrinks}[i]
			found, unread := Find(t.Context(), rules, site(t), fleetOf(t, 10, planned), time.Now())
			if len(unread) > 0 {
				t.Errorf("%s: %v", c.query, unread)
			}
			if want == "" {
				if len(found) != 0 {
					t.Errorf("%s, 10 to %g: got %+v, want nothing", c.query, planned, found)
				}
				continue
			}
			if len(found) != 1 || found[0].Becomes != want {
				t.Errorf("%s, 10 to %g: got %+v, want %q", c.query, planned, found, want)
				continue
			}
			f := found[0]
			near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
			if !near(f.Today.Greatest, c.greatest[0]) || !near(f.Planned.Greatest, c.greatest[1+i]) {
				t.Errorf("%s, 10 to %g: got %+v, want full pools at %v", c.query, planned, f, c.greatest)
			}
			if c.series != "" && f.Series != c.series {
				t.Errorf("%s: got series %s, want %s", c.query, f.Series, c.series)
			}
			if !slices.Equal(f.Pools, []string{"main/app"}) {
				t.Errorf("%s: got pools %v, want main/app", c.query, f.Pools)
			}
		}
	}
}

// TestTheSentenceSaysBothNumbers reads what a person sees.
func TestTheSentenceSaysBothNumbers(t *testing.T) {
	rules := []Rule{{Group: "pgb", Name: "Saturated",
		Query: `sum(pgbouncer_pools_server_active_connections{job="main", database="app"}) > 42`}}
	const head = `alert Saturated of pgb, sum(pgbouncer_pools_server_active_connections{database="app",job="main"}) > 42: `
	for planned, want := range map[float64]string{
		20: "it is true from 50 % of full pools with the planned sizes, and from 95 % today: " +
			"full pools come to 84 there, 44 today",
		9: "with the planned sizes it can never be true: full pools come to 40 there, 44 today",
	} {
		found, _ := Find(t.Context(), rules, site(t), fleetOf(t, 10, planned), time.Now())
		if len(found) != 1 || found[0].Text() != head+want {
			t.Errorf("got %+v, want\n%s", found, head+want)
			if len(found) == 1 {
				t.Error(found[0].Text())
			}
		}
	}
}

// TestARuleThatCannotBeEvaluatedIsNamed has a Prometheus that does not answer for one metric.
func TestARuleThatCannotBeEvaluatedIsNamed(t *testing.T) {
	all := site(t)
	silent := func(ctx context.Context, selector string) ([]Series, error) {
		if strings.Contains(selector, "active") {
			return nil, errors.New("timed out")
		}
		return all(ctx, selector)
	}
	rules := []Rule{
		{Group: "g", Name: "Unread", Query: `sum(pgbouncer_pools_server_active_connections) > 3`},
		{Group: "g", Name: "Read", Query: `sum(pgbouncer_databases_pool_size{name="app"}) > 30`},
	}
	found, unread := Find(t.Context(), rules, silent, fleetOf(t, 10, 20), time.Now())
	if len(found) != 1 || found[0].Rule != "Read" {
		t.Errorf("got %+v, want Read alone", found)
	}
	// what an alert reads is recorded, and one of two rules that record it cannot be evaluated
	recorded := []Rule{{Name: "x", Records: true, Query: `sum(pgbouncer_pools_server_active_connections)`},
		{Name: "x", Records: true, Query: `sum(pgbouncer_databases_pool_size{name="app"})`},
		{Group: "g", Name: "Recorded", Query: `x > 30`}}
	if found, unread := Find(t.Context(), recorded, silent, fleetOf(t, 10, 20), time.Now()); len(found) != 0 ||
		len(unread) != 1 || !strings.Contains(unread[0], "alert Recorded of g, x > 30: x: ") {
		t.Errorf("got %+v, %q, want Recorded unread", found, unread)
	}
	if len(unread) != 1 || !strings.Contains(unread[0], "alert Unread of g") || !strings.Contains(unread[0], "timed out") {
		t.Errorf("got %q, want Unread and why", unread)
	}
}
