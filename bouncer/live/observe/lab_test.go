package observe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestAtRestTheCountsAreThoseOfPgStatActivity has every kind of backend on one server, through both generations.
func TestAtRestTheCountsAreThoseOfPgStatActivity(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	for _, p := range l.Processes {
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "app"), Clients: 2})
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app2", "app"), Clients: 3})
	}
	livetest.Wait(t, s, "state = 'idle in transaction'", 10)
	vanished := clients.VanishingClients{Clients: 2, Query: 10 * time.Minute}
	for _, p := range l.Processes {
		vanished.DSN = p.DSN("app1", "app")
		livetest.Run(t, vanished).Wait()
	}
	livetest.Run(t, clients.Direct{DSN: s.DSN("app1", "app"), Conns: 3, From: "127.0.0.9"})
	// a bouncer's host, a pool's role, idle
	livetest.Run(t, clients.Direct{DSN: s.DSN("app1", "app"), Conns: 2})
	// at work, from elsewhere
	livetest.Run(t, clients.Direct{DSN: s.DSN("app2", "app"), Conns: 2, From: "127.0.0.9", Active: true})
	// a bouncer's host, at work, no pool's role
	livetest.Run(t, clients.Direct{DSN: s.DSN(lab.Plain, "app"), Conns: 1, Active: true})
	// nor a pool's database
	livetest.Run(t, clients.Direct{DSN: s.DSN("app1", "postgres"), Conns: 1, Active: true})
	livetest.Wait(t, s, "query LIKE 'DO%it runs%' AND state = 'active'", 4)
	labtest.Eventually(t, func() error {
		if got := livetest.Servers(t, l); got != 10 {
			return fmt.Errorf("%d server connections, want 10", got)
		}
		return nil
	})
	f := livetest.Open(t, livetest.TargetsOf(l))
	for sampling := range 3 {
		got := livetest.Observed(t, f).Servers[0].Backends
		want := fleet.BackendCounts{PoolConns: livetest.Servers(t, l), DirectConns: 9 + 1, OrphanConns: 4, OwnConns: 1}
		if got != want {
			t.Errorf("sample %d: counts %+v, want %+v", sampling+1, got, want)
		}
		if all := livetest.Backends(t, s, ""); got.Total() != all {
			t.Errorf("sample %d: %d in total, and pg_stat_activity shows %d", sampling+1, got.Total(), all)
		}
	}
}

