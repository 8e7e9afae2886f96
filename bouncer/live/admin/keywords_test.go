package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/planner/operr"
)

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
		for form, dsn := range livetest.Forms(t, key, "hunter2") {
			for of, err := range livetest.BothAddresses(dsn) {
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

// TestTheRestOfAPasswordIsNotTakenForAKeyword that may be told.
func TestTheRestOfAPasswordIsNotTakenForAKeyword(t *testing.T) {
	for _, dsn := range []string{
		"host=h password=my hunter2=x", "host=h password = my hunter2 = x port=1", "host=h sslpassword=my hunter2=x",
		"postgres://u@h/?password=my&hunter2=x", "postgres://u@h/?password=my&hunter2=x&port=1", "host=h a-hunter2=x",
		"postgres://u@h/?%68unter2%3d=x", "postgres://u@h/d?hunter2=x@h/d",
	} {
		for of, err := range livetest.BothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || strings.Contains(err.Error()+operr.HintOf(err), "hunter2") {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
}

// TestAServiceThatIsNotThereIsNamed and what stands in its place but is no name is not.
func TestAServiceThatIsNotThereIsNamed(t *testing.T) {
	livetest.Forms(t, "port", "1")
	for dsn, environment := range map[string]string{"service=nosuch": "", "service = 'nosuch' host=h": "",
		"postgres://u@h/?service=nosuch": "", "host=h": "nosuch", "service=nosuch servicefile=/nonexistent": ""} {
		t.Setenv("PGSERVICE", environment)
		for of, err := range livetest.BothAddresses(dsn) {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(err.Error(), `service "nosuch"`) ||
				!strings.Contains(operr.HintOf(err), "PGSERVICEFILE") {
				t.Errorf("%s of %s: %v; next: %s", dsn, of, err, operr.HintOf(err))
			}
		}
	}
	t.Setenv("PGSERVICE", "")
	for of, err := range livetest.BothAddresses("service=postgres://u:hunter2@h/d") {
		if operr.KindOf(err) != operr.KindUsage || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", of, err)
		}
	}
}

// TestASocketsFolderMayHaveAnyName even one in which a host would have a password.
func TestASocketsFolderMayHaveAnyName(t *testing.T) {
	for of, err := range livetest.BothAddresses("host=/run/pg@blue user=someone@tenant") {
		if err != nil {
			t.Errorf("%s: %v", of, err)
		}
	}
}
