package prom_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAnAbsentSeriesIsAnErrorThatNamesThePresentOnes asks for series that are not there, or are no use.
func TestAnAbsentSeriesIsAnErrorThatNamesThePresentOnes(t *testing.T) {
	app := func(matchers string) prom.Spec {
		return prom.Spec{Pools: []prom.PoolSpec{{ID: "main/app", Alias: "app", Selector: matchers}}}
	}
	server := func(s prom.ServerSpec) prom.Spec {
		s.Name = "main"
		return prom.Spec{Pools: []prom.PoolSpec{pool(wave)}, Servers: []prom.ServerSpec{s}}
	}
	for _, c := range []struct {
		name string
		spec prom.Spec
		kind operr.Kind
		want []string
	}{
		{"an alias that no exporter shows",
			prom.Spec{Pools: []prom.PoolSpec{{ID: "main/ap", Alias: "ap", Selector: `job="pgb-wave"`}}}, operr.KindEvidence,
			[]string{"main/ap: no series pgbouncer_stats_totals_server_in_transaction_seconds_total" +
				"{database=\"ap\",job=\"pgb-wave\"} in the last 2d",
				`of {job="pgb-wave"} there are the aliases app`}},
		{"a selector that picks nothing", app(`job="pgb-wav"`), operr.KindEvidence,
			[]string{"series of that kind are under", `job="pgb-flat"`, `job="pgb-full"`, "and 6 more"}},
		{"Debian 12's Python exporter", app(`job="python"`), operr.KindEvidence,
			[]string{"the Python exporter that Debian 12 packages: recognised, unusable"}},
		{"CloudNativePG", app(`job="cnpg"`), operr.KindEvidence, []string{"CloudNativePG's exporter: recognised, unusable"}},
		{"an exporter of 2019", app(`job="ancient"`), operr.KindEvidence,
			[]string{"pgbouncer_exporter before 0.4: recognised, unusable"}},
		{"an exporter of which a rule drops the rest", app(`job="stripped"`), operr.KindEvidence,
			[]string{`no series pgbouncer_stats_totals_client_wait_seconds_total{database="app",job="stripped"}`,
				"while others of the same exporter are there"}},
		{"a selector that does not parse", app(`job=`), operr.KindUsage, []string{"refuses the query"}},
		{"no postgres_exporter", server(prom.ServerSpec{Selector: `job="pgg"`, PoolSelectors: []string{`job="pgb-wave"`}}),
			operr.KindEvidence,
			[]string{`no series pg_stat_activity_count{job="pgg",backend_type=~"|client backend"}`,
				`under job="pg", job="pg-blind"`}},
		{"no pools for a server", server(prom.ServerSpec{Selector: `job="pg"`, PoolSelectors: []string{`job="x"`}}),
			operr.KindEvidence,
			[]string{"main direct connections: no series", `job="pgb-wave"`}},
		{"an exporter without pg_monitor", server(prom.ServerSpec{Selector: `job="pg-blind"`,
			PoolSelectors: []string{`job="pgb-wave"`}}), operr.KindEvidence,
			[]string{`pg_stat_activity_count{job="pg-blind"} is below what PgBouncer holds under job="pgb-wave" in`}},
		{"two exporters for one server", server(prom.ServerSpec{Selector: `job=~"pg|pg-blind"`,
			PoolSelectors: []string{`job="pgb-wave"`}}), operr.KindEvidence,
			[]string{"2 postgres_exporters at the same time where one is wanted", `instance="pg1:9187"`, `instance="pg2:9187"`}},
		{"no CPU series", server(prom.ServerSpec{CPUQuery: `cpu_ration`}), operr.KindEvidence,
			[]string{"main cpu: the query found no series in the last 2d: absent is not 0"}},
		{"CPU in percent", server(prom.ServerSpec{CPUQuery: `cpu_percent`}), operr.KindUsage,
			[]string{"main cpu: the query gave 45 where a share of 0..1 is wanted"}},
		{"several CPU series", server(prom.ServerSpec{CPUQuery: `up{job="pgb-wave"}`}), operr.KindEvidence,
			[]string{"main cpu: 2 series at the same time where one is wanted", `up{instance="w1:9127", job="pgb-wave"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spec.Lookback = pastLength
			h, err := pastClient(t).History(t.Context(), c.spec, pastEnd)
			if err == nil {
				t.Fatalf("got no error, want one with %q", c.want)
			}
			contains(t, err.Error(), c.want...)
			if got := operr.KindOf(err); got != c.kind {
				t.Errorf("got kind %d, want %d: %v", got, c.kind, err)
			}
			if operr.HintOf(err) == "" {
				t.Errorf("got no hint with %v", err)
			}
			if h.Pools != nil || h.Servers != nil {
				t.Errorf("got a partial history %+v beside the error", h)
			}
		})
	}
}

func TestExportersThatFellSilentAreAnErrorAndNotAnOldHistory(t *testing.T) {
	_, err := pastClient(t).History(t.Context(), prom.Spec{Lookback: pastLength, Pools: []prom.PoolSpec{pool(wave)}},
		pastEnd.Add(time.Hour))
	if err == nil {
		t.Fatal("got no error an hour after the last scrape")
	}
	contains(t, err.Error(), "wave/app: its exporters were not scraped twice in the last 10m0s")
}

func TestASpecThatContradictsItselfIsRefused(t *testing.T) {
	good := prom.PoolSpec{ID: "main/app", Alias: "app", Selector: `job="a"`}
	for _, c := range []struct {
		name, want string
		spec       prom.Spec
	}{
		{"no lookback", "0s is shorter than one step of 1m0s", prom.Spec{}},
		{"a step of a fraction", "not a whole number of milliseconds", prom.Spec{Lookback: time.Hour,
			Step: time.Microsecond}},
		{"a pool twice", "it is listed twice", prom.Spec{Lookback: time.Hour, Pools: []prom.PoolSpec{good, good}}},
		{"the same series for two pools", `it has the same alias and selector {job = "a"} as main/app`,
			prom.Spec{Lookback: time.Hour, Pools: []prom.PoolSpec{good, {ID: "ci/app", Alias: "app", Selector: `job = "a"`}}}},
		{"a pool without an alias", "a pool has no id or no alias", prom.Spec{Lookback: time.Hour,
			Pools: []prom.PoolSpec{{ID: "main/app"}}}},
		{"a pool of no known server", `unknown server "x"`, prom.Spec{Lookback: time.Hour,
			Pools: []prom.PoolSpec{{ID: "main/app", Alias: "app", Server: "x"}}}},
		{"a pool of one of two servers", "there are 2 servers",
			prom.Spec{Lookback: time.Hour, Pools: []prom.PoolSpec{good}, Servers: []prom.ServerSpec{{Name: "a"}, {Name: "b"}}}},
		{"a server without a name", "a server has no name", prom.Spec{Lookback: time.Hour, Servers: []prom.ServerSpec{{}}}},
		{"a server twice", "it is listed twice", prom.Spec{Lookback: time.Hour, Servers: []prom.ServerSpec{{Name: "a"},
			{Name: "a"}}}},
		{"direct connections with shared pools alone",
			"only pools of other servers, too, lead there (main/app, main/shop): every connection would count as direct",
			prom.Spec{Lookback: time.Hour, Servers: []prom.ServerSpec{
				{Name: "a", Selector: `job="pg"`, Shared: []string{"main/app", "main/shop"}}}}},
		{"direct connections without pools", "every connection would count as direct",
			prom.Spec{Lookback: time.Hour, Servers: []prom.ServerSpec{{Name: "a", Selector: `job="pg"`}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Nothing listens there: a spec is refused before anything is asked.
			_, err := client(t, "http://127.0.0.1:1", "").History(t.Context(), c.spec, pastEnd)
			if got, want := operr.KindOf(err), operr.KindUsage; err == nil || got != want {
				t.Fatalf("got %v of kind %d, want an error of kind %d", err, got, want)
			}
			contains(t, err.Error(), c.want)
		})
	}
}
