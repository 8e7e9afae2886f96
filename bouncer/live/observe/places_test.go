package observe_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestBehindAProxyAPoolIsOnItsServer: by one connection of the old generation and by three of the new one.
func TestBehindAProxyAPoolIsOnItsServer(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	at := livetest.Proxy(t, l.Server("main").Port)
	for i, p := range l.Processes {
		livetest.AddAlias(t, p, fmt.Sprintf("far = host=127.0.0.1 port=%d dbname=app pool_size=3", at))
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "far"), Clients: 1 + 2*i})
	}
	livetest.Wait(t, l.Server("main"), "state = 'idle in transaction'", 4)
	livetest.Run(t, clients.Direct{DSN: l.Server("main").DSN("app1", "app"), Conns: 2})
	f := livetest.Open(t, livetest.TargetsOf(l))
	for range 2 {
		o := livetest.LookedAt(t, f)
		if got, want := o.Servers[0].Backends, (fleet.BackendCounts{PoolConns: 4, DirectConns: 3, OwnConns: 1}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		for _, p := range o.Processes {
			if a := livetest.Alias(t, p, "far"); a.Server != "main" || a.Proof != fleet.ProofBackends || len(a.Unplaced) > 0 {
				t.Errorf("%s/far is on %q by %s, lost %v; want main by its backends", p.ID, a.Server, a.Proof, a.Unplaced)
			}
		}
	}
}

// TestAPoolerBehindAPoolerIsFoundNowhere: what the outer one is told as process id is the inner one's invention.
func TestAPoolerBehindAPoolerIsFoundNowhere(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	for i, p := range l.Processes {
		inner := l.Processes[1-i]
		livetest.AddAlias(t, p, fmt.Sprintf("chain = host=127.0.0.1 port=%d dbname=app pool_size=2", inner.Port))
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "chain"), Clients: 2})
	}
	livetest.Wait(t, l.Server("main"), "state = 'idle in transaction'", 4)
	o := livetest.LookedAt(t, livetest.Open(t, livetest.TargetsOf(l)))
	for i, p := range o.Processes {
		if a := livetest.Alias(t, p, "chain"); a.Server != "" || a.Proof != fleet.ProofElsewhere || len(a.Unplaced) != 1 {
			t.Errorf("%s/chain is on %q by %s, lost %v; want it found nowhere", p.ID, a.Server, a.Proof, a.Unplaced)
		}
		if a := livetest.Alias(t, p, "app"); a.Server != "main" || len(a.Unplaced) > 0 {
			t.Errorf("%s/app is on %q, lost %v; want main", o.Processes[i].ID, a.Server, a.Unplaced)
		}
	}
}

// TestANameIsLookedUpWhereThePoolerDoes: the console tells one who may only sample. Whether this machine knows
// localhost by 127.0.0.1 alone or by ::1, too, where nothing listens, is its own matter.
func TestANameIsLookedUpWhereThePoolerDoes(t *testing.T) {
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	for _, p := range l.Processes {
		livetest.AddAlias(t, p, fmt.Sprintf("named = host=localhost port=%d dbname=app pool_size=2", l.Server("main").Port))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := lab.Query(ctx, p.DSN("app1", "named"), "SELECT 1")
		cancel()
		t.Logf("%s: %v", p.Name(), err)
		labtest.Eventually(t, func() error {
			names, err := p.Show(t.Context(), "DNS_HOSTS")
			if err == nil && len(names) == 0 {
				err = errors.New("no name is looked up")
			}
			return err
		})
	}
	for _, p := range livetest.LookedAt(t, livetest.Open(t, livetest.TargetsOf(l))).Processes {
		if a := livetest.Alias(t, p, "named"); len(a.Unplaced) > 0 || a.Server != "main" && a.Server != "" {
			t.Errorf("%s/named is on %q, lost %v", p.ID, a.Server, a.Unplaced)
		}
	}
}

