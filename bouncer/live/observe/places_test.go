package observe_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
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
		o := livetest.Observed(t, f)
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
	o := livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l)))
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
	for _, p := range livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l))).Processes {
		if a := livetest.Alias(t, p, "named"); len(a.Unplaced) > 0 || a.Server != "main" && a.Server != "" {
			t.Errorf("%s/named is on %q, lost %v", p.ID, a.Server, a.Unplaced)
		}
	}
}

func TestAListOfHostsIsOnEachOfItsServers(t *testing.T) {
	l := livetest.Listed(t)
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range livetest.Observed(t, f).Processes { // no connection yet: the second address is nobody's that we know
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
	o := livetest.Observed(t, f)
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
	for _, p := range livetest.Observed(t, livetest.Open(t, known)).Processes {
		if a := livetest.Alias(t, p, "shop"); a.Server != "a" || len(a.AlsoOn) > 0 || len(a.Unplaced) != 1 {
			t.Errorf("%s/shop is on %q and %v, lost %v; want a, and one address lost", p.ID, a.Server, a.AlsoOn, a.Unplaced)
		}
	}
}

// TestFurtherSettingsThatReserveConnectionsAreRead: a vendor's own, as RDS has.
func TestFurtherSettingsThatReserveConnectionsAreRead(t *testing.T) {
	l := labtest.Start(t,
		lab.Spec{Servers: []lab.PostgresSpec{{Name: "main",
			Settings: map[string]string{"rds.rds_superuser_reserved_connections": "2"}}}})
	o := livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l)))
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
	for _, u := range livetest.Observed(t, f).Processes[0].Users {
		if u.Doubtful {
			doubtful++
		}
	}
	if doubtful == 0 {
		t.Fatal("SHOW USERS leaves nothing in doubt: this test tests nothing")
	}
	f.Know([]observe.Config{{Process: "new/1", Path: l.Processes[0].IniPath, Store: livetest.Disk{}}})
	for range 2 {
		if got := fmt.Sprint(livetest.Observed(t, f).Processes[0].Users); got != "[{app1 0 11 0 false false}]" {
			t.Errorf("users %s, want app1's 11 alone", got)
		}
	}
	f.Know([]observe.Config{{Process: "new/1", Path: "/nowhere/pgbouncer.ini", Store: livetest.Disk{}}})
	if got := livetest.Observed(t, f).Processes[0].Users; len(got) < 2 {
		t.Errorf("users %v without a file, want the doubt to stay", got)
	}
}
