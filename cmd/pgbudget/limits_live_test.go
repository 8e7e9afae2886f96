package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// limited is a pool with a size of 10 connections, under a limit of 4 of another kind, and what BOUND BY says of it.
type limited struct {
	group, alias, user, bound string
}

// underLimits is a fleet with pools under each kind of limit, in every generation.
func underLimits(gens []lab.Generation) (lab.Spec, []limited) {
	spec := lab.Spec{Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 60 * len(gens)}},
		Users: []string{"app1", "app2", "app3"}}
	var pools []limited
	for _, gen := range gens {
		n := strings.ReplaceAll(string(gen), ".", "")
		rw, us, small, roled := "rw"+n, "us"+n, "small"+n, "roled"+n
		spec.Groups = append(spec.Groups,
			lab.GroupSpec{Name: rw, Generation: gen, Aliases: []lab.AliasSpec{
				{Name: "app", PoolSize: 10, MaxDBConns: 4}, {Name: "roled", PoolSize: 10}, {Name: small, PoolSize: 10}}},
			lab.GroupSpec{Name: us, Generation: gen, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 10}},
				Settings: map[string]string{"max_user_connections": "4"}})
		spec.Users = append(spec.Users, roled)
		pools = append(pools,
			limited{rw, "app", "app1", "max_db_connections 4 of " + rw + "/app in " + rw + "/1"},
			limited{us, "app", "app2", "max_user_connections 4 of app2 in " + us + "/1"},
			limited{rw, "roled", roled, "CONNECTION LIMIT 4 of role " + roled},
			limited{rw, small, "app3", "CONNECTION LIMIT 4 of database " + small})
	}
	return spec, pools
}

// TestAPoolUnderALimitWaitsAsItsPlanSays offers 2.3 Erlangs to each of four pools that may have 10 connections by their
// size and 4 by another limit. By theory (M/M/4), 58 % of four connections are busy then, and 0.35 clients wait.
//
// The limits of a role and of a database are PostgreSQL's: it refuses the fifth login, and PgBouncer tries again after
// server_login_retry. Its clients see no error: they wait for the four connections that there are, as they do where
// PgBouncer itself opens no more.
func TestAPoolUnderALimitWaitsAsItsPlanSays(t *testing.T) {
	together(t, func(t *testing.T, gens []lab.Generation) { judged(t, func(t *trial) { waitsAtALimit(t, gens) }) })
}

func waitsAtALimit(t *trial, gens []lab.Generation) {
	const erlangs, easy = 2.2, 40 * time.Millisecond // 2.3 with the round trips
	spec, pools := underLimits(gens)
	l := labtest.Start(t, spec)
	for _, p := range pools {
		for kind, name := range map[string]string{"ROLE": p.user, "DATABASE": p.alias} {
			if !strings.HasPrefix(p.bound, "CONNECTION LIMIT 4 of "+strings.ToLower(kind)) {
				continue
			}
			if _, err := l.Server("pg").Query(t.Context(), "ALTER "+kind+" "+name+" CONNECTION LIMIT 4"); err != nil {
				t.Fatal(err)
			}
		}
	}
	rules := "pools:\n"
	for _, p := range pools { // promises that 4 connections keep
		rules += "  - {pool: " + p.group + "/" + p.alias + ", max_wait: {mean: 10s, p99: 60s}, utilization: 0.99}\n"
	}
	config, _ := movingConfig(t, l, rules)
	speed := paceFor(t, l, pools[0].group, float64(len(pools))*erlangs/easy.Seconds(), easy)
	perSec, hold := speed.Of(erlangs/easy.Seconds(), easy)
	look := slower(window(t)*4/3, speed)
	runs, from := make([]*clients.Run, len(pools)), make([]clients.Ledger, len(pools))
	for i, p := range pools {
		r, err := clients.OpenLoop{DSN: l.Process(p.group, 0).DSN(p.user, p.alias), PerSec: perSec,
			Body: clients.Body{Hold: clients.Exp(hold)}, Seed: uint64(11 + i), MaxClients: 500}.Start(t.Context())
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
	seen := make([]clients.Ledger, len(runs))
	for i, r := range runs {
		seen[i] = r.Ledger().Since(from[i])
		if got := seen[i].OfferedErlangs(); got > 3.5 {
			t.because(fmt.Sprintf("a load of 2.3 Erlangs became one of %.2f", got))
		}
	}
	if r := command(t, l, "plan", "--config", config, "--from", recording); r.code == exitInfeasible {
		t.because("by the upper end of what a short sample knows, four connections do not carry it: " + r.stderr)
	}
	plan := decode[sizing.Plan](t, l, "plan", "--config", config, "--from", recording)
	for i, p := range pools {
		for _, got := range plan.Pools {
			if got.ID == p.group+"/"+p.alias {
				waitsAsSaid(t, got, p.bound, seen[i])
			}
		}
	}
	if len(plan.Pools) != len(pools) {
		t.Errorf("%d pools in the plan, want %d", len(plan.Pools), len(pools))
	}
}

// waitsAsSaid judges one pool of the plan by theory, and the theory by what the generator saw. Both windows begin and
// end apart, so loads are compared to within a tenth. A mean over seconds strays: what waited is to lie within a factor
// of two of what the plan's interval of the load comes to.
func waitsAsSaid(t *trial, got sizing.PlanPool, bound string, saw clients.Ledger) {
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
