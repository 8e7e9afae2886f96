package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAFlushThatAKilledRunLeftIsEndedWhateverElseIsWrong: the file of another process cannot be loaded, or the
// process cannot be started, so that neither a run nor a rollback may begin. Both end the flush first; a dry run
// changes nothing.
func TestAFlushThatAKilledRunLeftIsEndedWhateverElseIsWrong(t *testing.T) {
	t.Parallel()
	group := func(name string) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 4}}}
	}
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 40}}, Users: []string{"app1"},
		Groups: []lab.GroupSpec{group("a"), group("b")}})
	const load = "load: {arrivals_per_sec: 1, mean_hold: 10ms}"
	config, path := movingConfig(t, l, "pools: [{pool: a/app, min: 6, max: 6, "+load+"}, {pool: b/app, min: 6, max: 6, "+
		load+"}]\n"+
		"policy: {percent: 50, soak: 1s, soak_every: 500ms}\n")
	a, b := l.Process("a", 0), l.Process("b", 0)
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	flush := &state.Action{Kind: state.Flush, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "app",
		Key:  fleet.KeyLifetime,
		From: 3600, To: 1}}}
	leave := func() { // as a run that was killed does
		t.Helper()
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		for _, e := range []state.Event{{Kind: state.RunBegan, Goal: &sizing.Goal{}},
			{Kind: state.Intended, Action: flush}, {Kind: state.Acted, Action: flush}} {
			e.At = time.Now()
			if _, err := j.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		rewrite(t, a.DatabasesPath, func(text string) string {
			return strings.Replace(text, "pool_size=4", "pool_size=4 server_lifetime=01", 1)
		})
		if err := a.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	lifetime := func() string {
		t.Helper()
		rows, err := a.Show(t.Context(), "DATABASES")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r["name"] == "app" {
				return r["server_lifetime"]
			}
		}
		return ""
	}
	was, err := os.ReadFile(a.DatabasesPath)
	if err != nil {
		t.Fatal(err)
	}
	given := func(what string, r result, code int) {
		t.Helper()
		now, err := os.ReadFile(a.DatabasesPath)
		m, failed := journal.Mirror{}.Load(path)
		left := m.Flushed()
		same := err == nil && string(now) == string(was)
		if r.code != code || lifetime() != "3600" || !same || failed != nil || len(left) > 0 {
			t.Errorf("%s: exit %d, a lifetime of %s, %v known (%v %v), and the file\n%s\n%s%s", what, r.code, lifetime(),
				left, err, failed, now, r.stdout, r.stderr)
		}
		if !strings.Contains(r.stderr, "note: server_lifetime of app in a/1 has its old value again") {
			t.Errorf("%s: it is not said:\n%s", what, r.stderr)
		}
	}
	run := func(args ...string) result {
		t.Helper()
		return command(t, l, append(args, "--config", config, "--window", "1s", "--every", "500ms", "--timeout", "2s")...)
	}
	broken := rewrite(t, b.IniPath, func(text string) string { return text + "\n[pgbouncer]\nno_such_key = 1\n" })
	leave()
	if r := run("run", "--dry-run"); r.code == 0 || lifetime() != "1" {
		t.Errorf("dry run: exit %d, a lifetime of %s\n%s", r.code, lifetime(), r.stderr)
	}
	given("a file that cannot be loaded", run("run", "--yes"), exitDrift)
	broken()
	if err := b.Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"run", "rollback"} {
		leave()
		given("a process that is down: "+verb, run(verb, "--yes"), exitUnreachable)
	}
}
