package live_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// proxy carries connections to a port of this machine until the test ends, as a load balancer does. It returns its
// own port.
func proxy(t *testing.T, port int) int { return proxyAt(t, "127.0.0.1:0", port) }

// proxyAt is proxy at an address of its own.
func proxyAt(t *testing.T, at string, port int) int {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	var wires sync.WaitGroup
	wires.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				in.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
				wires.Go(func() {
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
					way[1].Close()
				})
			}
			t.Cleanup(func() { in.Close(); out.Close() })
		}
	})
	t.Cleanup(func() { listener.Close() })
	_, text, _ := net.SplitHostPort(listener.Addr().String())
	number := 0
	if _, err := fmt.Sscan(text, &number); err != nil {
		t.Fatal(err)
	}
	return number
}

func TestAServerBehindAPlainProxyIsStillAServer(t *testing.T) {
	t.Parallel()
	l := start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}})
	s := l.Server("main")
	through := strings.Replace(s.DSN(lab.Monitor, ""), fmt.Sprintf("port=%d", s.Port), fmt.Sprintf("port=%d", proxy(t, s.Port)), 1)
	f := open(t, live.Targets{Timeout: generous, Servers: []live.ServerTarget{{Name: "main", DSN: through}}})
	if got, want := observe(t, f).Servers[0].Backends, (fleet.BackendCounts{DirectConns: 1, OwnConns: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestALoginInFlightIsCounted(t *testing.T) {
	t.Parallel()
	l := start(t, twoGenerations(4))
	s := l.Server("main")
	f := open(t, targetsOf(l))
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := observe(t, f).Servers[0].Backends, (fleet.BackendCounts{PoolConns: 2, DirectConns: 1, OwnConns: 1}); got != want {
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
	eventually(t, func() error {
		if got := observe(t, f).Servers[0].Backends; got != want {
			return fmt.Errorf("counts %+v, want %+v", got, want)
		}
		return nil
	})
	if err := syscall.Kill(s.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	want.LoginConns = 0
	eventually(t, func() error {
		if got := observe(t, f).Servers[0].Backends; got != want {
			return fmt.Errorf("counts %+v, want %+v", got, want)
		}
		return nil
	})
}
