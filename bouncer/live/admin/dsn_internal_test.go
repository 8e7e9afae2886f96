package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
			a, err := ConsoleAddress("console g/1", c.dsn, "x")
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
		a, err := ConsoleAddress("console g/1", dsn, "x")
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
	a, err := ConsoleAddress("console g/1", "service=pgb", "x")
	if err != nil {
		t.Fatal(err)
	}
	if a.Label != "h:6433" || a.config.User != "u" || a.config.Database != "pgbouncer" {
		t.Errorf("got %s as %s in %s, want h:6433 as u in pgbouncer", a.Label, a.config.User, a.config.Database)
	}
}

func TestStartUpParametersThatPgBouncerTakesArePassedOn(t *testing.T) {
	a, err := ConsoleAddress("console g/1", "host=h user=u application_name=me TimeZone=UTC client_encoding=UTF8", "x")
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
	a, err := ConsoleAddress("console g/1", "host=h user=u", "pgbudget")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.config.RuntimeParams; len(got) != 2 || got["application_name"] != "pgbudget" || got["timezone"] != "UTC" {
		t.Errorf("got %v, want our name and the time zone", got)
	}
	if len(a.Notes) != 1 || !strings.Contains(a.Notes[0], `"options" comes from the environment`) {
		t.Errorf("notes %q, want one about options", a.Notes)
	}
	s, err := ServerAddress("server s", "host=h user=u", "pgbudget")
	if err != nil || s.config.RuntimeParams["options"] == "" {
		t.Errorf("a server got %v, %v: want the options, as PostgreSQL takes them", s.config, err)
	}
}
