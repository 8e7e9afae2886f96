package prom_test

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner"
)

// TestARealFleetsLoadIsFoundWithinTenPercent puts 4 Erlangs on two real PgBouncer processes, behind real exporters (0.10)
// and a real Prometheus, and fills a third, small pool. A minute is four seconds here.
func TestARealFleetsLoadIsFoundWithinTenPercent(t *testing.T) {
	ctx := t.Context()
	l, err := lab.Start(ctx, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main", MaxConnections: 60}},
		Groups: []lab.GroupSpec{
			{Name: "main", Processes: 2, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 10}}},
			{Name: "tight", Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}},
		},
		Users:      []string{"app1"},
		Prometheus: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Stop()
	var runs []*lab.Run
	begin := func(run *lab.Run, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	for i, dsn := range l.DSNs("main", "app1", "app") {
		begin(lab.OpenLoop{DSN: dsn, PerSec: 50, Body: lab.Body{Hold: lab.Fixed(40 * time.Millisecond)}, Seed: uint64(i)}.Start(ctx))
	}
	begin(lab.ClosedLoop{DSN: l.Process("tight", 0).DSN("app1", "app"), Clients: 8, Body: lab.Body{Hold: lab.Fixed(20 * time.Millisecond)}}.Start(ctx))
	begin(lab.Direct{DSN: l.Server("main").DSN("app1", "app"), Conns: 5}.Start(ctx))
	const lookback, step = 40 * time.Second, 4 * time.Second
	time.Sleep(6 * time.Second) // windows before the load's start would hold less of it
	before := []lab.Ledger{runs[0].Ledger(), runs[1].Ledger()}
	time.Sleep(lookback + step)
	now := time.Now()
	truth := runs[0].Ledger().Since(before[0]).Plus(runs[1].Ledger().Since(before[1]))
	if truth.Starved > 0 || truth.Failed > 0 {
		t.Fatalf("the load did not get through: %+v", truth)
	}

	s, err := client(t, l.PrometheusURL, "").Survey(ctx, prom.Spec{
		Lookback: lookback, Step: step,
		Pools: []prom.PoolSpec{
			{ID: "main/app", Alias: "app", Selector: `job="pgbouncer",group="main"`},
			{ID: "tight/app", Alias: "app", Selector: `job="pgbouncer",group="tight"`},
		},
		Servers: []prom.ServerSpec{{Name: "main", CPUQuery: `rate(lab_cpu_seconds_total{server="main"}[5s]) / lab_cores`,
			Selector: `job="postgres"`, PoolSelectors: []string{`job="pgbouncer",database="app"`}}},
	}, now)
	if err != nil {
		t.Fatalf("%v\nhint: %s", err, planner.HintOf(err))
	}
	t.Logf("truth %.3f Erlangs; pools %+v; servers %+v; cpu %+v", truth.CarriedErlangs(), s.Pools, s.Servers, s.History.Servers[0].CPU)

	if got, want := s.History.Dialect, string(prom.Legacy); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
	main, tight := s.History.Pools[0], s.History.Pools[1]
	if s.Pools[0].Used < 6 {
		t.Errorf("got %+v, want most of 10 moments used", s.Pools[0])
	}
	got, want := mean(main.Erlangs), truth.CarriedErlangs()
	t.Logf("found %.3f Erlangs", got)
	if math.Abs(got-want) > 0.1*want || math.Abs(want-4) > 0.6 {
		t.Errorf("got %.3f Erlangs, want %.3f within 10 %%, about 4", got, want)
	}
	if main.Censored != 0 {
		t.Errorf("got a censored share of %v, want 0 of a pool with room", main.Censored)
	}
	if tight.Censored < 0.7 {
		t.Errorf("got a censored share of %v of a pool that is always full, want most of it: %+v", tight.Censored, s.Pools[1])
	}
	// Five of ours, the exporter's own, and whatever the lab holds open.
	if direct := s.History.Servers[0].Direct; direct.Quantile(0.5) < 5 || direct.Quantile(0.5) > 9 {
		t.Errorf("got a median of %v direct connections, want 5 and a few", direct.Quantile(0.5))
	}
}

// mean returns the mean of a histogram's samples, taking each for the middle of its bucket.
func mean(h planner.Histogram) float64 {
	sum, weight := 0.0, 0.0
	for _, b := range h.Buckets {
		middle := planner.HistogramFirst * math.Pow(planner.HistogramGrowth, float64(b.Index)-0.5)
		sum += b.Weight * middle
		weight += b.Weight
	}
	return sum / weight
}
