package prom_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/fixtures/lab/pace"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestTheLoadOfARealFleetIsFoundWithinTenPercent puts 4 Erlangs on two real PgBouncer processes, behind real exporters
// (0.10) and a real Prometheus, and fills a third, small pool. A minute is four seconds here.
func TestTheLoadOfARealFleetIsFoundWithinTenPercent(t *testing.T) {
	pace.Twice(t, func(int) (string, func()) {
		l := labtest.Start(t, lab.Spec{
			Servers: []lab.PostgresSpec{{Name: "main", MaxConnections: 60}},
			Groups: []lab.GroupSpec{
				{Name: "main", Processes: 2, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 10}}},
				{Name: "tight", Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}},
			},
			Users:      []string{"app1"},
			Prometheus: true,
		})
		defer l.Stop() // a second measurement has the machine for itself
		return measured(t, l)
	})
}

// measured loads a fleet and asks for its history. It says why the sample cannot be judged, and how to judge it.
func measured(t *testing.T, l *lab.Lab) (reason string, judge func()) {
	ctx := t.Context()
	var runs []*clients.Run
	begin := func(run *clients.Run, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	speed, err := pace.Measure(ctx, l.DSNs("main", "app1", "app")[0])
	if err != nil {
		t.Fatal(err)
	}
	perSec, hold := speed.Of(50, 40*time.Millisecond)
	t.Logf("%.0f transactions a second that hold for %v, at %v", perSec, hold, speed)
	heart := pace.NewHeart()
	defer heart.Stop()
	for i, dsn := range l.DSNs("main", "app1", "app") {
		begin(clients.OpenLoop{DSN: dsn, PerSec: perSec, Body: clients.Body{Hold: clients.Fixed(hold)},
			Seed: uint64(i)}.Start(ctx))
	}
	begin(clients.ClosedLoop{DSN: l.Process("tight", 0).DSN("app1", "app"), Clients: 8,
		Body: clients.Body{Hold: clients.Fixed(20 * time.Millisecond)}}.Start(ctx))
	begin(clients.Direct{DSN: l.Server("main").DSN("app1", "app"), Conns: 5}.Start(ctx))
	defer func() {
		for _, run := range runs {
			run.Stop()
		}
	}()
	const lookback, step = 40 * time.Second, 4 * time.Second
	time.Sleep(6 * time.Second) // windows before the load's start would hold less of it
	before := []clients.Ledger{runs[0].Ledger(), runs[1].Ledger()}
	time.Sleep(lookback + step)
	now := time.Now()
	truth := runs[0].Ledger().Since(before[0]).Plus(runs[1].Ledger().Since(before[1]))
	reason = pace.Unjudged(heart, step/2, truth)
	if share := trips(truth) / truth.CarriedErlangs(); share >= pace.SlowHolds-1 && reason == "" {
		reason = fmt.Sprintf("BEGIN took %.0f %% of the time that transactions held", 100*share)
	}
	// Exporters that had no time to answer leave holes in the history: that is the machine's doing, too.
	c := client(t, l.PrometheusURL, "")
	answered, _, err := c.Instant(ctx, "scrapes", `min(avg_over_time(up[44s]))`)
	if err != nil {
		t.Fatal(err)
	}
	if answered < 1 && reason == "" {
		reason = fmt.Sprintf("only %.0f %% of the scrapes of some exporter were answered", 100*answered)
	}
	s, err := c.Survey(ctx, prom.Spec{
		Lookback: lookback, Step: step,
		Pools: []prom.PoolSpec{
			{ID: "main/app", Alias: "app", Selector: `job="pgbouncer",group="main"`},
			{ID: "tight/app", Alias: "app", Selector: `job="pgbouncer",group="tight"`},
		},
		Servers: []prom.ServerSpec{{Name: "main", CPUQuery: `rate(lab_cpu_seconds_total{server="main"}[5s]) / lab_cores`,
			Selector: `job="postgres"`, PoolSelectors: []string{`job="pgbouncer",database="app"`}}},
	}, now)
	return reason, func() {
		if truth.Starved > 0 || truth.Failed > 0 {
			t.Fatalf("the load did not get through: %+v", truth)
		}
		if err != nil {
			t.Fatalf("%v\nhint: %s", err, operr.HintOf(err))
		}
		found(t, s, truth)
	}
}

// found holds what was found against the generators' own ledger.
func found(t *testing.T, s prom.Survey, truth clients.Ledger) {
	t.Logf("truth %.3f Erlangs; pools %+v; servers %+v; cpu %+v", truth.CarriedErlangs(), s.Pools, s.Servers,
		s.History.Servers[0].CPU)
	if got, want := s.History.Dialect, string(prom.Legacy); got != want {
		t.Errorf("got dialect %q, want %q", got, want)
	}
	main, tight := s.History.Pools[0], s.History.Pools[1]
	if s.Pools[0].Used < 6 {
		t.Errorf("got %+v, want most of 10 moments used", s.Pools[0])
	}
	got, want := mean(main.Erlangs), truth.CarriedErlangs()
	t.Logf("found %.3f Erlangs", got)
	// PgBouncer has a connection busy from before the client has the answer to BEGIN: by up to the whole round trip.
	if most := want + trips(truth); got < 0.9*want || got > 1.1*most || math.Abs(want-4) > 1 {
		t.Errorf("got %.3f Erlangs, want %.3f to %.3f within 10 %%, and the ledger about 4", got, want, most)
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

// trips returns the Erlangs of the time between sending BEGIN and its answer.
func trips(l clients.Ledger) float64 { return l.BeginTotal.Seconds() / l.Elapsed.Seconds() }

// mean returns the mean of a histogram's samples, taking each for the middle of its bucket.
func mean(h load.Histogram) float64 {
	sum, weight := 0.0, 0.0
	for _, b := range h.Buckets {
		middle := load.HistogramFirst * math.Pow(load.HistogramGrowth, float64(b.Index)-0.5)
		sum += b.Weight * middle
		weight += b.Weight
	}
	return sum / weight
}
