package livetest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// TargetsOf addresses everything in a lab.
func TargetsOf(l *lab.Lab) admin.Targets {
	targets := admin.Targets{Timeout: Generous}
	for _, s := range l.Servers {
		targets.Servers = append(targets.Servers, admin.ServerTarget{Name: s.Name,
			Place: admin.Place{DSN: s.DSN(lab.Monitor, "")}})
	}
	for _, p := range l.Processes {
		if p.Index == 0 {
			targets.Groups = append(targets.Groups, admin.GroupTarget{Name: p.Group})
		}
		g := &targets.Groups[len(targets.Groups)-1]
		g.Consoles = append(g.Consoles, admin.At(p.ConsoleDSN(lab.ConsoleStats))...)
	}
	return targets
}

// Observed takes one sample of a fleet; the test fails where that fails.
func Observed(t *testing.T, f *observe.Fleet) fleet.Observation {
	t.Helper()
	o, err := f.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Backends counts with SQL of its own, the session of the question left out.
func Backends(t *testing.T, s *lab.Server, condition string) int {
	t.Helper()
	n, err := s.Backends(t.Context(), condition)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Wait waits until a count of backends is reached.
func Wait(t *testing.T, s *lab.Server, condition string, want int) {
	t.Helper()
	labtest.Eventually(t, func() error {
		if got := Backends(t, s, condition); got != want {
			return fmt.Errorf("%d backends where %s, want %d", got, condition, want)
		}
		return nil
	})
}

// Servers counts the rows of SHOW SERVERS of every process.
func Servers(t *testing.T, l *lab.Lab) int {
	t.Helper()
	n := 0
	for _, p := range l.Processes {
		rows, err := p.Show(t.Context(), "SERVERS")
		if err != nil {
			t.Fatal(err)
		}
		n += len(rows)
	}
	return n
}

// Run starts a load that ends with the test.
func Run(t *testing.T, l Load) *clients.Run {
	t.Helper()
	r, err := l.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop() })
	return r
}

// Asking is a client in mid-query that can vanish without a word.
type Asking struct{ Conn *pgconn.HijackedConn }

// Ask starts a query and does not wait for its answer.
func Ask(t *testing.T, dsn, sql string) Asking {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := conn.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Conn.Close() })
	taken.Frontend.Send(&pgproto3.Query{String: sql})
	if err := taken.Frontend.Flush(); err != nil {
		t.Fatal(err)
	}
	return Asking{Conn: taken}
}

// Vanish closes the socket without a word to the server.
func (a Asking) Vanish() { a.Conn.Conn.Close() }

// AddAlias adds a line to a process's [databases] and makes it live.
func AddAlias(t *testing.T, p *lab.Process, line string) {
	t.Helper()
	text, err := os.ReadFile(p.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "[databases]\n", "[databases]\n"+line+"\n", 1)
	if err := os.WriteFile(p.IniPath, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Load is what every generator of the lab has in common.
type Load interface {
	Start(context.Context) (*clients.Run, error)
}
