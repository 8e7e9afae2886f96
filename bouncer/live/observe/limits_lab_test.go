package observe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestASuperuserIsAboveEveryConnectionLimit of a real PostgreSQL, and fills that of a database for all others.
func TestASuperuserIsAboveEveryConnectionLimit(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	for _, sql := range []string{
		"CREATE ROLE above SUPERUSER LOGIN CONNECTION LIMIT 1 PASSWORD '" + lab.Password("above") + "'",
		"ALTER ROLE app2 CONNECTION LIMIT 7", "ALTER DATABASE app CONNECTION LIMIT 3",
	} {
		if _, err := s.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	livetest.Run(t, clients.Direct{DSN: s.DSN("above", "app"), Conns: 4})
	_, err := lab.Query(t.Context(), s.DSN("app2", "app"), "SELECT 1")
	if err == nil || !strings.Contains(err.Error(), "too many connections for database") {
		t.Errorf("another role is let in beside four of a superuser, where 3 are allowed: %v", err)
	}
	now := livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l))).Servers[0]
	want := "roles [{app2 7 0 0}], databases [{app 3 4 0}], superusers [above postgres]"
	if got := fmt.Sprintf("roles %v, databases %v, superusers %v", now.Roles, now.Databases, now.Superusers); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestAReplicationConnectionTakesFromNoLimit of the real PostgreSQL here, which is one that counts regular sessions
// alone.
func TestAReplicationConnectionTakesFromNoLimit(t *testing.T) {
	t.Parallel()
	l := labtest.Start(t, labtest.TwoGenerations(1, 4))
	s := l.Server("main")
	for _, sql := range []string{"ALTER ROLE app2 REPLICATION CONNECTION LIMIT 1",
		"ALTER DATABASE app CONNECTION LIMIT 1"} {
		if _, err := s.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		c, err := pgconn.Connect(t.Context(), s.DSN("app2", "app")+" replication=database")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	now := livetest.Observed(t, livetest.Open(t, livetest.TargetsOf(l))).Servers[0]
	_, refused := lab.Query(t.Context(), s.DSN("app2", "app"), "SELECT 1")
	if limitsCounted := refused != nil; limitsCounted != (now.Roles[0].DirectConns > 0) ||
		limitsCounted != (now.Databases[0].DirectConns > 0) || limitsCounted != (now.WorkerConns > 0) {
		t.Errorf("beside three walsenders: refused with %v, and a sample of %d shows roles %v, databases %v, %d workers",
			refused, now.VersionNum, now.Roles, now.Databases, now.WorkerConns)
	}
}
