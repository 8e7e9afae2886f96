package admin

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestAConsoleIsDatabasePgbouncer(t *testing.T) {
	for _, c := range []struct {
		name, dsn, environment, want string
	}{
		{"keywords", "host=h user=u", "", "pgbouncer"},
		{"URL", "postgres://u@h:6432/", "", "pgbouncer"},
		{"URL without a path", "postgres://u@h:6432", "", "pgbouncer"},
		{"URL with a query", "postgres://u@h:6432/?sslmode=disable", "", "pgbouncer"},
		{"keywords that say so", "host=h user=u dbname=pgbouncer", "", "pgbouncer"},
		{"PGDATABASE is meant for servers", "host=h user=u", "postgres", "pgbouncer"},
		{"PGDATABASE with a URL", "postgres://u@h/", "postgres", "pgbouncer"},
		{"the DSN beats PGDATABASE", "host=h user=u dbname=pgbouncer", "postgres", "pgbouncer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PGDATABASE", c.environment)
			a, err := ConsoleAddress("console g/1", Place{DSN: c.dsn}, "x")
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
		a, err := ConsoleAddress("console g/1", Place{DSN: dsn}, "x")
		if err != nil {
			t.Fatal(err)
		}
		if a.config.Password != "found" {
			t.Errorf("%s: password %q, want the passfile's", dsn, a.config.Password)
		}
	}
}

// TestAFaultOfThePassfileIsNamed: to who is refused, and of one that psql would not heed to everybody.
func TestAFaultOfThePassfileIsNamed(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, mode := range map[string]os.FileMode{"right": 0o600, "open": 0o644} {
		if err := os.WriteFile(at(name), []byte("h:6432:pgbouncer:u:hush\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(at("other"), []byte("h:6432:other:u:hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file, password, dsn string
		hint                      string
		note                      bool
	}{
		{name: "right", file: "right",
			hint: "check the password of u in the passfile @right, and the server's list of who may log in"},
		{name: "missing", file: "none",
			hint: "the passfile @none is missing; check the password of u in the passfile @none, and the server's"},
		{name: "no line", file: "other", hint: "the passfile @other has no line for h:6432:pgbouncer:u; check the password"},
		{name: "no line for a socket", file: "other", dsn: "host=/run port=6432 user=u",
			hint: "the passfile @other has no line for localhost:6432:pgbouncer:u; check the password"},
		{name: "too open", file: "open",
			hint: "the passfile @open has mode 0644, and libpq takes no password of a file that others may read: chmod 0600 " +
				"@open; check", note: true},
		{name: "named in the DSN", file: "right", dsn: "host=h port=6432 user=u passfile=@none",
			hint: "the passfile @none is missing"},
		{name: "a password in the DSN", file: "none", dsn: "host=h user=u password=x",
			hint: "check the password of u in the DSN, and"},
		{name: "a password in a URL", file: "open", dsn: "postgres://u:x@h:6432/",
			hint: "check the password of u in the DSN, and"},
		{name: "a password in the environment", file: "open", password: "x",
			hint: "check the password of u in PGPASSWORD, and"},
	} {
		t.Setenv("PGPASSFILE", at(c.file))
		t.Setenv("PGPASSWORD", c.password)
		a, err := ConsoleAddress("console g/1", Place{DSN: strings.ReplaceAll(cmp.Or(c.dsn, "host=h port=6432 user=u"),
			"@none", at("none"))}, "x")
		if err != nil {
			t.Fatal(err)
		}
		refused := Plain{text: "password authentication failed", cause: &pgconn.PgError{Code: stateNoPassword}}
		s := &Console{Session: NewSession("console g/1", a, time.Second)}
		for what, session := range map[string]*Session{"at first": s.Session, "renewed": s.another()} {
			if hint := strings.ReplaceAll(operr.HintOf(Unreachable("console g/1", refused, session)), dir+"/",
				"@"); !strings.HasPrefix(hint, c.hint) {
				t.Errorf("%s, %s: %q, want %q", c.name, what, hint, c.hint)
			}
		}
		if noted := strings.Contains(strings.Join(a.Notes, "\n"), "has mode 0644"); noted != c.note {
			t.Errorf("%s: said %q", c.name, a.Notes)
		}
	}
}

func TestAServiceFileIsHeeded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services")
	if err := os.WriteFile(file, []byte("[pgb]\nhost=h\nport=6433\nuser=u\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", file)
	a, err := ConsoleAddress("console g/1", Place{DSN: "service=pgb"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if a.Label != "h:6433" || a.config.User != "u" || a.config.Database != "pgbouncer" {
		t.Errorf("got %s as %s in %s, want h:6433 as u in pgbouncer", a.Label, a.config.User, a.config.Database)
	}
}

func TestStartUpParametersThatPgBouncerTakesArePassedOn(t *testing.T) {
	a, err := ConsoleAddress("console g/1",
		Place{DSN: "host=h user=u application_name=me TimeZone=UTC client_encoding=UTF8"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.config.RuntimeParams; len(got) != 3 || got["application_name"] != "me" || got["TimeZone"] != "UTC" {
		t.Errorf("got %v, want all three", got)
	}
}

func TestParametersOfTheEnvironmentAreLeftOutWithANote(t *testing.T) {
	t.Setenv("PGOPTIONS", "-c statement_timeout=5s")
	t.Setenv("PGTZ", "UTC")
	a, err := ConsoleAddress("console g/1", Place{DSN: "host=h user=u"}, "pgbudget")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.config.RuntimeParams; len(got) != 2 || got["application_name"] != "pgbudget" || got["timezone"] != "UTC" {
		t.Errorf("got %v, want our name and the time zone", got)
	}
	if len(a.Notes) != 1 || !strings.Contains(a.Notes[0], `"options" comes from the environment`) {
		t.Errorf("notes %q, want one about options", a.Notes)
	}
	s, err := ServerAddress("server s", Place{DSN: "host=h user=u"}, "pgbudget")
	if err != nil || s.config.RuntimeParams["options"] == "" {
		t.Errorf("a server got %v, %v: want the options, as PostgreSQL takes them", s.config, err)
	}
}
