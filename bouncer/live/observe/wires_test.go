package observe_test

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

func TestAServerBehindAPlainProxyIsStillAServer(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	through := strings.Replace(s.DSN(lab.Monitor, ""), fmt.Sprintf("port=%d", s.Port),
		fmt.Sprintf("port=%d", livetest.Proxy(t, s.Port)), 1)
	f := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
		Servers: []admin.ServerTarget{{Name: "main", Place: admin.Place{DSN: through}}}})
	if got, want := livetest.Observed(t, f).Servers[0].Backends,
		(fleet.BackendCounts{DirectConns: 1, OwnConns: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestALoginInFlightIsCounted(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	f := livetest.Open(t, livetest.TargetsOf(l))
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := livetest.Observed(t, f).Servers[0].Backends, (fleet.BackendCounts{PoolConns: 2, DirectConns: 1,
		OwnConns: 1}); got != want {
		t.Errorf("before: counts %+v, want %+v", got, want)
	}
	if err := syscall.Kill(s.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(s.Pid(), syscall.SIGCONT) })
	for _, p := range l.Processes {
		config, err := pgconn.ParseConfig(p.DSN("app2", "app"))
		if err != nil {
			t.Fatal(err)
		}
		var login sync.WaitGroup
		login.Go(func() { // PgBouncer ends a login only when it has seen the server's
			if conn, err := pgconn.ConnectConfig(t.Context(), config); err == nil {
				conn.Close(t.Context())
			}
		})
		t.Cleanup(login.Wait)
	}
	want := fleet.BackendCounts{PoolConns: 4, DirectConns: 1, OwnConns: 1, LoginConns: 2}
	labtest.Eventually(t, func() error {
		if got := livetest.Observed(t, f).Servers[0].Backends; got != want {
			return fmt.Errorf("counts %+v, want %+v", got, want)
		}
		return nil
	})
	if err := syscall.Kill(s.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	want.LoginConns = 0
	labtest.Eventually(t, func() error {
		if got := livetest.Observed(t, f).Servers[0].Backends; got != want {
			return fmt.Errorf("counts %+v, want %+v", got, want)
		}
		return nil
	})
}
