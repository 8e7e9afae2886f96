package live

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

// bothAddresses reads a DSN as a server's and as a console's.
func bothAddresses(dsn string) map[string]error {
	_, server := serverAddress("server s", dsn, "pgbudget")
	_, console := consoleAddress("console g/1", dsn, "pgbudget")
	return map[string]error{"a server": server, "a console": console}
}

// forms are a DSN with one more keyword, in every form that is read.
func forms(t *testing.T, key, value string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "services")
	text := fmt.Sprintf("[pgb]\nhost=h\nuser=u\n%s=%s\n", key, value)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGSERVICEFILE", file)
	return map[string]string{
		"keywords":              fmt.Sprintf("host=h user=u %s=%s", key, value),
		"keywords with blanks":  fmt.Sprintf("%s = '%s' host = h", key, value),
		"a URL":                 fmt.Sprintf("postgres://u@h/d?%s=%s", key, value),
		"a URL with more":       fmt.Sprintf("postgresql://u@h?sslmode=disable&%s=%s&connect_timeout=3", key, value),
		"a service":             "service=pgb",
		"a service beside more": "service=pgb host=127.0.0.1",
	}
}

// TestAMisspeltKeywordIsRefused instead of being a start-up parameter while another server is asked.
func TestAMisspeltKeywordIsRefused(t *testing.T) {
	for key, want := range map[string]string{
		"prot": "(most likely port)", "passwrod": "(most likely password)", "sslmod": "(most likely sslmode)",
		"hots": "(most likely host)", "Host": "(most likely host)", "PORT": "(most likely port)",
		"usr":      "(most likely user)",
		"username": "(most likely user)", "pass": "(most likely password)", "db": "(most likely dbname)",
		"aplication_name": "(most likely application_name)", "target_session_attr": "(most likely target_session_attrs)",
		"pool_max_conns": "", "default_query_exec_mode": "", "statement_timeout": "", "search_path": "", "zzz": "",
	} {
		for form, dsn := range forms(t, key, "hunter2") {
			for of, err := range bothAddresses(dsn) {
				text, hint := fmt.Sprint(err), operr.HintOf(err)
				if operr.KindOf(err) != operr.KindUsage || !strings.Contains(text, "no connection keyword: "+key) ||
					!strings.Contains(text, want) || !strings.Contains(hint, "take it out of the DSN") {
					t.Errorf("%s, %s of %s: %v; next: %s; want a refusal of %s %s", key, form, of, err, hint, key, want)
				}
				if want == "" && strings.Contains(text, "most likely") {
					t.Errorf("%s of %s: %v: nothing is near to %s", form, of, err, key)
				}
				if strings.Contains(text+hint, "hunter2") {
					t.Errorf("%s of %s: the value stands in %v; next: %s", form, of, err, hint)
				}
				if strings.HasPrefix(form, "a service") != strings.Contains(text, `service "pgb"`) {
					t.Errorf("%s of %s: %v: want the service's name, where it is the service's", form, of, err)
				}
			}
		}
	}
}

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
				for of, err := range bothAddresses("host=h " + key + "=1") {
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
		a, err := serverAddress("server s", dsn, "pgbudget")
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
		refused := k.name == "options" || k.name == "replication"
		if _, err := consoleAddress("console g/1", dsn, "x"); (err != nil) != refused {
			t.Errorf("%s of a console: %v", dsn, err)
		}
	}
	for _, dsn := range []string{"host=h gssencmode=prefer", "host=h gssencmode=disable keepalives=0"} {
		if a, err := serverAddress("server s", dsn, "pgbudget"); err != nil || len(a.config.RuntimeParams) != 1 {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	for dsn, hint := range map[string]string{"host=h gssencmode=require": "cannot be kept",
		"hostaddr=127.0.0.1": "write the address as host=…", "postgres://u@h/?requiressl=1": "write sslmode=require"} {
		for of, err := range bothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(operr.HintOf(err), hint) {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
}

// TestWhatTheDriverReadsIsWhatTheListSays so that a driver that learns a keyword, or forgets one, is seen.
func TestWhatTheDriverReadsIsWhatTheListSays(t *testing.T) {
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
		s, err := serverAddress("server s", c.dsn, "pgbudget")
		if err != nil || s.config.RuntimeParams["application_name"] != c.want {
			t.Errorf("%s of a server: %v, %v, want %s", c.dsn, s.config, err, c.want)
		}
		a, err := consoleAddress("console g/1", c.dsn, "pgbudget")
		if err != nil || a.config.RuntimeParams["application_name"] != c.want || len(a.notes) > 0 {
			t.Errorf("%s of a console: %v, %v, want %s", c.dsn, a.config, err, c.want)
		}
	}
}

// TestTheRestOfAPasswordIsNotTakenForAKeyword that may be told.
func TestTheRestOfAPasswordIsNotTakenForAKeyword(t *testing.T) {
	for _, dsn := range []string{
		"host=h password=my hunter2=x", "host=h password = my hunter2 = x port=1", "host=h sslpassword=my hunter2=x",
		"postgres://u@h/?password=my&hunter2=x", "postgres://u@h/?password=my&hunter2=x&port=1", "host=h a-hunter2=x",
		"postgres://u@h/?%68unter2%3d=x", "postgres://u@h/d?hunter2=x@h/d",
	} {
		for of, err := range bothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || strings.Contains(err.Error()+operr.HintOf(err), "hunter2") {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
}

// TestAServiceThatIsNotThereIsNamed and what stands in its place but is no name is not.
func TestAServiceThatIsNotThereIsNamed(t *testing.T) {
	forms(t, "port", "1")
	for dsn, environment := range map[string]string{"service=nosuch": "", "service = 'nosuch' host=h": "",
		"postgres://u@h/?service=nosuch": "", "host=h": "nosuch", "service=nosuch servicefile=/nonexistent": ""} {
		t.Setenv("PGSERVICE", environment)
		for of, err := range bothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), `service "nosuch"`) ||
				!strings.Contains(operr.HintOf(err), "PGSERVICEFILE") {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
	t.Setenv("PGSERVICE", "")
	for of, err := range bothAddresses("service=postgres://u:hunter2@h/d") {
		if operr.KindOf(err) != operr.KindUsage || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", of, err)
		}
	}
}

// TestASocketsFolderMayHaveAnyName even one in which a host would have a password.
func TestASocketsFolderMayHaveAnyName(t *testing.T) {
	for of, err := range bothAddresses("host=/run/pg@blue user=someone@tenant") {
		if err != nil {
			t.Errorf("%s: %v", of, err)
		}
	}
}
