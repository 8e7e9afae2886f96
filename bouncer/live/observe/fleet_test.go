package observe_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAProcessThatStopsIsNamedAndOneThatRestartsIsTakenBack(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	targets := livetest.TargetsOf(l)
	targets.Timeout = 3 * time.Second
	f := livetest.Open(t, targets)
	before := livetest.Observed(t, f)
	stopped := l.Process("new", 0)
	if err := stopped.Kill(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := f.Observe(t.Context())
	if operr.KindOf(err) != operr.KindUnreachable || !strings.HasPrefix(err.Error(), "console new/1 ") ||
		strings.Contains(err.Error(), "console old/1") {
		t.Errorf("got %v, want new/1, and new/1 alone, to be unreachable", err)
	}
	if err := stopped.Kill(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, func() error { _, err := f.Observe(t.Context()); return err })
	if err := l.Process("old", 0).Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := livetest.Observed(t, f)
	if got, want := after.Processes[1].Identity, before.Processes[1].Identity; got != want {
		t.Errorf("after a restart the identity is %+v, want %+v", got, want)
	}
}

func TestAliasesAreProvedByTheirBackends(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}, {Name: "other"}},
		Groups: []lab.GroupSpec{{Name: "g", Aliases: []lab.AliasSpec{
			{Name: "used", DBName: "app"}, {Name: "unused", DBName: "app"}, {Name: "away", DBName: "app", Server: "other"}}}},
		Users: []string{"app1"},
	})
	targets := livetest.TargetsOf(l)
	targets.Servers = targets.Servers[:1]
	f := livetest.Open(t, targets)
	before := livetest.Observed(t, f).Processes[0]
	for name, want := range map[string]fleet.ServerProof{"used": fleet.ProofAddress, "unused": fleet.ProofAddress,
		"away": fleet.ProofNone} {
		if a := livetest.Alias(t, before, name); a.Proof != want {
			t.Errorf("unused yet: %s is %s, want %s: our own session goes to its address, or to none", name, a.Proof, want)
		}
	}
	for _, name := range []string{"used", "away"} {
		if _, err := lab.Query(t.Context(), l.Processes[0].DSN("app1", name), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	now := livetest.Observed(t, f).Processes[0]
	for name, want := range map[string]fleet.Alias{
		"used":   {Server: "main", Proof: fleet.ProofBackends},
		"unused": {Server: "main", Proof: fleet.ProofAddress},
		"away":   {Proof: fleet.ProofElsewhere},
	} {
		if a := livetest.Alias(t, now, name); a.Server != want.Server || a.Proof != want.Proof {
			t.Errorf("%s is on %q by %s, want %q by %s", name, a.Server, a.Proof, want.Server, want.Proof)
		}
	}
}

func TestIdleTransactionsAreNamedWithTheirPoolAndLimitsWithTheirOwner(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	for _, sql := range []string{"ALTER ROLE app2 CONNECTION LIMIT 17", "ALTER DATABASE app CONNECTION LIMIT 33",
		"CREATE ROLE above SUPERUSER LOGIN CONNECTION LIMIT 5", "CREATE ROLE still SUPERUSER NOLOGIN CONNECTION LIMIT 5"} {
		if _, err := s.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	livetest.Run(t, clients.IdleInTransaction{DSN: l.Process("old", 0).DSN("app1", "app"), Clients: 1})
	livetest.Run(t, clients.IdleInTransaction{DSN: s.DSN("app2", "app"), Clients: 1})
	f := livetest.Open(t, livetest.TargetsOf(l))
	var main fleet.Server
	labtest.Eventually(t, func() error {
		if main = livetest.Observed(t, f).Servers[0]; len(main.IdleInTransaction) != 2 {
			return fmt.Errorf("idle in transaction: %+v, want 2", main.IdleInTransaction)
		}
		return nil
	})
	for _, h := range main.IdleInTransaction {
		want := map[string]string{"app1": "old/app", "app2": ""}[h.User]
		if h.Pool != want || h.Database != "app" || h.Age <= time.Second {
			t.Errorf("idle in transaction: %+v, want pool %q, database app, older than 1s", h, want)
		}
	}
	// app1 comes through the pool, app2 directly; our own session is in another database.
	if got := fmt.Sprint(main.Roles, main.Databases); got != "[{app2 17 1 0}] [{app 33 1 0}]" {
		t.Errorf("limits %s, want app2's 17 and app's 33, a direct session in each", got)
	}
	if got := fmt.Sprint(main.Superusers); got != "[above postgres]" {
		t.Errorf("superusers %s, want those that may log in", got)
	}
	if main.MaxConns != 60 || main.SuperuserReservedConns != 3 || main.SystemID == "" || main.Timeline != 1 ||
		main.InRecovery || main.VersionNum < 150000 {
		t.Errorf("server %+v", main)
	}
}

// TestCountersGiveTheLoadOfTheLedger watches both generations under an open load of two users each and compares what
// their counters say with what the generators know they did.
func TestCountersGiveTheLoadOfTheLedger(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 8))
	f := livetest.Open(t, livetest.TargetsOf(l))
	runs := map[string][]*clients.Run{}
	seed := uint64(0)
	for _, p := range l.Processes {
		for _, user := range []string{"app1", "app2"} {
			seed++
			runs[p.Group] = append(runs[p.Group], livetest.Run(t, clients.OpenLoop{DSN: p.DSN(user, "app"), PerSec: 40,
				Body: clients.Body{Hold: clients.Exp(50 * time.Millisecond)}, Seed: seed}))
		}
	}
	ledger := func(group string) clients.Ledger {
		a, b := runs[group][0].Ledger(), runs[group][1].Ledger()
		return a.Plus(b)
	}
	type reading struct {
		o      fleet.Observation
		ledger map[string]clients.Ledger
	}
	var samples []reading
	err := bouncer.Watch(t.Context(), clock.Wall{}, f, 5*time.Second, 15*time.Second, func(o fleet.Observation) error {
		samples = append(samples, reading{o, map[string]clients.Ledger{"old": ledger("old"), "new": ledger("new")}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := samples[0], samples[len(samples)-1]
	for i, p := range last.o.Processes {
		a, b := first.o.Processes[i].Aliases[0], p.Aliases[0]
		busy := (b.Counters.XactTime - a.Counters.XactTime) - (b.Counters.WaitTime - a.Counters.WaitTime)
		got := busy.Seconds() / last.o.At.Sub(first.o.At).Seconds()
		window := last.ledger[p.Group].Since(first.ledger[p.Group])
		// The ledger's hold begins with the answer to BEGIN, PgBouncer's with the assignment; in between, BEGIN itself
		// holds the connection. Of that the ledger knows no more than that it lies within its wait, PgBouncer's own
		// queueing apart. On an idle machine the two ends are 2 % apart; on a busy machine they part.
		least := window.CarriedErlangs()
		queued := (b.Counters.WaitTime - a.Counters.WaitTime).Seconds()
		most := least + max(0, window.WaitTotal.Seconds()-queued)/window.Elapsed.Seconds()
		t.Logf("%s: %.3f erlangs by the counters (%+.1f %%), %.3f to %.3f by the ledger, %d transactions", p.ID, got,
			100*(got/least-1), least, most, window.Completed)
		if got < 0.95*least || got > 1.05*most {
			t.Errorf("%s: %.3f erlangs by the counters, %.3f to %.3f by the ledger", p.ID, got, least, most)
		}
		if window.Starved > 0 || window.Failed > 0 {
			t.Errorf("%s: %d starved, %d failed: the load did not arrive", p.ID, window.Starved, window.Failed)
		}
		if len(b.Pools) != 2 || b.Server != "main" || b.Proof != fleet.ProofBackends {
			t.Errorf("%s: alias %+v, want two pools, on main by its backends", p.ID, b)
		}
	}
}
