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
		_, err := admin.ConsoleAddress("console g/1", dsn, "x")
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "search_path, statement_timeout") ||
			!strings.Contains(operr.HintOf(err), "take it out of the DSN") {
			t.Errorf("%s: got %v (%s), want a usage error that names both", dsn, err, operr.HintOf(err))
		}
	}
	if _, err := admin.ConsoleAddress("console g/1", "host=h user=u options='-c geqo=off'",
		"x"); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("options in the DSN: got %v, want a usage error", err)
	}
}

func TestAConsoleIsOneHost(t *testing.T) {
	_, err := admin.ConsoleAddress("console g/1", "host=a,b port=6432", "x")
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "a:6432, b:6432") {
		t.Errorf("got %v, want a usage error that names both hosts", err)
	}
	if _, err := admin.ServerAddress("server s", "host=a,b target_session_attrs=read-write", "x"); err != nil {
		t.Errorf("a server of two hosts: %v, want none", err)
	}
}

func TestAddressesAreCalledAsPeopleCallThem(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=h port=6432 user=u sslmode=prefer": "h:6432",
		"host=/run/pgb port=6432 user=u":         "/run/pgb/.s.PGSQL.6432",
		"host=::1 port=6432 user=u":              "[::1]:6432",
	} {
		if a, err := admin.ConsoleAddress("c", dsn, "x"); err != nil || a.Label != want {
			t.Errorf("%s: %q, %v; want %q", dsn, a.Label, err, want)
		}
	}
}