func TestABackendThatIsLetGoIsClosingAndThenAnOrphan(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	f := livetest.Open(t, livetest.TargetsOf(l))
	var clients []livetest.Asking
	for _, p := range l.Processes {
		clients = append(clients, livetest.Ask(t, p.DSN("app1", "app"), "SELECT pg_sleep(600)"))
	}
	livetest.Wait(t, s, "query LIKE '%pg_sleep(600)%'", 2)
	want := func(pool, closing, orphan int) {
		t.Helper()
		got := livetest.Observed(t, f).Servers[0].Backends
		if (got != fleet.BackendCounts{PoolConns: pool, DirectConns: 1, ClosingConns: closing, OrphanConns: orphan,
			OwnConns: 1}) {
			t.Errorf("counts %+v, want %d pool, 1 direct, %d closing, %d orphans", got, pool, closing, orphan)
		}
	}
	want(2, 0, 0)
	for _, c := range clients {
		c.Vanish()
	}
	labtest.Eventually(t, func() error {
		if n := livetest.Servers(t, l); n > 0 {
			return fmt.Errorf("%d server connections are listed yet", n)
		}
		return nil
	})
	want(0, 2, 0)
	want(0, 0, 2)
	want(0, 0, 2)
	if _, err := s.Query(t.Context(),
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> "+
			"pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	livetest.Wait(t, s, "query LIKE '%pg_sleep(600)%'", 0)
	want(0, 0, 0)
}

// TestABusyDirectClientOnTheBouncersHostIsKnownInTheEnd is about one that no single sample can tell from an orphan.
func TestABusyDirectClientOnTheBouncersHostIsKnownInTheEnd(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	f := livetest.Open(t, livetest.TargetsOf(l))
	if _, err := lab.Query(t.Context(), l.Processes[0].DSN("app1", "app"), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	livetest.Run(t, clients.Direct{DSN: s.DSN("app1", "app"), Conns: 2, Active: true})
	// Two samples with a query's begin between them tell. Ten samples span more than one query of 0.2 s, at 50 ms a sample
	// and more, so that a run of ten without an orphan means that both are known, and not just between two queries.
	calm := 0
	labtest.Eventually(t, func() error {
		switch got := livetest.Observed(t, f).Servers[0].Backends; {
		case got.OrphanConns == 0 && got.DirectConns == 3:
			calm++
		case got.OrphanConns+got.DirectConns != 3:
			t.Errorf("counts %+v, want 3 direct and orphans together", got)
		default:
			calm = 0
		}
		if calm < 10 {
			return fmt.Errorf("%d samples in a row without an orphan, want 10", calm)
		}
		return nil
	})
}

// TestChurnIsNotMistakenForDirectClients makes every server connection a single-use one, under load. A backend that
// takes longer to leave than there is between two samples, because the machine has no time for it, may be taken for a
// direct one once: that is the safe side.
func TestChurnIsNotMistakenForDirectClients(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range l.Processes {
		if err := p.Command(t.Context(), "SET server_lifetime=0"); err != nil {
			t.Fatal(err)
		}
		livetest.Run(t, clients.ClosedLoop{DSN: p.DSN("app1", "app"), Clients: 6,
			Body: clients.Body{Hold: clients.Exp(20 * time.Millisecond)}})
	}
	livetest.Run(t, clients.Direct{DSN: l.Server("main").DSN("app2", "app"), Conns: 2, From: "127.0.0.9"})
	highest, slow := 0, 0
	for range 20 {
		o := livetest.Observed(t, f)
		highest = max(highest, o.Servers[0].Backends.PoolConns)
		switch got := o.Servers[0].Backends; {
		case got.DirectConns == 3 && got.OrphanConns == 0:
		case got.DirectConns+got.OrphanConns == 4 && slow == 0:
			t.Logf("counts %+v: one was slow to leave", got)
			slow++
		default:
			t.Errorf("counts %+v, want 3 direct and no orphan", got)
		}
	}
	if highest == 0 {
		t.Error("no pool connection was seen: there was no churn")
	}
}

func TestAFullServerCanStillBeObserved(t *testing.T) {
	t.Parallel()
	spec := labtest.TwoGenerations(1, 4)
	spec.Servers[0].MaxConnections = 12
	l := labtest.Start(t, spec)
	s := l.Server("main")
	f := livetest.Open(t, livetest.TargetsOf(l))
	livetest.Run(t, clients.Direct{DSN: s.DSN("app1", "app"), Conns: 12 - 3 - 1, From: "127.0.0.9"})
	if _, err := observe.Open(t.Context(), livetest.TargetsOf(l)); operr.KindOf(err) != operr.KindUnreachable ||
		!strings.Contains(operr.HintOf(err), "every slot is taken") {
		t.Errorf("a newcomer got %v (%s), want to hear that every slot is taken", err, operr.HintOf(err))
	}
	if got := livetest.Observed(t, f).Servers[0].Backends.DirectConns; got != 9 {
		t.Errorf("%d direct, want 9", got)
	}
}

func TestOverAUnixSocketBackendsAreFoundToo(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	for _, p := range l.Processes {
		livetest.AddAlias(t, p, fmt.Sprintf("sock = host=%s port=%d dbname=app pool_size=2", s.Folder, s.Port))
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "sock"), Clients: 2})
	}
	livetest.Wait(t, s, "client_addr IS NULL AND state = 'idle in transaction'", 4)
	o := livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l)))
	if got, want := o.Servers[0].Backends, (fleet.BackendCounts{PoolConns: 4, DirectConns: 1, OwnConns: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	for _, p := range o.Processes {
		if a := livetest.Alias(t, p, "sock"); a.Server != "main" || a.Proof != fleet.ProofBackends {
			t.Errorf("%s/sock is on %q by %s, want main by its backends", p.ID, a.Server, a.Proof)
		}
	}
}

// TestADatabaseOfAStarThatIsLeftIsHidden: once nobody is connected SHOW DATABASES leaves it out, and SHOW POOLS does
// not. A client who comes again has it at once.
func TestADatabaseOfAStarThatIsLeftIsHidden(t *testing.T) {
	t.Parallel()
	spec := labtest.TwoGenerations(1, 4)
	for i := range spec.Groups {
		spec.Groups[i].Aliases = append(spec.Groups[i].Aliases, lab.AliasSpec{Name: "*"})
		spec.Groups[i].Settings = map[string]string{"server_idle_timeout": "1"}
	}
	l := labtest.Start(t, spec)
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "postgres"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	for _, hidden := range []bool{true, false} {
		labtest.Eventually(t, func() error {
			for _, p := range livetest.Observed(t, f).Processes {
				a := livetest.Alias(t, p, "postgres")
				if a.Hidden != hidden || len(a.Pools) != 1 || a.Pools[0].User != "app1" ||
					a.SizeConns != p.Settings.DefaultPoolConns {
					return fmt.Errorf("%s: %+v, want it hidden: %v", p.ID, a, hidden)
				}
			}
			return nil
		})
		for _, p := range l.Processes {
			livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "postgres"), Clients: 1})
		}
	}
}
