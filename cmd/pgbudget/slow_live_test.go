package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// TestASlowLinkCostsTimeAlone: consoles and server are an eighth of a second away, through proxies that deliver every
// byte later. A step is taken, and taken back, and every sample is a whole one.
func TestASlowLinkCostsTimeAlone(t *testing.T) {
	l := labtest.Start(t, checkFleet())
	for _, p := range l.Processes {
		if _, err := lab.Query(t.Context(), p.DSN("app1", "app"), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	config, _ := movingConfig(t, l, "pools: [{pool: main/app, max: 5, load: {arrivals_per_sec: 10, mean_hold: 100ms}}, "+
		"{pool: ci/app, min: 10, max: 10, load: {arrivals_per_sec: 30, mean_hold: 150ms}}]\n"+
		"policy: {percent: 100, soak: 0s}\n")
	ports := []int{l.Server("pg").Port}
	for _, p := range l.Processes {
		ports = append(ports, p.Port)
	}
	for _, port := range ports {
		d, err := lab.NewDelay(fmt.Sprintf("127.0.0.1:%d", port), 60*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		rewrite(t, config, replaced(fmt.Sprintf("port=%d ", port), fmt.Sprintf("port=%d ", d.Port)))
	}
	for _, args := range [][]string{{"step", "--yes"}, {"rollback", "--yes", "--now"}} {
		r := command(t, l, append(args, "--config", config, "--window", "6s", "--every", "1s")...)
		if r.code != exitDone || strings.Contains(r.stderr, "hold ") || strings.Contains(r.stderr, "failed") {
			t.Errorf("%v: exit %d\n%s", args, r.code, r.stderr)
		}
		var sizes []string
		for _, p := range l.Processes {
			for _, row := range labtest.Show(t, p, "DATABASES") {
				if row["name"] == "app" {
					sizes = append(sizes, row["pool_size"])
				}
			}
		}
		if got, want := strings.Join(sizes, " "), map[string]string{"step": "5 10", "rollback": "5 5"}[args[0]]; got != want {
			t.Errorf("%v: sizes %s, want %s\n%s", args, got, want, r.stderr)
		}
	}
}
