package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner"
)

// limitedPools are pools with a size of 10 connections, each under a limit of 4 of another kind, and what BOUND BY says.
var limitedPools = []struct{ pool, user, bound string }{
	{"rw/app", "app1", "max_db_connections 4 of rw/app in rw/1"},
	{"us/app", "app2", "max_user_connections 4 of app2 in us/1"},
	{"rw/roled", "roled", "CONNECTION LIMIT 4 of role roled"},
	{"rw/small", "app3", "CONNECTION LIMIT 4 of database small"},
}

// underLimits is their fleet.
func underLimits(gen lab.Generation) lab.Spec {
	return lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 60}},
		Groups: []lab.GroupSpec{
			{Name: "rw", Generation: gen, Aliases: []lab.AliasSpec{
				{Name: "app", PoolSize: 10, MaxDBConns: 4}, {Name: "roled", PoolSize: 10}, {Name: "small", PoolSize: 10}}},
			{Name: "us", Generation: gen, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 10}},
				Settings: map[string]string{"max_user_connections": "4"}},
		},
		Users: []string{"app1", "app2", "app3", "roled"},
	}
}

// TestAPoolUnderALimitWaitsAsItsPlanSays offers three Erlangs to each of four pools that may have 10 connections by their
// size and 4 by another limit. By theory (M/M/4), 75 % of four connections are busy then, and 1.53 clients wait.
//
// The limits of a role and of a database are PostgreSQL's: it refuses the fifth login, and PgBouncer tries again after
// server_login_retry. Its clients see no error: they wait for the four connections that there are, as they do where
// PgBouncer itself opens no more.
func TestAPoolUnderALimitWaitsAsItsPlanSays(t *testing.T) {
	generations(t, func(t *testing.T, gen lab.Generation) { judged(t, func(t *trial) { waitsAtALimit(t, gen) }) })
}

func waitsAtALimit(t *trial, gen lab.Generation) {
	const erlangs, easy = 2.8, 40 * time.Millisecond // 2.9 with the round trips
	l := start(t, underLimits(gen))
	for _, sql := range []string{"ALTER ROLE roled CONNECTION LIMIT 4", "ALTER DATABASE small CONNECTION LIMIT 4"} {
		if _, err := l.Server("pg").Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rules := "pools:\n"
	for _, p := range limitedPools { // promises that 4 connections keep
		rules += "  - {pool: " + p.pool + ", max_wait: {mean: 10s, p99: 60s}, utilization: 0.99}\n"
	}
	config, _ := movingConfig(t, l, rules)
	speed := pace(t, l, "rw", float64(len(limitedPools))*erlangs/easy.Seconds(), easy)
	perSec, hold := speed.Of(erlangs/easy.Seconds(), easy)
	look := slower(window(t)*4/5, speed)
	runs, from := make([]*lab.Run, len(limitedPools)), make([]lab.Ledger, len(limitedPools))
	for i, p := range limitedPools {
		group, alias, _ := strings.Cut(p.pool, "/")
		r, err := lab.OpenLoop{DSN: l.Process(group, 0).DSN(p.user, alias), PerSec: perSec,
			Body: lab.Body{Hold: lab.Exp(hold)}, Seed: uint64(11 + i), MaxClients: 500}.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Stop() })
		t.lags(r)
		runs[i] = r
	}
	time.Sleep(time.Second)
	for i, r := range runs {
		from[i] = r.Ledger()
	}
	recording := filepath.Join(t.TempDir(), "fleet.jsonl")
	if r := command(t, l, "record", "--config", config, "--for", look.String(), "--every", "1s", recording); r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	seen := make([]lab.Ledger, len(runs))
	for i, r := range runs {
		seen[i] = r.Ledger().Since(from[i])
		if got := seen[i].OfferedErlangs(); got > 3.5 {
			t.because(fmt.Sprintf("a load of 3 Erlangs became one of %.2f", got))
		}
	}
	if r := command(t, l, "plan", "--config", config, "--from", recording); r.code == exitInfeasible {
		t.because("by the upper end of what a short look knows, four connections do not carry it: " + r.stderr)
	}
	plan := decode[planner.Plan](t, l, "plan", "--config", config, "--from", recording)
	for i, p := range limitedPools {
		for _, got := range plan.Pools {
			if got.ID == p.pool {
				waitsAsSaid(t, got, p.bound, seen[i])
			}
		}
	}
	if len(plan.Pools) != len(limitedPools) {
		t.Errorf("%d pools in the plan, want %d", len(plan.Pools), len(limitedPools))
	}
}

// waitsAsSaid judges one pool of the plan by theory, and the theory by what the generator saw. Both windows begin and end
// apart, so loads are compared to within a tenth. A mean over seconds strays: what waited is to lie within a factor of
// two of what the plan's interval of the load comes to.
func waitsAsSaid(t *trial, got planner.PlanPool, bound string, saw lab.Ledger) {
	t.Helper()
	truth := saw.OfferedErlangs()
	waiting := saw.ArrivalsPerSec() * saw.BeginTotal.Seconds() / float64(max(1, saw.Completed))
	said := saw.ArrivalsPerSec() * float64(got.Wait.Mean)
	least, most := waitingOf4(float64(got.Load.Lower)), waitingOf4(float64(got.Load.Upper))
	target := waitingOf4(float64(got.Load.Target))
	t.Logf("%s: load %.2f (%.2f–%.2f), true %.2f; use %.2f; %.2f clients wait by the plan, %.2f (%.2f–%.2f) by theory, "+
		"%.2f truly; %s", got.ID, got.Load.Target, got.Load.Lower, got.Load.Upper, truth, got.Utilization,
		said, target, least, most, waiting, got.Bound)
	if saw.Failed > 0 || saw.Starved > 0 {
		t.Errorf("%s: %d clients failed, %d were starved", got.ID, saw.Failed, saw.Starved)
	}
	if got.Bound != bound {
		t.Errorf("%s is bound by %q, want %q", got.ID, got.Bound, bound)
	}
	if float64(got.Load.Lower) > 1.1*truth || float64(got.Load.Upper) < 0.9*truth {
		t.Errorf("%s: a load of %v, and %.2f is true", got.ID, got.Load, truth)
	}
	if waiting < least/2 || waiting > 2*most {
		t.Errorf("%s: %.2f clients wait, where %.2f to %.2f are likely by its load", got.ID, waiting, least, most)
	}
	if got.AtLeast { // who waits is not told from who asks less: then no wait is claimed
		return
	}
	if use := float64(got.Load.Target) / 4; math.Abs(float64(got.Utilization)-use) > 0.01 {
		t.Errorf("%s: a use of %.2f, want %.2f", got.ID, got.Utilization, use)
	}
	if math.Abs(said-target) > 0.1*target {
		t.Errorf("%s: %.2f clients wait by the plan, want %.2f", got.ID, said, target)
	}
}

// waitingOf4 is the mean number of clients that wait for four connections (M/M/4, Erlang's C).
func waitingOf4(erlangs float64) float64 {
	use := erlangs / 4
	if use >= 1 {
		return math.Inf(1)
	}
	blocked := 1.0
	for n := 1.0; n <= 4; n++ {
		blocked = erlangs * blocked / (n + erlangs*blocked)
	}
	return blocked / (1 - use*(1-blocked)) * use / (1 - use)
}
