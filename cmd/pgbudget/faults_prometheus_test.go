package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/live/clock"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// prometheusFaults causes those of a real Prometheus, on a lab of their own: exporters are direct clients, too.
func prometheusFaults(t *testing.T) string {
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "pg", MaxConnections: 40}},
		Groups: []lab.GroupSpec{
			{Name: "main", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 12}}},
			{Name: "ci", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 2}}},
		},
		Users:      []string{"app1", "app2"},
		Prometheus: true,
	})
	b := &bench{t: t, l: l}
	const hold = 60 * time.Millisecond
	offer(t, l, "main", 2/hold.Seconds(), hold)
	offer(t, l, "ci", 1.3/hold.Seconds(), hold)
	time.Sleep(3 * time.Second)
	asking := func(query string) func(*bench, string) string {
		return func(b *bench, text string) string {
			return text + fmt.Sprintf("prometheus: {url: '%s'}\nsaturation: [{name: active, query: '%s', hold: 0.9}]\n",
				l.PrometheusURL, query)
		}
	}
	const good = "sum(pgbouncer_pools_server_active_connections) / 40"
	signal := func(sig, back syscall.Signal) func(*bench) func() {
		return func(b *bench) func() {
			if err := l.SignalPrometheus(sig); err != nil {
				b.t.Fatal(err)
			}
			return func() {
				if back != 0 {
					_ = l.SignalPrometheus(back) // it is about to end anyway
				}
			}
		}
	}
	table := ""
	const pools = "{pool: main/app}, {pool: ci/app}"
	// what was read last is stale within the soak
	blind := fmt.Sprintf("soak: %v, soak_every: %v, every: %v, stale: %v", blindSoak, hungEvery, hungEvery, blindStale)
	for _, f := range []fault{
		{name: "a signal reads NaN", cause: nothing, config: asking("vector(0) / 0"), pools: pools, code: exitHeld,
			says: "NaN", rule: operr.RuleSignal},
		{name: "a signal has several series", cause: nothing, config: asking("up"), pools: pools, code: exitHeld,
			says: "series", rule: operr.RuleSignal},
		{name: "a signal has no series", cause: nothing, config: asking("no_such_metric"), pools: pools, code: exitHeld,
			says: "active of pg is not known", rule: operr.RuleSignal},
		{name: "Prometheus hangs in mid-step", policy: blind, cause: signal(syscall.SIGSTOP, syscall.SIGCONT),
			when: state.BeginStep, config: asking(good), pools: pools, moves: true, code: exitHeld,
			says: "active of pg is not known"},
		{name: "Prometheus hangs in mid-step, and cpu: alone asks it", policy: blind, cause: signal(syscall.SIGSTOP,
			syscall.SIGCONT), when: state.BeginStep, config: protected, pools: pools, moves: true, code: exitHeld,
			says: "cpu of pg is not known"},
		{name: "Prometheus is gone in mid-step", policy: blind, cause: signal(syscall.SIGKILL, 0), when: state.BeginStep,
			config: asking(good), pools: pools, moves: true, code: exitHeld, says: "active of pg is not known"},
	} {
		f.window = "3s" // loads are measured
		t.Run(f.name, func(t *testing.T) {
			judged(t, func(t *trial) { row := b.suffer(t, f); t.then(func() { table += row }) })
		})
	}
	return table
}

