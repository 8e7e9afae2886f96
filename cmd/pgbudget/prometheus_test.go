package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestWrongPrometheusIsNamedAndNeverTakenForZero runs the built command against answers that no healthy Prometheus
// gives.
func TestWrongPrometheusIsNamedAndNeverTakenForZero(t *testing.T) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Groups: []lab.GroupSpec{{Name: "main", Processes: 1, Generation: lab.Gen124,
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 5}}}},
		Users: []string{"app1"},
	})
	vector := func(result string) string {
		return `{"status":"success","data":{"resultType":"vector","result":[` + result + `]}}`
	}
	now := fmt.Sprintf("%d", time.Now().Unix())
	for _, c := range []struct {
		name   string
		status int
		body   string
		code   int // of a plan: there is no number, or no Prometheus that answers
		says   []string
	}{
		{"no series", 200, vector(""), exitEvidence, []string{"cpu of main"}},
		{"NaN", 200, vector(`{"metric":{},"value":[` + now + `,"NaN"]}`), exitEvidence, []string{"cpu of main", "NaN"}},
		{"two series", 200, vector(`{"metric":{"a":"1"},"value":[` + now + `,"0.5"]},{"metric":{"a":"2"},"value":[` + now +
			`,"0.6"]}`), exitEvidence, []string{"cpu of main"}},
		{"an empty body", 200, "", exitUnreachable, []string{"cpu of main"}},
		{"HTML", 200, "<html>login</html>", exitUnreachable, []string{"cpu of main"}},
		{"503", 503, "overloaded", exitUnreachable, []string{"cpu of main", "503"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "pgbudget.yaml")
			url := strings.Replace(server.URL, "http://", "http://scraper:hush-prom@", 1)
			text := fmt.Sprintf("servers: [{name: main, dsn: '%s', cpu: 'up'}]\ngroups: [{name: main, processes: [{console: "+
				"'%s'}]}]\nprometheus: {url: '%s'}\n",
				lab.Bare(l.Server("main").DSN(lab.Monitor, "")), lab.Bare(l.Process("main", 0).ConsoleDSN(lab.ConsoleStats)), url)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			seen := command(t, l, "observe", "--config", file)
			if seen.code != 0 {
				t.Errorf("observe: exit %d: a signal that cannot be read is shown, not fatal\n%s", seen.code, seen.stderr)
			}
			for _, s := range c.says {
				if !strings.Contains(seen.stdout, s) {
					t.Errorf("%q is missing in\n%s", s, seen.stdout)
				}
			}
			planned := command(t, l, "plan", "--config", file, "--window", "1s")
			if planned.code != c.code || planned.stdout != "" || !strings.Contains(planned.stderr,
				"pgbudget: cpu of main: ") {
				t.Errorf("plan: exit %d, want %d\n%s%s", planned.code, c.code, planned.stdout, planned.stderr)
			}
			t.Log(planned.stderr)
		})
	}
}
