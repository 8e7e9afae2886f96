package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestRunMovesTheDatabasesOfAStar has a fleet whose largest pool is the line of *, by which two databases live: its
// size is default_pool_size, and a line of its own is none of it.
func TestRunMovesTheDatabasesOfAStar(t *testing.T) {
	generations(t, func(t *testing.T, gen lab.Generation) { judged(t, func(t *trial) { movesAStar(t, gen) }) })
}

func movesAStar(t *trial, gen lab.Generation) {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 35}},
		Groups: []lab.GroupSpec{
			{Name: "auto", Generation: gen, Settings: map[string]string{"default_pool_size": "13"},
				Aliases: []lab.AliasSpec{{Name: "*"}, {Name: "own", PoolSize: 2, DBName: "app"}}},
			{Name: "ci", Generation: gen, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}},
		},
		Users: []string{"app1"},
	})
	config, _ := movingConfig(t, l,
		"pools: [{pool: 'auto/*'}, {pool: ci/app}]\npolicy: {percent: 20, soak: 1s, soak_every: 1s}\n")
	auto, ci := l.Process("auto", 0), l.Process("ci", 0)
	hold := 50 * time.Millisecond
	speed := paceFor(t, l, "ci", 5/hold.Seconds(), hold)
	hold = slower(hold, speed)
	for i, dsn := range []string{auto.DSN("app1", "app"), auto.DSN("app1", "postgres"), auto.DSN("app1", "own"),
		ci.DSN("app1", "app")} {
		r, err := clients.OpenLoop{DSN: dsn, PerSec: 1.2 / hold.Seconds(), Body: clients.Body{Hold: clients.Exp(hold)},
			Seed:       uint64(i),
			MaxClients: 300}.Start(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Stop() })
		t.lags(r)
	}
	time.Sleep(time.Second)
	before, err := os.ReadFile(auto.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	r := command(t, l, "run", "--config", config, "--window", slower(10*time.Second, speed).String(), "--every", "500ms",
		"--yes")
	if r.code != 0 || !strings.Contains(r.stderr, "auto/* 13 →") {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	after, err := os.ReadFile(auto.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	old := strings.Split(string(before), "\n")
	for i, line := range strings.Split(string(after), "\n") {
		if line != old[i] {
			changed = append(changed, line)
		}
	}
	if len(changed) != 1 || !strings.HasPrefix(changed[0], "default_pool_size = ") {
		t.Errorf("changed: %q", changed)
	}
	rows, err := auto.Show(t.Context(), "DATABASES")
	if err != nil {
		t.Fatal(err)
	}
	size := strings.TrimPrefix(changed[0], "default_pool_size = ")
	for _, row := range rows {
		if want := map[string]string{"app": size, "postgres": size, "own": "2"}[row["name"]]; want != "" &&
			row["pool_size"] != want {
			t.Errorf("%s has a size of %s, want %s", row["name"], row["pool_size"], want)
		}
	}
}
