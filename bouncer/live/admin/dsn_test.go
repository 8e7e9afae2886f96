package admin_test

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAStartUpParameterThatPgBouncerRefusesIsExplainedNotPassedOn(t *testing.T) {
	for _, dsn := range []string{
		"host=h user=u search_path=app statement_timeout=5s",
		"postgres://u@h/?statement_timeout=5s&search_path=app",
	} {
		_, err := admin.ConsoleAddress("console g/1", admin.Place{DSN: dsn}, "x")
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "search_path, statement_timeout") ||
			!strings.Contains(operr.HintOf(err), "take it out of the DSN") {
			t.Errorf("%s: got %v (%s), want a usage error that names both", dsn, err, operr.HintOf(err))
		}
	}
	if _, err := admin.ConsoleAddress("console g/1", admin.Place{DSN: "host=h user=u options='-c geqo=off'"},
		"x"); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("options in the DSN: got %v, want a usage error", err)
	}
}

// TestAConsoleOfAnotherDatabaseIsRefusedBeforeALogin: there, PgBouncer would keep a pool of its user.
func TestAConsoleOfAnotherDatabaseIsRefusedBeforeALogin(t *testing.T) {
	t.Setenv("PGDATABASE", "shop")
	for dsn, refused := range map[string]bool{
		"host=h user=u dbname=app": true, "postgres://u@h/app": true, "postgres://u@h/?dbname=app": true,
		"host=h user=u": false, "host=h dbname=pgbouncer": false, "postgres://u@h/pgbouncer": false, "postgres://u@h/": false,
	} {
		_, err := admin.ConsoleAddress("console g/1", admin.Place{DSN: dsn}, "x")
		if refused != (operr.KindOf(err) == operr.KindUsage) || refused && !strings.Contains(err.Error(), "not pgbouncer") ||
			!refused && err != nil {
			t.Errorf("%s: %v, want a usage error: %v", dsn, err, refused)
		}
	}
}

func TestAPortThatIsNoneIsToldWithWhatIsWanted(t *testing.T) {
	for _, dsn := range []string{"host=h port=abc", "host=h port=0", "host=h port=65536"} {
		_, err := admin.ServerAddress("server s", admin.Place{DSN: dsn}, "x")
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "port, want a number from 1 to 65535") {
			t.Errorf("%s: %v, want a usage error with the range", dsn, err)
		}
	}
}

func TestAConsoleIsOneHost(t *testing.T) {
	_, err := admin.ConsoleAddress("console g/1", admin.Place{DSN: "host=a,b port=6432"}, "x")
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "a:6432, b:6432") {
		t.Errorf("got %v, want a usage error that names both hosts", err)
	}
	several := admin.Place{DSN: "host=a,b target_session_attrs=read-write"}
	if _, err := admin.ServerAddress("server s", several, "x"); err != nil {
		t.Errorf("a server of two hosts: %v, want none", err)
	}
}

func TestAddressesAreCalledAsPeopleCallThem(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=h port=6432 user=u sslmode=prefer": "h:6432",
		"host=/run/pgb port=6432 user=u":         "/run/pgb/.s.PGSQL.6432",
		"host=::1 port=6432 user=u":              "[::1]:6432",
	} {
		if a, err := admin.ConsoleAddress("c", admin.Place{DSN: dsn}, "x"); err != nil || a.Label != want {
			t.Errorf("%s: %q, %v; want %q", dsn, a.Label, err, want)
		}
	}
}
