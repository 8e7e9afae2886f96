package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestEstimateSaysWhatItHasUsed: a history of too few minutes is not used, and a plan says so, too.
func TestEstimateSaysWhatItHasUsed(t *testing.T) {
	out, talk, err := offline(t, "estimate", "--from", "../../fixtures/recordings/lab.jsonl")
	if err != nil {
		t.Fatal(talk)
	}
	const want = "from 31 samples over 2m0s alone: the history that Prometheus has (pgbouncer_exporter up to 0.10) is " +
		"of " +
		"3 minutes, 30 needed\n"
	if !strings.Contains(out, want) {
		t.Errorf("want %q in\n%s", want, out)
	}
	minutes := func(pool string, n int, full float64) load.PoolHistory {
		return load.PoolHistory{Pool: pool, Erlangs: load.Histogram{Samples: n}, Censored: full}
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	loads := []load.Load{{Pool: "a/x"}, {Pool: "b/x"}, {Pool: "c/x", Unknown: verdict.Print(verdict.NeverShown, "")}}
	for _, c := range []struct {
		name    string
		history load.History
		want    string
	}{
		{"none", load.History{}, "3 samples over 1m0s"},
		{"of all", load.History{Lookback: time.Hour, Dialect: "d", Pools: []load.PoolHistory{minutes("a/x", 30, 0),
			minutes("b/x", 60, 0)}},
			"3 samples over 1m0s, and the history of the last 1h (d)"},
		{"full all the time", load.History{Lookback: time.Hour, Dialect: "d", Pools: []load.PoolHistory{minutes("a/x", 30, 0),
			minutes("b/x", 0, 1)}},
			"3 samples over 1m0s, and the history of the last 1h (d)"},
		{"of one", load.History{Lookback: time.Hour, Dialect: "d", Pools: []load.PoolHistory{minutes("a/x", 29, 0),
			minutes("b/x", 60, 0)}},
			"3 samples over 1m0s, and the history of the last 1h (d), except of a/x: the history is of 29 minutes, 30 needed"},
		{"of a pool whose load is not known", load.History{Lookback: time.Hour, Dialect: "d",
			Pools: []load.PoolHistory{minutes("c/x", 60, 0)}},
			"3 samples over 1m0s alone: the history that Prometheus has (d) is of 0 minutes, 30 needed"},
	} {
		e := load.Evidence{Samples: 3, From: noon, To: noon.Add(time.Minute), History: c.history}
		if got := usedText(e, loads); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
