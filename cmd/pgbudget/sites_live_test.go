package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// sites are the configs to copy, by kind of site.
func sites(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "fixtures/sites/*.yaml"))
	if err != nil || len(files) < 11 {
		t.Fatalf("%v: %v", files, err)
	}
	return files
}

// consoleOfSite finds the DSN of a console in a config to copy.
var consoleOfSite = regexp.MustCompile(`'host=(10\.0\.1\.\d port=6432|/controller/run port=5432) user=\w+'`)

// atLab is a config to copy with the places of the lab in place of its own: addresses, paths, the client's config of
// ssh, and loads that ask for a step.
func atLab(t *testing.T, text string, l *lab.Lab, ssh string) (config string) {
	t.Helper()
	config = filepath.Join(t.TempDir(), "pgbudget.yaml")
	nth := func(pattern *regexp.Regexp, with func(p *lab.Process, old string) string) {
		n := -1
		text = pattern.ReplaceAllStringFunc(text, func(old string) string {
			n++
			return with(l.Group("main")[n], old)
		})
	}
	text = strings.Replace(text, "'host=10.0.0.1 port=5432 dbname=postgres user=pgbudget'",
		"'"+lab.Bare(l.Servers[0].DSN(lab.Monitor, ""))+"'", 1)
	nth(consoleOfSite, func(p *lab.Process, old string) string {
		dsn := lab.Bare(p.ConsoleDSN(lab.ConsoleAdmin))
		if strings.Contains(old, "/controller/run") {
			dsn = strings.Replace(dsn, "host=127.0.0.1", "host="+p.SocketDir, 1)
		}
		return "'" + dsn + "'"
	})
	nth(regexp.MustCompile(`/(etc|var/opt/gitlab)/pgbouncer/pgbouncer2?\.ini`),
		func(p *lab.Process, _ string) string { return p.IniPath })
	text = strings.Replace(text, "/var/lib/pgbudget/production.jsonl", filepath.Join(filepath.Dir(config), "j.jsonl"), 1)
	text = strings.ReplaceAll(text, "[ssh, ", "[ssh, -F, "+ssh+", ")
	text += "pools: [{pool: main/app, min: 10, max: 10, load: {arrivals_per_sec: 20, mean_hold: 150ms}}]\n" +
		"policy: {percent: 100, soak: 0s}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// TestASiteOfEachKindComesToAStep: each config to copy is checked and previewed against a real fleet; where pgbudget
// writes the files, the step is taken and taken back, and where a tool does, the change is printed in its form.
func TestASiteOfEachKindComesToAStep(t *testing.T) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 100}},
		Groups: []lab.GroupSpec{{Name: "main", Processes: 2, Generation: lab.Gen118,
			Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 5, Reserve: 5}}}},
		Users: []string{"app1"},
	})
	for _, dsn := range l.DSNs("main", "app1", "app") {
		if _, err := lab.Query(t.Context(), dsn, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.SSH(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	ssh := filepath.Join(t.TempDir(), "config")
	two := strings.Replace(string(data), "Host lab", "Host pgb-1 pgb-2", 1)
	if err := os.WriteFile(ssh, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	doubles, err := filepath.Abs(filepath.Join(root, "fixtures/sites/doubles"))
	if err != nil {
		t.Fatal(err)
	}
	down := t.TempDir()
	t.Setenv("PATH", doubles+":"+os.Getenv("PATH"))
	t.Setenv("DOUBLE_CONTAINERS", "pgb-1 pgb-2")
	t.Setenv("DOUBLE_DOWN", down)
	sampled := []string{"--window", "3s", "--every", "500ms"} // a sample through ssh takes a second on a busy machine
	form := regexp.MustCompile(`{form: ([a-z.-]+)`)
	sizes := func() (out []string) {
		for _, p := range l.Group("main") {
			for _, row := range labtest.Show(t, p, "DATABASES") {
				if row["name"] == "app" {
					out = append(out, row["pool_size"])
				}
			}
		}
		return out
	}
	for _, file := range sites(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			config := atLab(t, string(data), l, ssh)
			run := func(code int, want string, args ...string) result {
				t.Helper()
				r := command(t, l, slices.Concat(args, []string{"--config", config})...)
				if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
					t.Errorf("%v: exit %d, want %d and %q\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
				}
				return r
			}
			run(exitDone, "no finding", slices.Concat([]string{"check"}, sampled)...)
			run(exitDone, "main/app 5 → 10", slices.Concat([]string{"step", "--dry-run"}, sampled)...)
			if m := form.FindStringSubmatch(string(data)); m != nil {
				run(exitDone, "10", slices.Concat([]string{"step", "--emit", m[1]}, sampled)...)
				return
			}
			run(exitDone, "done     1 of 1 steps", slices.Concat([]string{"step", "--yes"}, sampled)...)
			if got := fmt.Sprint(sizes()); got != "[10 10]" {
				t.Errorf("sizes %s after the step", got)
			}
			run(exitDone, "done", slices.Concat([]string{"rollback", "--yes", "--now"}, sampled)...)
			if got := fmt.Sprint(sizes()); got != "[5 5]" {
				t.Errorf("sizes %s after the rollback", got)
			}
		})
	}
	for _, tool := range []string{"docker", "kubectl"} {
		t.Run(tool+", whatever goes wrong", func(t *testing.T) {
			file := map[string]string{"docker": "docker.yaml", "kubectl": "kubernetes.yaml"}[tool]
			data, err := os.ReadFile(filepath.Join(root, "fixtures/sites", file))
			if err != nil {
				t.Fatal(err)
			}
			step := func(text string) result {
				return command(t, l, slices.Concat([]string{"step", "--yes", "--config", atLab(t, text, l, ssh)}, sampled)...)
			}
			whole := string(data)
			// without -i no byte of the file comes: the recipe counts them, and the canary ends the step
			lacks := map[string]string{"docker": "-i, pgb-1, sh", "kubectl": "-i, pgb-1, -c, pgbouncer, --, sh"}[tool]
			r := step(strings.ReplaceAll(whole, lacks, strings.TrimPrefix(lacks, "-i, ")))
			if got := fmt.Sprint(sizes()); r.code == exitDone || got != "[5 5]" {
				t.Errorf("no standard input: exit %d, sizes %s\n%s", r.code, got, r.stderr)
			}
			if r := step(strings.ReplaceAll(whole, "pgb-2", "pgb-3")); r.code != exitUnreachable ||
				!strings.Contains(r.stderr, "pgb-3") {
				t.Errorf("another container: exit %d\n%s", r.code, r.stderr)
			}
			if err := os.WriteFile(filepath.Join(down, "pgb-2"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(filepath.Join(down, "pgb-2"))
			if r := step(whole); r.code != exitUnreachable || fmt.Sprint(sizes()) != "[5 5]" {
				t.Errorf("a container that is down: exit %d, sizes %v\n%s", r.code, sizes(), r.stderr)
			}
		})
	}
}
