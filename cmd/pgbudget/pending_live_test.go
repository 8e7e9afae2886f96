package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestASETInForceIsKeptUnlessItIsAccepted takes a step where somebody has SET a time-out on the console: its RELOAD
// would undo that.
func TestASETInForceIsKeptUnlessItIsAccepted(t *testing.T) {
	t.Parallel()
	group := func(name string, gen lab.Generation) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Generation: gen, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}}
	}
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 40}}, Users: []string{"app1"},
		Groups: []lab.GroupSpec{group("old", lab.Gen118), group("new", lab.Gen124)}})
	const load = "load: {arrivals_per_sec: 1, mean_hold: 10ms}"
	config, journal := movingConfig(t, l,
		"pools: [{pool: old/app, min: 4, max: 4, "+load+"}, {pool: new/app, min: 4, max: 4, "+load+"}]\n"+
			"policy: {percent: 50, soak: 1s, soak_every: 500ms}\n")
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		if err := p.Command(t.Context(), "SET query_timeout=7"); err != nil {
			t.Fatal(err)
		}
	}
	timeout := func(p *lab.Process) string {
		rows, err := p.Show(t.Context(), "CONFIG")
		if err != nil {
			t.Fatal(err)
		}
		return rows[slices.IndexFunc(rows, func(r lab.Row) bool { return r["key"] == "query_timeout" })]["value"]
	}
	was := files(t, l)
	step := func(more ...string) result {
		return command(t, l, append([]string{"step", "--yes", "--config", config, "--window", "2s", "--every", "500ms"},
			more...)...)
	}
	for _, x := range []struct {
		flags []string
		code  int
		says  []string
	}{
		{nil, exitDrift, []string{"query_timeout is 7 in old/1 and no line says it: a SET is in force",
			"query_timeout is 7 in new/1", "--accept-pending query_timeout"}},
		{[]string{"--dry-run"}, exitDrift, []string{"--accept-pending query_timeout"}},
		{[]string{"--accept-pending", "server_lifetime", "--accept-pending", "query_timeout"}, exitUsage,
			[]string{"--accept-pending server_lifetime: no RELOAD would change that"}},
	} {
		r := step(x.flags...)
		for _, want := range x.says {
			if r.code != x.code || !strings.Contains(r.stderr, want) {
				t.Errorf("%v: exit %d, want %d and %q\n%s%s", x.flags, r.code, x.code, want, r.stdout, r.stderr)
			}
		}
	}
	if !maps.Equal(files(t, l), was) {
		t.Error("a file was written")
	}
	for _, p := range l.Processes {
		if got := timeout(p); got != "7" {
			t.Errorf("%s: query_timeout is %s", p.Name(), got)
		}
	}
	r := step("--accept-pending", "query_timeout")
	if r.code != 0 || !strings.Contains(r.stderr, "note: accepted: ") {
		t.Fatalf("accepted: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, p := range l.Processes {
		if got := timeout(p); got != "0" {
			t.Errorf("%s: query_timeout is %s after a RELOAD", p.Name(), got)
		}
	}
	text, err := os.ReadFile(journal)
	if err != nil || strings.Count(string(text), "accepted: ") != 2 {
		t.Errorf("the journal does not say what was accepted (%v):\n%s", err, text)
	}
}
