package scenario

import (
	"math"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/sim"
)

func TestExpectationsAreRead(t *testing.T) {
	s := read(t, with("expect: ['budget_violations==0', main/app.wait_p99 < 50ms, main.cpu_max <= 85%, 'cpu_mean > 0.5', "+
		"main/jobs.busy >= 1.5, 'over_budget != 0', 'over_budget <= 1m30s']"))
	for i, want := range []Expectation{
		{Text: "budget_violations==0", Name: "budget_violations", Op: "==", Unit: Count},
		{Text: "main/app.wait_p99 < 50ms", Subject: "main/app", Name: "wait_p99", Op: "<", Bound: 0.05, Unit: Seconds},
		{Text: "main.cpu_max <= 85%", Subject: "main", Name: "cpu_max", Op: "<=", Bound: 0.85, Unit: Ratio},
		{Text: "cpu_mean > 0.5", Name: "cpu_mean", Op: ">", Bound: 0.5, Unit: Ratio},
		{Text: "main/jobs.busy >= 1.5", Subject: "main/jobs", Name: "busy", Op: ">=", Bound: 1.5, Unit: Erlangs},
		{Text: "over_budget != 0", Name: "over_budget", Op: "!=", Unit: Seconds},
		{Text: "over_budget <= 1m30s", Name: "over_budget", Op: "<=", Bound: 90, Unit: Seconds},
	} {
		got := s.Expect[i]
		if got.Where == "" {
			t.Errorf("%s has no place", got.Text)
		}
		if got.Where = ""; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if e := s.Expect[1]; e.Where != "s.yaml:6:34" {
		t.Errorf("the second stands at %s", e.Where)
	}
}

func TestNamedResultsAreReadFromARun(t *testing.T) {
	app := sim.PoolResults{ID: "a/app", Arrivals: 10, Done: 9, Assigned: 8, Waited: 4, TimedOut: 1, Refused: 2,
		Vanished: 3, WaitSum: 2, BusyErlangs: 1.5, MaxWaiting: 6, MaxConns: 7, LoginsFailed: 5}
	for _, d := range []time.Duration{0, 0, time.Second, time.Second} {
		app.Wait.Add(d)
	}
	total := app
	total.Arrivals = 11
	r := sim.Results{Total: total, Pools: []sim.PoolResults{app, {ID: "a/idle"}}, Servers: []sim.ServerResults{
		{Name: "x", MaxBackends: 20, LoginsRefused: 1, BudgetViolations: 2, OverBudget: time.Second, WorstConns: 30,
			Orphans: 3, CPUMean: 0.5, CPUMax: 0.75},
		{Name: "y", MaxBackends: 25, LoginsRefused: 4, BudgetViolations: 5, OverBudget: time.Minute, WorstConns: 10,
			Orphans: 6, CPUMean: math.NaN(), CPUMax: math.NaN()}}}
	for _, c := range []struct {
		name, subject string
		want          float64
	}{
		{"arrivals", "a/app", 10}, {"arrivals", "", 11}, {"done", "a/app", 9}, {"timed_out", "a/app", 1},
		{"refused", "a/app", 2}, {"vanished", "a/app", 3},
		{"waited", "a/app", 4}, {"wait_mean", "a/app", 0.25}, {"wait_p50", "a/app", 0}, {"wait_p90", "a/app", 1},
		{"wait_p99", "a/app", 1},
		{"wait_max", "a/app", 1}, {"busy", "a/app", 1.5}, {"max_waiting", "a/app", 6}, {"max_conns", "a/app", 7},
		{"logins_failed", "a/app", 5},
		{"budget_violations", "", 7}, {"budget_violations", "x", 2}, {"over_budget", "", 60}, {"max_backends", "", 25},
		{"logins_refused", "", 5}, {"worst_conns", "", 30},
		{"orphans", "y", 6}, {"cpu_max", "x", 0.75},
	} {
		e := Expectation{Name: c.name, Subject: c.subject}
		if got, ok := e.Value(r); !ok || got != c.want {
			t.Errorf("%s of %q: got %g %v, want %g", c.name, c.subject, got, ok, c.want)
		}
	}
	for name, subject := range map[string]string{"cpu_max": "y", "wait_mean": "a/idle", "cpu_mean": "",
		"wait_p99": "a/idle", "arrivals": "a/other", "orphans": "z", "unknown": ""} {
		if got, ok := (Expectation{Name: name, Subject: subject}).Value(r); ok {
			t.Errorf("%s of %q is %g, want none", name, subject, got)
		}
	}
}

func TestEveryNameIsExplainedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range Names {
		if seen[n.Name] || n.Meaning == "" || n.Unit == "" || (n.Of == OfPool) != (n.pool != nil) ||
			(n.Of == OfServer) != (n.server != nil) || (n.Of == OfRun) != (n.run != nil) {
			t.Errorf("%+v", n)
		}
		seen[n.Name] = true
	}
	if n, ok := NameOf("max_waiting"); !ok || !n.Counts() {
		t.Errorf("max_waiting: %+v", n)
	}
}
