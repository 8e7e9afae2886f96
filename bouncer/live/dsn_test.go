package live

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAConsoleIsDatabasePgbouncerUnlessTheDSNSaysOtherwise(t *testing.T) {
	for _, c := range []struct {
		name, dsn, environment, want string
	}{
		{"keywords", "host=h user=u", "", "pgbouncer"},
		{"URL", "postgres://u@h:6432/", "", "pgbouncer"},
		{"URL without a path", "postgres://u@h:6432", "", "pgbouncer"},
		{"URL with a query", "postgres://u@h:6432/?sslmode=disable", "", "pgbouncer"},
		{"keywords that say otherwise", "host=h user=u dbname=admin", "", "admin"},
		{"URL that says otherwise", "postgresql://u@h/admin", "", "admin"},
		{"PGDATABASE is meant for servers", "host=h user=u", "postgres", "pgbouncer"},
		{"PGDATABASE with a URL", "postgres://u@h/", "postgres", "pgbouncer"},
		{"the DSN beats PGDATABASE", "host=h user=u dbname=admin", "postgres", "admin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PGDATABASE", c.environment)
			a, err := consoleAddress("console g/1", c.dsn, "x")
			if err != nil {
				t.Fatal(err)
			}
			if a.config.Database != c.want {
				t.Errorf("database %q, want %q", a.config.Database, c.want)
			}
		})
	}
}

func TestThePassfileIsSearchedForTheConsolesDatabase(t *testing.T) {
	passfile := filepath.Join(t.TempDir(), "passfile")
	if err := os.WriteFile(passfile, []byte("h:6432:pgbouncer:u:found\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSFILE", passfile)
	for _, dsn := range []string{"host=h port=6432 user=u", "postgres://u@h:6432"} {
		a, err := consoleAddress("console g/1", dsn, "x")
		if err != nil {
			t.Fatal(err)
		}
		if a.config.Password != "found" {
			t.Errorf("%s: password %q, want the passfile's", dsn, a.config.Password)
		}
	}
}

func TestAServiceFileIsHeeded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services")
	if err := os.WriteFile(file, []byte("[pgb]\nhost=h\nport=6433\nuser=u\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", file)
	a, err := consoleAddress("console g/1", "service=pgb", "x")
	if err != nil {
		t.Fatal(err)
	}
	if a.label != "h:6433" || a.config.User != "u" || a.config.Database != "pgbouncer" {
		t.Errorf("got %s as %s in %s, want h:6433 as u in pgbouncer", a.label, a.config.User, a.config.Database)
	}
}

func TestAStartUpParameterThatPgBouncerRefusesIsExplainedNotPassedOn(t *testing.T) {
	for _, dsn := range []string{
		"host=h user=u search_path=app statement_timeout=5s",
		"postgres://u@h/?statement_timeout=5s&search_path=app",
	} {
		_, err := consoleAddress("console g/1", dsn, "x")
		if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "search_path, statement_timeout") ||
			!strings.Contains(operr.HintOf(err), "take it out of the DSN") {
			t.Errorf("%s: got %v (%s), want a usage error that names both", dsn, err, operr.HintOf(err))
		}
	}
	if _, err := consoleAddress("console g/1", "host=h user=u options='-c geqo=off'", "x"); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("options in the DSN: got %v, want a usage error", err)
	}
}

func TestStartUpParametersThatPgBouncerTakesArePassedOn(t *testing.T) {
	a, err := consoleAddress("console g/1", "host=h user=u application_name=me TimeZone=UTC client_encoding=UTF8", "x")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.config.RuntimeParams; len(got) != 3 || got["application_name"] != "me" || got["TimeZone"] != "UTC" {
		t.Errorf("got %v, want all three", got)
	}
}

func TestWhatTheEnvironmentAddsIsLeftOutWithANote(t *testing.T) {
	t.Setenv("PGOPTIONS", "-c statement_timeout=5s")
	t.Setenv("PGTZ", "UTC")
	a, err := consoleAddress("console g/1", "host=h user=u", "pgbudget")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.config.RuntimeParams; len(got) != 2 || got["application_name"] != "pgbudget" || got["timezone"] != "UTC" {
		t.Errorf("got %v, want our name and the time zone", got)
	}
	if len(a.notes) != 1 || !strings.Contains(a.notes[0], `"options" comes from the environment`) {
		t.Errorf("notes %q, want one about options", a.notes)
	}
	s, err := serverAddress("server s", "host=h user=u", "pgbudget")
	if err != nil || s.config.RuntimeParams["options"] == "" {
		t.Errorf("a server got %v, %v: want the options, as PostgreSQL takes them", s.config, err)
	}
}

func TestAConsoleIsOneHost(t *testing.T) {
	_, err := consoleAddress("console g/1", "host=a,b port=6432", "x")
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), "a:6432, b:6432") {
		t.Errorf("got %v, want a usage error that names both hosts", err)
	}
	if _, err := serverAddress("server s", "host=a,b target_session_attrs=read-write", "x"); err != nil {
		t.Errorf("a server of two hosts: %v, want none", err)
	}
}

func TestAddressesAreCalledAsPeopleCallThem(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=h port=6432 user=u sslmode=prefer": "h:6432",
		"host=/run/pgb port=6432 user=u":         "/run/pgb/.s.PGSQL.6432",
		"host=::1 port=6432 user=u":              "[::1]:6432",
	} {
		if a, err := consoleAddress("c", dsn, "x"); err != nil || a.label != want {
			t.Errorf("%s: %q, %v; want %q", dsn, a.label, err, want)
		}
	}
}