func TestAListOfHostsIsOnEachOfItsServers(t *testing.T) {
	l := livetest.Listed(t)
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range livetest.LookedAt(t, f).Processes { // no connection yet: the second address is nobody's that we know
		if a := livetest.Alias(t, p, "shop"); len(a.Unplaced) == 0 {
			t.Errorf("%s/shop, never used: %+v; want 127.0.0.2 named as leading nobody knows where", p.ID, a)
		}
	}
	for _, p := range l.Processes {
		livetest.Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "shop"), Clients: 6})
	}
	labtest.Eventually(t, func() error {
		n := livetest.Backends(t, l.Server("a"), "state = 'idle in transaction'") + livetest.Backends(t, l.Server("b"),
			"state = 'idle in transaction'")
		if n != 12 {
			return fmt.Errorf("%d connections of shop, want 12", n)
		}
		return nil
	})
	o := livetest.LookedAt(t, f)
	for _, p := range o.Processes {
		a := livetest.Alias(t, p, "shop")
		if got := fmt.Sprint(append([]string{a.Server}, a.AlsoOn...)); got != "[a b]" && got != "[b a]" ||
			a.Proof != fleet.ProofList || len(a.Unplaced) > 0 {
			t.Errorf("%s/shop (host %s) is on %s by %s, lost %v; want a and b", p.ID, a.Host, got, a.Proof, a.Unplaced)
		}
	}
	for _, s := range o.Servers {
		if s.Backends.DirectConns != 1 {
			t.Errorf("%s: %+v, want our own session alone to be direct", s.Name, s.Backends)
		}
	}
	known := livetest.TargetsOf(l)
	known.Servers = known.Servers[:1] // b is not observed: what is there is named, also where most is on a
	for _, p := range livetest.LookedAt(t, livetest.Open(t, known)).Processes {
		if a := livetest.Alias(t, p, "shop"); a.Server != "a" || len(a.AlsoOn) > 0 || len(a.Unplaced) != 1 {
			t.Errorf("%s/shop is on %q and %v, lost %v; want a, and one address lost", p.ID, a.Server, a.AlsoOn, a.Unplaced)
		}
	}
}

// TestTwoNeverHoldTheLockWhateverTheirDSNs races fleets whose DSNs differ in database, address and socket.
func TestTwoNeverHoldTheLockWhateverTheirDSNs(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main", Databases: []string{"app", "other"}}}})
	s := l.Server("main")
	dsns := []string{s.DSN(lab.Monitor, "app"), s.DSN(lab.Monitor, "other"), s.DSN(lab.Monitor, "postgres"),
		s.DSN(lab.Monitor, "app"),
		fmt.Sprintf("host=127.0.0.1 port=%d dbname=app user=%s password=%s", livetest.Proxy(t, s.Port), lab.Monitor,
			lab.Password(lab.Monitor)),
		fmt.Sprintf("host=%s port=%d dbname=other user=%s password=%s", s.Folder, s.Port, lab.Monitor,
			lab.Password(lab.Monitor))}
	won, rounds := 0, 8
	for round := range rounds {
		errs := make(chan error, len(dsns))
		begin := make(chan bool)
		var fleets []*observe.Fleet
		for _, dsn := range dsns {
			f := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
				Servers: []admin.ServerTarget{{Name: "main", DSN: dsn}}})
			fleets = append(fleets, f)
			go func() { <-begin; errs <- f.Lock(t.Context()) }()
		}
		close(begin)
		holders := 0
		for range dsns {
			switch err := <-errs; {
			case err == nil:
				holders++
			case operr.KindOf(err) != operr.KindBusy:
				t.Errorf("round %d: %v, want to hear that it is busy", round, err)
			}
		}
		if holders > 1 {
			t.Errorf("round %d: %d hold the lock, want 1 at most", round, holders)
		}
		won += holders
		for _, f := range fleets {
			f.Close()
		}
		livetest.Wait(t, s, "usename = 'pgbudget'", 0)
	}
	t.Logf("one won in %d of %d rounds", won, rounds)
	if won < rounds {
		t.Errorf("nobody won in %d rounds: each that sees another is to sample until it is gone", rounds-won)
	}
	first := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
		Servers: []admin.ServerTarget{{Name: "main", DSN: dsns[0]}}})
	if err := first.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range dsns[1:] {
		second := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "main", DSN: dsn}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := second.Lock(ctx); operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: %v, want to hear that the lock is held", lab.Bare(dsn), err)
		}
		if err := second.Unlocked(ctx); operr.KindOf(err) != operr.KindBusy {
			t.Errorf("%s: %v, want to see that the lock is held", lab.Bare(dsn), err)
		}
		cancel()
		if err := first.Locked(); err != nil {
			t.Error(err)
		}
	}
}