// backWithoutPrometheus takes a step and, with a config that asks a Prometheus that is gone for loads, CPU, a signal
// and a traffic switch, goes back.
func (b *bench) backWithoutPrometheus(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	b.t = t
	b.begin(t, fault{})
	before := files(t, b.l)
	took := command(t, b.l, "step", "--config", b.config, "--window", "3s", "--every", "300ms", "--yes")
	if took.code != 0 || fmt.Sprint(files(t, b.l)) == fmt.Sprint(before) {
		t.Fatalf("no step was taken: exit %d\n%s%s", took.code, took.stdout, took.stderr)
	}
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	asks := strings.Replace(strings.Replace(string(text), "pools: [", "pools: [{pool: main/gone}, ", 1), "headroom: {",
		"cpu: 'vector(0.1)', direct: {query: 'vector(1)'}, headroom: {", 1) +
		fmt.Sprintf("prometheus: {url: 'http://%s'}\n", gone.Addr()) +
		"saturation: [{name: active, query: 'vector(0)', hold: 0.9}]\n" +
		"shifts: [{from: main/app, to: ci/app, fraction: 30%, set: [echo, '{{.Percent}}'], get: 'vector(0)'}]\n"
	if err := os.WriteFile(b.config, []byte(asks), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"--dry-run", "--yes"} {
		r := command(t, b.l, "rollback", "--config", b.config, "--window", "3s", "--every", "300ms", more)
		if r.code != 0 || !strings.Contains(r.stderr, "the rollback goes on without") ||
			!strings.Contains(r.stderr, "it keeps its percentage") ||
			!strings.Contains(r.stderr, "direct connections count as the last run or this sample saw them") ||
			!strings.Contains(r.stderr, "main/gone is listed under pools: in the config, and no console shows this pool") {
			t.Fatalf("rollback %s: exit %d\n%s%s", more, r.code, r.stdout, r.stderr)
		}
		t.Log(r.stderr)
	}
	if after := files(t, b.l); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the files are not those of before:\n%s\nwas\n%s", after, before)
	}
}

// protected is a config whose plan alone asks Prometheus: no signal is watched.
func protected(b *bench, text string) string {
	return strings.Replace(text, "headroom: {", "cpu: 'vector(0.1)', headroom: {", 1) +
		fmt.Sprintf("prometheus: {url: '%s'}\n", b.l.PrometheusURL)
}

// jumpingClock is an hour off from some moment on, and has no other clock to know better.
type jumpingClock struct {
	clock.Wall
	by func() time.Duration
}

func (c jumpingClock) Now() time.Time { return time.Now().Add(c.by()).Round(0) }

// jump takes a step in this process, with a clock that is set ahead, and one with a clock that is set back, while the
// release drains.
func (b *bench) jump(t testing.TB) string {
	table := ""
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		name := "ahead"
		if by < 0 {
			name = "back"
		}
		b.t = t
		b.begin(t, fault{})
		before := files(t, b.l)
		t.Setenv("PGPASSFILE", b.l.PassFile)
		text, err := os.ReadFile(b.config)
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse(b.config, text, os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		m, err := newRunner(ctx, source{config: c, declared: c.Declared(), window: 3 * time.Second,
			every: 300 * time.Millisecond, timeout: 2 * time.Second}, false)
		if err != nil {
			t.Fatal(err)
		}
		closed := sync.OnceFunc(m.close)
		t.Cleanup(closed)
		m.clock = jumpingClock{by: func() time.Duration {
			if b.did(state.Release) {
				return by
			}
			return 0
		}}
		survey, err := m.survey(ctx, bouncer.ToPlan)
		if err == nil {
			survey, err = survey.Planned(sizing.Options{})
		}
		if err != nil {
			t.Fatal(err)
		}
		policy := c.MovingPolicy()
		policy.HoldFor = 0
		err = m.run(ctx, output{w: io.Discard, format: "table"}, survey, policy, 1, nil, false)
		closed()
		b.restore(t, before)
		code, said := exitCode(ctx, err), "done: what counts is what two samples show"
		if err != nil {
			said = volatile.ReplaceAllString(err.Error(), "…")
		}
		// with the clock set ahead, the time to drain is over at once where it had not drained yet
		if code != exitDone && (code != exitHeld || by < 0) {
			t.Errorf("%s: exit %d: %v", name, code, err)
		}
		table += fmt.Sprintf("| the clock is set an hour %s while a release drains | %s | %d |\n", name, said, code)
	}
	return table
}
