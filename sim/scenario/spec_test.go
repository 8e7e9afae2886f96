package scenario

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim"
)

func TestStarterReachesTheEngine(t *testing.T) {
	got := read(t, Starter).Spec()
	const ms, s, m, h = time.Millisecond, time.Second, time.Minute, time.Hour
	want := sim.Spec{
		Servers: []sim.ServerSpec{{Name: "main", MaxConns: 64, SuperuserReservedConns: 3, Budget: 64 - 3 - 2 - 5, Cores: 8,
			Sigma: 0.02, Kappa: 0.0001, BackgroundCores: 0.5,
			DirectConns: 3, Roles: []sim.LimitSpec{{Role: "cron", Conns: 10}}, LoginLatency: 5 * ms, ExitLatency: ms}},
		Groups: []sim.GroupSpec{{Name: "main", Processes: 2, Version: "1.24", Weights: []float64{1, 1},
			Settings: sim.Settings{ReservePoolTimeout: 5 * s, QueryWaitTimeout: 120 * s,
				ServerLifetime: h, ServerIdleTimeout: 10 * m, ServerLoginRetry: 15 * s, ServerCheckDelay: 30 * s,
				MaxClientConns: 1000}}},
		Pools: []sim.PoolSpec{
			{ID: "main/app", Server: "main", Database: "app_production", Mode: sim.Transaction, SizeConns: 12, ReserveConns: 2,
				MinConns: 2, WaitTimeout: m, Users: []sim.UserShare{{Name: "app", Share: 1}}, ForceUser: true},
			{ID: "main/jobs", Server: "main", SizeConns: 6, MaxDBConns: 8, Users: []sim.UserShare{{Name: "app", Share: 0.7},
				{Name: "cron", Share: 0.3}}}},
		Loads: []sim.LoadSpec{
			{Name: "web", Pool: "main/app", Open: &sim.OpenSpec{PerSec: 300, SCV: 1, Burst: &sim.BurstSpec{Low: 0.9, High: 1.4,
				LowMean: 4 * m, HighMean: m}, Sine: &sim.SineSpec{Amplitude: 0.1, Period: 24 * h}},
				Hold: sim.Law{Kind: sim.Lognormal, Mean: 30 * ms, SCV: 2}, CPU: 0.2, Idle: 0.1, Vanish: 0.0001},
			{Pool: "main/jobs", Closed: &sim.ClosedSpec{Clients: 40, Think: sim.Law{Kind: sim.Exponential, Mean: 2 * s}},
				Hold: sim.Law{Kind: sim.Quantiles, Points: []sim.QuantilePoint{{P: 0, D: 2 * ms}, {P: 0.5, D: 20 * ms},
					{P: 0.99, D: 400 * ms}, {P: 1, D: 2 * s}}}}},
		Shifts: []sim.ShiftSpec{{From: "main/app", To: "main/jobs", Fraction: 0.1}},
		Script: []sim.Action{
			{At: 3 * m, Kind: sim.SetShare, Percent: 50},
			{At: 5 * m, Kind: sim.SetSize, Pool: "main/app", Conns: 10}, {At: 5 * m, Kind: sim.SetSize, Pool: "main/jobs",
				Conns: 8}, {At: 5 * m, Kind: sim.SetReserve, Pool: "main/app"},
			{At: 6 * m, Kind: sim.SetLifetime, Pool: "main/app", For: 10 * s},
			{At: 7 * m, Kind: sim.SetLifetime, Pool: "main/app"}, {At: 7 * m, Kind: sim.Reconnect, Pool: "main/jobs"}},
		Faults: []sim.Fault{
			{Kind: sim.Autovacuum, From: 4 * m, For: m, Server: "main", Cores: 2},
			{Kind: sim.DirectConns, From: m, For: 20 * s, Every: 2 * m, Server: "main", Conns: 4},
			{Kind: sim.Surge, From: 8 * m, For: 30 * s, Pool: "main/app", Times: 1.2}},
		Signals: []sim.SignalSpec{{Name: "cpu", Server: "main", Builtin: "cpu", Interval: 15 * s, Lag: 2 * s}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsLeftOutIsLeftToTheEngine(t *testing.T) {
	got := read(t, with()).Spec()
	if g := got.Groups[0]; g.Settings != (sim.Settings{}) || g.Version != DefaultVersion || g.Weights != nil {
		t.Errorf("group %+v", g)
	}
	if p := got.Pools[0]; p.Users != nil || p.Mode != "" || p.Server != "main" {
		t.Errorf("pool %+v", p)
	}
	if o := got.Loads[0].Open; o.SCV != 0 || o.Burst != nil || o.Curve != nil || o.Sine != nil {
		t.Errorf("arrivals %+v", o)
	}
}

func TestATimeOutOfZeroIsNone(t *testing.T) {
	s := read(t, with("bouncers: [{group: main, settings: {reserve_pool_timeout: 0, query_wait_timeout: 0s, "+
		"server_idle_timeout: 0h, server_login_retry: 0s, server_round_robin: 1}}]")).Spec().Groups[0].Settings
	if want := (sim.Settings{ReservePoolTimeout: sim.Disabled, QueryWaitTimeout: sim.Disabled,
		ServerIdleTimeout: sim.Disabled, ServerLoginRetry: sim.Disabled, ServerRoundRobin: true}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}

func TestMetronomesAreToldFromPoisson(t *testing.T) {
	for text, want := range map[string]float64{"per_sec: 1": 0, "per_sec: 1, scv: 0": sim.Deterministic,
		"per_sec: 1, scv: 1": 1, "per_sec: 1, scv: 0.5": 0.5} {
		got := read(t, with("load: [{pool: main/app, arrivals: {"+text+"}, hold: {mean: 1ms}}]")).Spec().Loads[0].Open.SCV
		if got != want {
			t.Errorf("%s: scv %g, want %g", text, got, want)
		}
	}
}

func TestBudgetLeavesWhatAPlanLeaves(t *testing.T) {
	for _, c := range []struct {
		lines string
		want  int
	}{
		{"servers: [{name: main, max_connections: 100}]", 100 - 3 - 5},
		{"servers: [{name: main, max_connections: 500}]", 500 - 3 - 25},
		{"servers: [{name: main, max_connections: 501}]", 501 - 3 - 26},
		{"servers: [{name: main, max_connections: 500, headroom: {connections: 10%}}]", 500 - 3 - 50},
		{"servers: [{name: main, max_connections: 500, headroom: {connections: 0}}]", 500 - 3},
		{"servers: [{name: main, max_connections: 100, superuser_reserved_connections: 0, reserved_connections: 4}]",
			100 - 4 - 5},
		{"servers: [{name: main, max_connections: 100, direct: {conns: 7}}]", 100 - 3 - 5},
		{"ledger: [{server: main, name: backup, conns: 2}, {server: main, name: repl, conns: 3}]", 100 - 3 - 5 - 5},
	} {
		if got := read(t, with(c.lines)).Spec().Servers[0].Budget; got != c.want {
			t.Errorf("%s: budget %d, want %d", c.lines, got, c.want)
		}
	}
	if got := read(t, with("servers: [{name: main, max_connections: 100, direct: {conns: "+
		"7}}]")).Spec().Servers[0].DirectConns; got != 7 {
		t.Errorf("%d direct connections, want those of the server", got)
	}
}

func TestUsersMakePoolsOfTheLine(t *testing.T) {
	s := read(t, with("pools: [{pool: main/app, size: 10, users: [b, a], line_pools: 4}]"))
	if got, want := s.Spec().Pools[0].Users, []sim.UserShare{{Name: "a", Share: 1}, {Name: "b", Share: 1}}; !cmp.Equal(got,
		want) {
		t.Errorf("users %v, want %v", got, want)
	}
	_, err := Parse("s.yaml", []byte(with("databases: [{pool: main/app, users: {a: 10%, b: 20%, c: 30%, d: 40%, e: 0%}}]",
		"pools: [{pool: main/app, size: 11}]")), noEnv)
	if err == nil || !strings.Contains(err.Error(), "× 10 pools of the line make 110 connections") {
		t.Errorf("five users on two processes: %v", err)
	}
}

func TestAStepReleasesBeforeItGrants(t *testing.T) {
	s := read(t, with("script: [{at: 2m, set: {main/app: 8, main/jobs: 6}}, {at: 3m, set: {main/app: 9, main/jobs: 4}}, "+
		"{at: 1m, set: {main/app: 12}}]"))
	var got []string
	for _, a := range s.Spec().Script {
		got = append(got, fmt.Sprintf("%s %s %d", a.At, a.Pool, a.Conns))
	}
	want := []string{"1m0s main/app 12", "2m0s main/app 8", "2m0s main/jobs 6", "3m0s main/jobs 4", "3m0s main/app 9"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestASignalWithoutAServerIsReadOnEach(t *testing.T) {
	two := with("servers: [{name: a, max_connections: 100}, {name: b, max_connections: 100}]",
		"pools: [{pool: main/app, server: a, size: 10}]",
		"saturation: [{name: w, builtin: waiting, hold: 1}, {name: l, builtin: lag, hold: 1}]", "scrape: {interval: 5s}")
	var got []string
	for _, x := range read(t, two).Spec().Signals {
		got = append(got, x.Name+"@"+x.Server)
	}
	if want := []string{"w@a", "w@b", "l@"}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestEventsAreEstimated runs scenarios and wants the estimate within a tenth of what the engine took.
func TestEventsAreEstimated(t *testing.T) {
	for _, lines := range []string{
		"horizon: 2m",
		"horizon: 2m\nload: [{pool: main/app, arrivals: {per_sec: 100}, hold: {mean: 50ms}, cpu: 40%}]",
		"horizon: 2m\nload: [{pool: main/app, clients: {count: 10, think: {mean: 100ms}}, hold: {mean: 20ms}}]",
		"horizon: 2m\nload: [{pool: main/app, clients: {count: 200, think: {mean: 1ms}}, hold: {mean: 20ms}}]",
		"horizon: 1h\nload: [{pool: main/app, arrivals: {per_sec: 20, curve: [{at: 0s, times: 0}, {at: 10m, times: 2}, " +
			"{at: " +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"" +
			"20m, times: 0}]}, hold: {mean: 50ms}}]",
		"horizon: 10m\nwarmup: 0s\nfaults: [{kind: surge, pool: main/app, times: 3, from: 1m, for: 1m, every: 2m}]",
		"horizon: 10m\nload: []",
	} {
		s := read(t, with(strings.Split(lines, "\n")...))
		w, err := sim.New(s.Spec(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Sleep(context.Background(), s.Warmup+s.Horizon); err != nil {
			t.Fatal(err)
		}
		if got, want := s.Events(), float64(w.Results().Events); math.Abs(got-want) > 0.1*want {
			t.Errorf("%s: estimated %.0f events, it took %.0f", lines, got, want)
		}
	}
}

func TestTooMuchIsRefusedWithTheEstimate(t *testing.T) {
	s := read(t, with("horizon: 366d", "every: 1h"))
	err := s.CheckSize(5)
	want := "s.yaml: 5 runs of 8784h5m0s each (warm-up and horizon) are about 3.3e+10 events, 54 min at 10 million " +
		"events per second, and at most 1e+09 are run: " +
		"lower horizon, seeds, or the rates under load, of which load[0] at s.yaml:5:9 (100 transactions per second) asks " +
		"most"
	if err == nil || err.Error() != want || operr.KindOf(err) != operr.KindUsage {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if err := read(t, with()).CheckSize(5); err != nil {
		t.Error(err)
	}
	a, b := read(t, with("horizon: 60h")), read(t, with("horizon: 60h"))
	if CheckSizes(10, a) != nil || CheckSizes(10, a, b, a) == nil {
		t.Errorf("%g events each: three times that is too much, once is not", a.Events()*10)
	}
	for lines, want := range map[string]string{
		"oversubscribed: true\npools: [{pool: main/a, size: 262143}, {pool: main/b, size: 262143}, {pool: main/c, size: " +
			"262143}, {pool: main/app, size: 262143}]": "2097144 server connections",
		"pools: [{pool: main/app, size: 1}, {pool: main/jobs, size: 1}]\nload: [" +
			strings.Repeat("{name: %, pool: main/app, clients: {count: 1000000, think: {mean: 20h}}, hold: {mean: 1ms}}, ", 3) +
			"]": "3000000 clients",
	} {
		for i := range 3 {
			lines = strings.Replace(lines, "name: %", fmt.Sprintf("name: n%d", i), 1)
		}
		err := read(t, with(strings.Split(lines, "\n")...)).CheckSize(1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