// TestAnObservationKeepsNobodyFromTheLock has one that samples all the time while others take it one after the other.
func TestAnObservationKeepsNobodyFromTheLock(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	targets := admin.Targets{Timeout: livetest.Generous,
		Servers: []admin.ServerTarget{{Name: "main", DSN: s.DSN(lab.Monitor, "")}}}
	looker, over := livetest.Open(t, targets), make(chan struct{})
	var looking sync.WaitGroup
	held := 0
	looking.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if err := looker.Unlocked(context.Background()); operr.KindOf(err) == operr.KindBusy {
				held++
			} else if err != nil {
				t.Error(err)
			}
		}
	})
	for round := range 30 {
		f := livetest.Open(t, targets)
		if err := f.Lock(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Millisecond)
		if round == 29 { // longer than a sample waits for the end of whoever holds it
			time.Sleep(2 * time.Second)
		}
		f.Close()
		livetest.Wait(t, s, "usename = 'pgbudget'", 1)
	}
	close(over)
	looking.Wait()
	if held == 0 {
		t.Error("it never saw the lock held")
	}
}

// TestWhoComesNextFindsTheLockGivenBack looks at the server's locks right after a fleet was closed, and takes one whose
// session ends a moment later, as that of a pgbudget that was killed.
func TestWhoComesNextFindsTheLockGivenBack(t *testing.T) {
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main", Databases: []string{"app", "other"}}}})
	s := l.Server("main")
	fleet := func(database string) *observe.Fleet {
		return livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
			Servers: []admin.ServerTarget{{Name: "main", DSN: s.DSN(lab.Monitor, database)}}})
	}
	held := func() int {
		rows, err := s.Query(t.Context(), "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'")
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(rows[0]["n"])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 50 {
		f := fleet("app")
		if err := f.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if n := held(); n > 0 {
			t.Fatalf("%d locks are held once the fleet is closed, want 0", n)
		}
	}
	for _, take := range []func(*observe.Fleet) error{
		func(f *observe.Fleet) error { return f.Lock(t.Context()) },
		func(f *observe.Fleet) error { return f.Unlocked(t.Context()) },
	} {
		dead, err := pgconn.Connect(t.Context(), s.DSN(lab.Monitor, "other"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dead.Exec(t.Context(), "SELECT pg_advisory_lock(x'7067627564676574'::bigint)").ReadAll(); err != nil {
			t.Fatal(err)
		}
		f := fleet("app")
		over := time.AfterFunc(300*time.Millisecond, func() { dead.Close(context.Background()) })
		if err := take(f); err != nil {
			t.Errorf("%v, want the lock once the other session has ended", err)
		}
		over.Stop()
		f.Close()
	}
}

// TestFurtherSettingsThatReserveConnectionsAreRead: a vendor's own, as RDS has.
func TestFurtherSettingsThatReserveConnectionsAreRead(t *testing.T) {
	l := labtest.Start(t,
		lab.Spec{Servers: []lab.PostgresSpec{{Name: "main",
			Settings: map[string]string{"rds.rds_superuser_reserved_connections": "2"}}}})
	o := livetest.LookedAt(t, livetest.Open(t, livetest.TargetsOf(l)))
	if got := fmt.Sprint(o.Servers[0].ReservedSettings); got != "[{rds.rds_superuser_reserved_connections 2 0 0}]" {
		t.Errorf("reserved settings %s, want the vendor's 2", got)
	}
}

// TestTheFileOfARealProcessSettlesItsUsers: 1.24 shows each user without a size that of the user before.
func TestTheFileOfARealProcessSettlesItsUsers(t *testing.T) {
	users := []string{"app1", "app2", "app3"}
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Groups: []lab.GroupSpec{{Name: "new", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 6}},
			UserLines: map[string]string{"app1": "pool_size=11"}}},
		Users: users,
	})
	for _, u := range users {
		if _, err := lab.Query(t.Context(), l.Processes[0].DSN(u, "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	f := livetest.Open(t, livetest.TargetsOf(l))
	doubtful := 0
	for _, u := range livetest.LookedAt(t, f).Processes[0].Users {
		if u.Doubtful {
			doubtful++
		}
	}
	if doubtful == 0 {
		t.Fatal("SHOW USERS leaves nothing in doubt: this test tests nothing")
	}
	f.Know([]observe.Config{{Process: "new/1", Path: l.Processes[0].IniPath, Store: livetest.Disk{}}})
	for range 2 {
		if got := fmt.Sprint(livetest.LookedAt(t, f).Processes[0].Users); got != "[{app1 0 11 0 false false}]" {
			t.Errorf("users %s, want app1's 11 alone", got)
		}
	}
	f.Know([]observe.Config{{Process: "new/1", Path: "/nowhere/pgbouncer.ini", Store: livetest.Disk{}}})
	if got := livetest.LookedAt(t, f).Processes[0].Users; len(got) < 2 {
		t.Errorf("users %v without a file, want the doubt to stay", got)
	}
}
