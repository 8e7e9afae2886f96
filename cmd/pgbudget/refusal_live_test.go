package main

import (
	"os"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestWhichStepWouldEndIsSaid: a SET that a RELOAD would undo bars a step that reloads that process, and
// of no other.
func TestWhichStepWouldEndIsSaid(t *testing.T) {
	t.Parallel()
	group := func(name string) lab.GroupSpec {
		return lab.GroupSpec{Name: name, Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}}
	}
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 40}}, Users: []string{"app1"},
		Groups: []lab.GroupSpec{group("one"), group("two")}})
	const load = "min: 4, max: 4, load: {arrivals_per_sec: 1, mean_hold: 10ms}"
	config, _ := movingConfig(t, l, "pools: [{pool: one/app, "+load+"}, {pool: two/app, "+load+"}]\n"+
		"policy: {percent: 3, soak: 1s, soak_every: 500ms}\n")
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	look := func(words ...string) result {
		return command(t, l, append(words, "--config", config, "--window", "2s", "--every", "500ms")...)
	}
	if r := look("step", "--yes"); r.code != exitDone {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := command(t, l, "status", "--config", config); !strings.Contains(r.stdout,
		": one/app 4, two/app 4; 3 steps to come\n") {
		t.Errorf("status after a step of four:\n%s%s", r.stdout, r.stderr)
	}
	goesOn := " wants one/app 4, two/app 4: pgbudget step --config " + config + " continues\n"
	if r := command(t, l, "explain", "--config", config); !strings.Contains(r.stdout, goesOn) {
		t.Errorf("why after a step of four: want %q\n%s%s", goesOn, r.stdout, r.stderr)
	}
	first := look("step", "--dry-run")
	far, near := "two", "one"
	if strings.Contains(first.stdout, "grant    two/app") {
		far, near = near, far
	}
	one := strings.Contains(first.stdout, "grant    "+near+"/app") && !strings.Contains(first.stdout,
		"grant    "+far+"/app")
	if first.code != exitDone || !one {
		t.Fatalf("exit %d, want a first step of one pool:\n%s%s", first.code, first.stdout, first.stderr)
	}
	for _, c := range []struct {
		group, plan string
		step        int
	}{
		{far, "the next step may begin; a later step that changes " + far + "/app would end with 7 now: ", exitDone},
		{near, "pgbudget step would end with 7 now: ", exitDrift},
	} {
		if err := l.Process(c.group, 0).Command(t.Context(), "SET query_timeout=7"); err != nil {
			t.Fatal(err)
		}
		if r := look("plan"); !strings.Contains(r.stderr, "note: "+c.plan) {
			t.Errorf("plan: want %q\n%s%s", c.plan, r.stdout, r.stderr)
		}
		if r := look("step", "--dry-run"); r.code != c.step {
			t.Errorf("step: exit %d, want %d\n%s%s", r.code, c.step, r.stdout, r.stderr)
		}
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	lost := strings.ReplaceAll(string(text), l.Process(far, 0).IniPath, l.Process(far, 0).IniPath+"x")
	for _, want := range []string{"a step that changes a pool of " + far + " would end with 2 now: ",
		"pgbudget step would end with 2 now: "} {
		if err := os.WriteFile(config, []byte(lost), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := command(t, l, "status", "--look", "--config", config); !strings.Contains(r.stderr, "note: "+want) {
			t.Errorf("status: want %q\n%s%s", want, r.stdout, r.stderr)
		}
		lost = strings.ReplaceAll(lost, l.Process(near, 0).IniPath, l.Process(near, 0).IniPath+"x")
	}
}
