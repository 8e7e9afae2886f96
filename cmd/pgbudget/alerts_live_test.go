package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/check"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// siteRules are alerting rules of which two have a constant that was written for pools of five connections.
const siteRules = `  - record: ci:pgbouncer_active:sum
    expr: sum(pgbouncer_pools_server_active_connections{group="ci", database="app"})
  - alert: PoolBusy
    expr: 8 < ci:pgbouncer_active:sum
    labels: {severity: s1}
  - alert: MainBusy
    expr: sum(pgbouncer_pools_server_active_connections{group="main", database="app"}) > 8
    labels: {severity: s1}
  - alert: Sessions
    expr: sum(pg_stat_activity_count{datname="app"}) / on () group_left pg_settings_max_connections > 0.25
    labels: {severity: s3}
  - alert: Down
    expr: up{job="pgbouncer"} == 0
    labels: {severity: s2}
  - alert: Full
    expr: sum(pgbouncer_pools_server_active_connections{group="ci", database="app"})
      / on () sum(pgbouncer_databases_pool_size{group="ci", name="app"}) > 0.9
    labels: {severity: s3}
`

// TestTheAlertsOfASiteKnowOurSizes: a real Prometheus has loaded them; a plan, a step and check list those whose
// constant a planned size makes false or blind, and no other. ci/app grows from 5 to 10 in one process for one user.
func TestTheAlertsOfASiteKnowOurSizes(t *testing.T) {
	spec := checkFleet()
	spec.Prometheus, spec.Users = true, []string{"app1"}
	spec.ScrapeInterval = 3 * time.Second // a busy machine answers within that: the history wants whole minutes
	b := &bench{t: t, l: labtest.Start(t, spec)}
	for _, p := range b.l.Processes { // a pool that nobody has used has no series
		if _, err := p.Show(t.Context(), "POOLS"); err != nil {
			t.Fatal(err)
		}
	}
	for _, dsn := range append(b.l.DSNs("main", "app1", "app"), b.l.DSNs("ci", "app1", "app")...) {
		if _, err := lab.Query(t.Context(), dsn, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.l.LoadRules(t.Context(), "site", siteRules); err != nil {
		t.Fatal(err)
	}
	configure := func(signal string) {
		b.config, b.path = movingConfig(t, b.l, "pools: [{pool: main/app, max: 5, load: {arrivals_per_sec: 10, "+
			"mean_hold: 100ms}}, {pool: ci/app, min: 10, max: 10, load: {arrivals_per_sec: 30, mean_hold: 150ms}}]\n"+
			"policy: {percent: 50, soak: 0s}\nprometheus: {url: '"+b.l.PrometheusURL+"', lookback: 3m}\n"+
			signal)
		for _, group := range []string{"main", "ci"} {
			rewrite(t, b.config, replaced("  - name: "+group+"\n", "  - name: "+group+
				"\n    metrics: 'job=\"pgbouncer\",group=\""+group+"\"'\n"))
		}
		rewrite(t, b.config, replaced("  - name: pg\n", "  - name: pg\n    metrics: 'job=\"postgres\"'\n"))
	}
	configure("")
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) { // the history wants its first whole minute
		r := command(t, b.l, "plan", "--config", b.config, "--window", "1s", "--every", "300ms")
		if r.code == exitDone {
			break
		}
		if r.code != exitEvidence || time.Now().After(end) {
			t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	}
	wanted := []string{"alert PoolBusy of site, 8 < ci:pgbouncer_active:sum: it cannot be true today, and can with the " +
		"planned sizes: full pools come to 10 there, 5 today"}
	for _, verb := range [][]string{{"plan"}, {"step", "--dry-run"}} {
		r := command(t, b.l, append(verb, "--config", b.config, "--window", "1s", "--every", "300ms")...)
		for _, text := range wanted {
			if r.code != exitDone || !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), text) {
				t.Errorf("%v: exit %d, want %q\n%s%s", verb, r.code, text, r.stdout, r.stderr)
			}
		}
		for _, other := range []string{"MainBusy", "alert Full", "Down"} {
			if strings.Contains(r.stdout+r.stderr, other) {
				t.Errorf("%v names %s\n%s%s", verb, other, r.stdout, r.stderr)
			}
		}
	}
	r := command(t, b.l, "check", "--config", b.config, "--window", "1s", "--every", "300ms", "-o", "json")
	var got check.Report
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitFound {
		t.Fatalf("check: exit %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	busy := 0
	for _, f := range got.Findings {
		if f.Rule != operr.RuleAlert {
			t.Errorf("found, too: %+v", f)
		}
		if strings.Contains(f.Found, "PoolBusy") {
			busy++
		}
	}
	if busy != 1 {
		t.Errorf("got %+v, want PoolBusy", got.Findings)
	}

	for name, c := range map[string]struct {
		labels string
		fires  bool // the alert Down
		code   int
		says   string
	}{
		"none fires":                  {`severity=~"s1|s2"`, false, exitDone, ""},
		"one fires":                   {`severity=~"s1|s2"`, true, exitHeld, "held: paging 1 > 0 on pg"},
		"another fires":               {`severity="s1"`, true, exitDone, ""},
		"no rule has these labels":    {`severity="page"`, false, exitHeld, "has an alert with labels as severity"},
		"a rule with them fails":      {`severity="s4"`, false, exitHeld, "the rule Broken of failing fails: "},
		"by the labels of a series":   {`severity="s2",job="pgbouncer",group="ci"`, true, exitHeld, "held: paging 1 > 0 on pg"},
		"and not by those of another": {`severity="s2",job="pgbouncer",group="main"`, true, exitDone, ""},
	} {
		rules := siteRules
		group := "quiet"
		if c.fires {
			group, rules = "firing", strings.Replace(rules, `up{job="pgbouncer"} == 0`, `up{job="pgbouncer", group="ci"} == 1`, 1)
		}
		if strings.Contains(c.labels, "s4") { // many to many: it parses, and cannot be evaluated
			group = "failing"
			rules += "  - alert: Broken\n    expr: up * on (job) up\n    labels: {severity: s4}\n"
		}
		if err := b.l.LoadRules(t.Context(), group, rules); err != nil {
			t.Fatal(err)
		}
		configure("saturation: [{name: paging, builtin: alerts, labels: '" + c.labels + "'}]\n")
		r := command(t, b.l, "step", "--dry-run", "--config", b.config, "--window", "1s", "--every", "300ms")
		if r.code != c.code || !strings.Contains(r.stdout+r.stderr, c.says) {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", name, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
}
