package admin

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestEveryMisspeltKeywordIsOne tries one slip in each of the keywords at each place.
func TestEveryMisspeltKeywordIsOne(t *testing.T) {
	var names []string
	for _, k := range keywords {
		names = append(names, k.name)
	}
	for _, name := range names {
		for i := range len(name) - 1 {
			swapped := name[:i] + string(name[i+1]) + string(name[i]) + name[i+2:]
			for _, key := range []string{swapped, name[:i] + name[i+1:], name[:i] + "q" + name[i:]} {
				if slices.Contains(names, key) {
					continue
				}
				for of, err := range BothAddresses("host=h " + key + "=1") {
					if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), key) {
						t.Errorf("%s of %s: %v", key, of, err)
					}
				}
			}
		}
	}
}

// TestEveryKeywordOfLibpqIsReadOrRefusedForAReason and none is handed on that PostgreSQL would not take.
func TestEveryKeywordOfLibpqIsReadOrRefusedForAReason(t *testing.T) {
	valid := map[string]string{"host": "h", "port": "5433", "sslmode": "disable", "service": "pgb",
		"connect_timeout":      "5",
		"target_session_attrs": "any", "sslcertmode": "allow", "require_auth": "md5", "channel_binding": "prefer",
		"min_protocol_version": "3.0", "max_protocol_version": "3.2", "application_name": "me", "client_encoding": "UTF8"}
	services := filepath.Join(t.TempDir(), "services")
	if err := os.WriteFile(services, []byte("[pgb]\nhost=h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", services)
	valid["servicefile"] = services
	taken := []string{"application_name", "options", "client_encoding", "replication"}
	for _, k := range keywords {
		value := valid[k.name]
		if value == "" && !strings.HasPrefix(k.name, "ssl") {
			value = "1"
		}
		dsn := "sslmode=disable " + k.name + "='" + value + "'"
		a, err := ServerAddress("server s", Place{DSN: dsn}, "pgbudget")
		if k.use == missing {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), "not supported: "+k.name) ||
				operr.HintOf(err) == "" {
				t.Errorf("%s: %v", dsn, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		for name := range a.config.RuntimeParams {
			if !slices.Contains(taken, name) {
				t.Errorf("%s: %s would be sent to the server", dsn, name)
			}
		}
		refused := slices.Contains([]string{"options", "replication", "dbname", "database"}, k.name)
		if _, err := ConsoleAddress("console g/1", Place{DSN: dsn}, "x"); (err != nil) != refused {
			t.Errorf("%s of a console: %v", dsn, err)
		}
	}
	for _, dsn := range []string{"host=h gssencmode=prefer", "host=h gssencmode=disable keepalives=0"} {
		if a, err := ServerAddress("server s", Place{DSN: dsn}, "pgbudget"); err != nil || len(a.config.RuntimeParams) != 1 {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	for dsn, hint := range map[string]string{"host=h gssencmode=require": "cannot be kept",
		"hostaddr=127.0.0.1": "write the address as host=…", "postgres://u@h/?requiressl=1": "write sslmode=require"} {
		for of, err := range BothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(operr.HintOf(err), hint) {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
}

// TestTheListHasTheKeywordsThatTheDriverReads so that a driver that learns a keyword, or forgets one, is seen.
func TestTheListHasTheKeywordsThatTheDriverReads(t *testing.T) {
	for _, k := range keywords {
		if k.use == read && slices.Contains([]string{"service", "servicefile", "target_session_attrs", "sslcertmode",
			"channel_binding", "require_auth", "min_protocol_version", "max_protocol_version", "connect_timeout"}, k.name) {
			continue // these have values that are checked: see above
		}
		value := "1"
		if k.name == "sslmode" || strings.HasPrefix(k.name, "ssl") {
			value = ""
		}
		config, err := pgconn.ParseConfig("sslmode=disable " + k.name + "='" + value + "'")
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if _, sent := config.RuntimeParams[k.name]; sent == (k.use == read) {
			t.Errorf("%s: it is a start-up parameter of the driver: %v, and the list says %d", k.name, sent, k.use)
		}
	}
}

// TestTheNameOfASessionIsOurs unless the DSN or the environment has another.
func TestTheNameOfASessionIsOurs(t *testing.T) {
	for _, c := range []struct{ dsn, environment, want string }{
		{"host=h", "", "pgbudget"}, {"host=h application_name=me", "", "me"}, {"host=h", "env", "env"},
		{"host=h fallback_application_name=me", "", "me"}, {"postgres://h/?fallback_application_name=me", "env", "env"},
		{"host=h fallback_application_name=you application_name=me", "env", "me"},
	} {
		t.Setenv("PGAPPNAME", c.environment)
		s, err := ServerAddress("server s", Place{DSN: c.dsn}, "pgbudget")
		if err != nil || s.config.RuntimeParams["application_name"] != c.want {
			t.Errorf("%s of a server: %v, %v, want %s", c.dsn, s.config, err, c.want)
		}
		a, err := ConsoleAddress("console g/1", Place{DSN: c.dsn}, "pgbudget")
		if err != nil || a.config.RuntimeParams["application_name"] != c.want || len(a.Notes) > 0 {
			t.Errorf("%s of a console: %v, %v, want %s", c.dsn, a.config, err, c.want)
		}
	}
}
