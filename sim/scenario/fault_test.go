package scenario

import (
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/planner/operr"
)

func TestWhatCannotBeIsRefusedWithItsPlace(t *testing.T) {
	load := func(rest string) string { return "load: [{pool: main/app, " + rest + "}]" }
	open := func(rest string) string {
		return "load: [{pool: main/app, arrivals: {per_sec: 1}, hold: {mean: 1ms}" + rest + "}]"
	}
	hold := func(law string) string {
		return "load: [{pool: main/app, arrivals: {per_sec: 1}, hold: " + law + "}]"
	}
	fault := func(rest string) string { return "faults: [{from: 1m, " + rest + "}]" }
	for _, c := range []struct{ lines, want string }{
		// How long and how often.
		{"horizon:", "s.yaml:1:9: horizon is missing: how long is simulated"},
		{"horizon: 10", `s.yaml:1:10: horizon is "10", want a time with its unit`},
		{"horizon: 400d", "horizon is 9600h0m0s, want 1s to 8784h0m0s"},
		{"warmup: -1s", "s.yaml:6:9: warmup is -1s, want at least 0"},
		{"every: 100us", "every is 100µs, want 1ms to 8784h0m0s"},
		{"horizon: 366d\nevery: 1s", "every is 1s: 3.16e+07 samples over the horizon of 8784h0m0s, want at most 1e+06"},
		{"seeds: 0", "seeds is 0, want 1 to 10000"},
		{"seeds: 1.5", `seeds is "1.5", want a whole number`},
		{"seed: -1", "seed is -1, want 0 to"},
		{"oversubscribed: perhaps", `oversubscribed is "perhaps", want true or false`},
		{"unheard: 1", `s.yaml:6:1: unknown field "unheard"`},
		{"title: a\ntitle: b", `mapping key "title" already defined`},

		// The fleet.
		{"servers: []", "servers is missing or empty: nothing can be simulated"},
		{"groups: []", "groups is missing or empty"},
		{"pools: []", "pools is missing or empty"},
		{"servers: [{name: main, dsn: host=h}]", "servers[0].max_connections is missing: a simulated server cannot be asked"},
		{"servers: [{name: main, max_connections: 8}]",
			"servers[0].max_connections is 8, and reserved connections, ledger and headroom leave 0 of it"},
		{"groups: [{name: main, processes: []}]", "groups[0].processes is missing or empty"},
		{"pools: [{pool: ci/app, size: 1}]\nload: []", `pools[0].pool is "ci/app", and groups: has no "ci": there are main`},
		{"pools: [{pool: main/app}]", "pools[0].size is missing"},
		{"pools: [{pool: main/app, size: 0}]", "pools[0].size is 0: PgBouncer 1.24 and later take that as unlimited"},
		{"pools: [{pool: main/app, size: 1, server: other}]", `pools[0].server is "other", which is not among servers:`},
		{"pools: [{pool: main/app, size: 1, server: elsewhere}]", "pools[0].server is elsewhere"},
		{"servers: [{name: a, max_connections: 100}, {name: b, max_connections: 100}]",
			"pools[0].server is missing, and there are 2 servers"},
		{"pools: [{pool: main/app, size: 51}]",
			"s.yaml:4:32: pools[0].size is 51: × 2 pools of the line make 102 connections, and main has max_connections 100; " +
				"write " +
				"oversubscribed: true"},
		{"pools: [{pool: main/app, size: 1, line_pools: 3}]",
			"pools[0].line_pools is 3, and 2 processes × 1 users are 2: leave it out"},
		{"pools: [{pool: main/app, size: 1, reserve_size: 262143}]\noversubscribed: true",
			"pools[0].reserve_size is 262143, with size 1 more than 262143"},
		{"bouncers: [{group: ci}]", `bouncers[0].group is "ci", which is no group: there are main`},
		{"bouncers: [{group: main}, {group: main}]", `bouncers[1].group is "main", which stands at s.yaml:6:20 already`},
		{"bouncers: [{group: main, version: 1.19}]", `bouncers[0].version is "1.19", want 1.18, 1.24`},
		{"bouncers: [{group: main, weights: [1]}]", "bouncers[0].weights are 1, and the group has 2 processes"},
		{"bouncers: [{group: main, weights: [0, 0]}]", "bouncers[0].weights add up to 0"},
		{"bouncers: [{group: main, weights: [1, -1]}]", "bouncers[0].weights[1] is -1, want 0 to 1e+06"},
		{"bouncers: [{group: main, settings: {server_lifetime: 0s}}]",
			"settings.server_lifetime is 0: PgBouncer then uses each connection once"},
		{"bouncers: [{group: main, settings: {server_check_delay: 0s}}]", "settings.server_check_delay is 0"},
		{"bouncers: [{group: main, settings: {query_wait_timeout: 120}}]",
			`settings.query_wait_timeout is "120", want a time with its unit`},
		{"bouncers: [{group: main, settings: {max_client_conn: 0}}]", "settings.max_client_conn is 0, want 1 to 1000000"},
		{"bouncers: [{group: main, settings: {pool_mode: session}}]", `unknown field "pool_mode"`},
		{"postgres: [{server: b}]", `postgres[0].server is "b", which is not among servers:`},
		{"postgres: [{}, {}]", `postgres[1].server is "main", which stands at s.yaml:6:12 already`},
		{"postgres: [{kappa: 2}]", "postgres[0].kappa is 2, want 0 to 1"},
		{"servers: [{name: main, max_connections: 100}]\npostgres: [{sigma: 0.1}]",
			"postgres[0] describes the CPU of main, which has no cores: under servers:"},
		{"postgres: [{roles: {cron: -1}}]", "s.yaml:6:27: postgres[0].roles.cron is -1, want 0 to 262143"},
		{"databases: [{pool: main/x}]", `databases[0].pool is "main/x", which is not among pools:`},
		{"databases: [{pool: main/app, mode: statement}]", `databases[0].mode is "statement", want transaction, session`},
		{"databases: [{pool: main/app, users: {a: 60%, b: 60%}}]", "databases[0].users add up to 120 %, want 100 %"},
		{"databases: [{pool: main/app, users: {a: 160%}}]", "databases[0].users.a is 160%, want 0 to 100%"},
		{"databases: [{pool: main/app, force_user: a, users: {a: 50%, b: 50%}}]",
			`databases[0].force_user is "a": every client is that user to the server, and users: are a, b; leave them out`},
		{"pools: [{pool: main/app, size: 1, users: [a, b]}]\ndatabases: [{pool: main/app, users: {a: 100%}}]",
			`databases[0].users lacks "b", which is among the users of pool main/app`},

		// Who asks for what.
		{"load: [{pool: main/x, arrivals: {per_sec: 1}, hold: {mean: 1s}}]",
			`s.yaml:5:15: load[0].pool is "main/x", which is not among pools:`},
		{load("hold: {mean: 1s}"), "load[0] has neither arrivals: nor clients:"},
		{load("hold: {mean: 1s}, arrivals: {per_sec: 1}, clients: {count: 1, think: {mean: 1s}}"),
			"load[0] has both arrivals: and clients:"},
		{load("arrivals: {per_sec: 1}"), "load[0].hold is missing"},
		{load("arrivals: {}, hold: {mean: 1s}"), "load[0].arrivals.per_sec is missing"},
		{load("arrivals: {per_sec: -1}, hold: {mean: 1s}"), "s.yaml:5:45: load[0].arrivals.per_sec is -1, want 0 to 1e+07"},
		{load("arrivals: {per_sec: .inf}, hold: {mean: 1s}"), "load[0].arrivals.per_sec is"},
		{load("arrivals: {per_sec: 1e6}, hold: {mean: 1s}"),
			"load[0] is 1e+06 Erlangs (per_sec × mean hold): more than any PostgreSQL has connections (262143)"},
		{load("arrivals: {per_sec: 1, scv: -1}, hold: {mean: 1s}"), "load[0].arrivals.scv is -1, want 0 to 10000"},
		{load("arrivals: {per_sec: 1, burst: {low: 0, high: 0, low_for: 1s, high_for: 1s}}, hold: {mean: 1s}"),
			"load[0].arrivals.burst has low 0 and high 0"},
		{load("arrivals: {per_sec: 1, burst: {low: 1, high: 2, low_for: 1us}}, hold: {mean: 1s}"),
			"burst.low_for is 1µs, want 1ms to"},
		{load("arrivals: {per_sec: 1, burst: {low: 1, high: 2, low_for: 1s}}, hold: {mean: 1s}"),
			"burst.high_for is missing"},
		{load("arrivals: {per_sec: 1, sine: {amplitude: 120%, period: 1h}}, hold: {mean: 1s}"),
			"sine.amplitude is 120%, want 0 to 100%"},
		{load("arrivals: {per_sec: 1, sine: {amplitude: 20%}}, hold: {mean: 1s}"), "sine.period is missing"},
		{load("arrivals: {per_sec: 1, sine: {amplitude: 1, period: 1h}, curve: [{at: 0s, times: 1}, {at: 1s, times: 1}]}, " +
			"hold: {mean: 1s}"), "has both curve: and sine:"},
		{load("arrivals: {per_sec: 1, curve: [{at: 0s, times: 1}]}, hold: {mean: 1s}"),
			"curve has 1 corners, want 2 to 1000"},
		{load("arrivals: {per_sec: 1, curve: [{at: 1s, times: 1}, {at: 2s, times: 1}]}, hold: {mean: 1s}"),
			"curve[0].at is 1s, want 0s"},
		{load("arrivals: {per_sec: 1, curve: [{at: 0s, times: 1}, {at: 0s, times: 1}]}, hold: {mean: 1s}"),
			"curve[1].at is 0s, want more than 0s"},
		{load("arrivals: {per_sec: 1, curve: [{at: 0s, times: 1}, {at: 1s, times: 2}]}, hold: {mean: 1s}"),
			"curve[1].times is 2, want 1 as at the first corner"},
		{load("arrivals: {per_sec: 1, curve: [{at: 0s, times: 0}, {at: 1s, times: 0}]}, hold: {mean: 1s}"),
			"curve is 0 throughout"},
		{load("hold: {mean: 1s}, clients: {count: 0, think: {mean: 1s}}"), "load[0].clients.count is 0, want 1 to 1000000"},
		{load("hold: {mean: 1s}, clients: {count: 1}"), "load[0].clients.think is missing"},
		{load("hold: {mean: 1s}, clients: {count: 1, think: {mean: 0s}}"),
			"load[0].clients.think.mean is 0s, want 100µs to 24h0m0s"},
		{"load: [{pool: main/app, arrivals: {per_sec: 1}, hold: {mean: 1s}}, {pool: main/app, arrivals: {per_sec: 1}, " +
			"hold: " +
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
			"{mean: 1s}}]", `load[1].pool is "main/app", as the load at s.yaml:5:9: give each a name of its own`},
		{open(", cpu: 60%, idle_in_transaction: 50%"),
			"load[0].cpu is 60 % and idle_in_transaction 50 %: together 110 % of the hold"},
		{open(", vanish: 2"), "load[0].vanish is 2, want 0 to 100%"},
		{"servers: [{name: main, max_connections: 100}]\n" + open(", cpu: 10%"),
			"load[0].cpu is 10 %, and server main has no cores"},

		// Distributions.
		{hold("{}"), "load[0].hold has neither mean: nor quantiles:"},
		{hold("{mean: 1ns}"), "load[0].hold.mean is 1ns, want 1µs to 24h0m0s"},
		{hold("{mean: 1s, law: normal}"),
			`load[0].hold.law is "normal", want exponential, deterministic, lognormal, hyperexponential`},
		{hold("{mean: 1s, scv: 2}"), "load[0].hold.scv is 2, and law: is not given"},
		{hold("{mean: 1s, law: exponential, scv: 2}"), "load[0].hold.scv is 2, and exponential times have 1"},
		{hold("{mean: 1s, law: deterministic, scv: 1}"), "load[0].hold.scv is 1, and deterministic times have 0"},
		{hold("{mean: 1s, law: lognormal}"), "load[0].hold.scv is missing, and law: lognormal needs it"},
		{hold("{mean: 1s, law: lognormal, scv: 0}"), "load[0].hold.scv is 0, want more than 0 for law: lognormal"},
		{hold("{mean: 1s, law: hyperexponential, scv: 0.5}"),
			"load[0].hold.scv is 0.5, want at least 1 for law: hyperexponential"},
		{hold("{quantiles: {0%: 1ms, 50%: 2ms}}"), "load[0].hold.quantiles span 0% to 50%, want 0% to 100%"},
		{hold("{quantiles: {0%: 2ms, 100%: 1ms}}"), "load[0].hold.quantiles do not rise: 2ms at 0%, then 1ms at 100%"},
		{hold("{quantiles: {0%: 1ms, 50%: 2ms, 0.5: 3ms, 100%: 4ms}}"),
			"load[0].hold.quantiles do not rise: 2ms at 50%, then 3ms at 50%"},
		{hold("{quantiles: {0%: 1ms, half: 2ms, 100%: 4ms}}"), `load[0].hold.quantiles.half is "half", want a share`},
		{hold("{quantiles: {0%: 1ms, 100%: 4}}"),
			`s.yaml:5:83: load[0].hold.quantiles.100% is "4", want a time with its unit`},
		{hold("{quantiles: {0%: 0s, 100%: 0s}}"), "load[0].hold.quantiles have a mean of 0s, want at least 1µs"},
		{hold("{quantiles: {0%: 1ms, 100%: 4ms}, mean: 1s}"), "load[0].hold has quantiles: beside mean:"},

		// What is changed on purpose.
		{"shift: {from: main/app, to: main/app, fraction: 10%}",
			`shift.to is "main/app", the pool that the load is taken from`},
		{"shift: {from: main/app, to: main/x, fraction: 10%}", `shift.to is "main/x", which is not among pools:`},
		{"shift: {from: main/app, to: main/jobs}", "shift.fraction is missing"},
		{"shift: {from: main/app, to: main/jobs, fraction: 1, share: 101}", "shift.share is 101, want 0 to 100 (%)"},
		{"script: [{at: 1m}]", "script[0] changes nothing: want set:"},
		{"script: [{set: {main/app: 1}}]", "script[0].at is missing"},
		{"script: [{at: 1m, set: {main/x: 1}}]", `s.yaml:6:33: script[0].set.main/x is "main/x", which is not among pools:`},
		{"script: [{at: 1m, set: {main/app: 0}}]",
			"script[0].set.main/app is 0: PgBouncer 1.24 and later take that as unlimited"},
		{"script: [{at: 1m, set: {main/app: 51}}]",
			"script[0].set.main/app is 51: × 2 pools of the line make 102 connections"},
		{"script: [{at: 1m, share: 5}]", "script[0].share is set, and the scenario has 0 shifts, want 1"},
		{"script: [{at: 1m, reconnect: main/x}]", `script[0].reconnect is "main/x"`},
		{"script: [{at: 1m, lifetime: {main/app: 1ms}}]", "script[0].lifetime.main/app is 1ms, want 1s to"},
		{"script: [{at: 1m, lifetime: {main/app: 1s}}]\nbouncers: [{group: main, version: '1.18'}]",
			"script[0].lifetime.main/app is set, and group main runs PgBouncer 1.18"},
		{"script: [{at: 1m, set: [main/app]}]", "s.yaml:6:"},

		// What goes wrong.
		{fault("kind: earthquake"),
			`faults[0].kind is "earthquake", want autovacuum, direct, pile, surge, slow, scrape, silent, silent-reload, host-lost, put-back`},
		{"faults: [{kind: scrape}]", "faults[0].from is missing"},
		{fault("kind: autovacuum"), "faults[0].cores is missing, and kind: autovacuum needs it"},
		{fault("kind: autovacuum, cores: 1, pool: main/app"), "faults[0].pool has no meaning for kind: autovacuum"},
		{"servers: [{name: main, max_connections: 100}]\n" + fault("kind: autovacuum, cores: 1"),
			"faults[0].cores are taken from server main, which has no cores under servers:"},
		{fault("kind: direct, conns: 0"), "faults[0].conns is 0, want 1 to 262143"},
		{fault("kind: direct, conns: 1, server: b"), `faults[0].server is "b", which is not among servers:`},
		{fault("kind: host-lost"), "faults[0].process is missing"},
		{fault("kind: host-lost, process: main/3"), `faults[0].process is "main/3", and main has processes main/1 to main/2`},
		{fault("kind: host-lost, process: main/01"), `faults[0].process is "main/01", and main has processes`},
		{fault("kind: host-lost, process: b"),
			`faults[0].process is "b", want group/number, such as main/1, of a group: there are main`},
		{fault("kind: surge, pool: main/jobs, times: 2"),
			`faults[0].pool is "main/jobs", which has no load that kind: surge could change`},
		{fault("kind: surge, pool: main/app, times: 0"), "faults[0].times is 0, want 0.001 to 1000"},
		{fault("kind: slow, pool: main/app, times: 2, for: 5m, every: 5m"),
			"faults[0].every is 5m0s, want more than for: 5m0s"},
		{fault("kind: slow, pool: main/app, times: 2, every: 5m"),
			"faults[0].for is missing: what never ends cannot come again 5m0s later"},
		{fault("kind: put-back, pool: main/app, conns: 60"),
			"faults[0].conns is 60: × 2 pools of the line make 120 connections"},
		{fault("kind: put-back, pool: main/app, conns: 6, for: 1m"), "faults[0].for has no meaning for kind: put-back"},
		{"scrape: {interval: 0s}", "scrape.interval is 0s, want 1ms to"},

		// What is expected.
		{"expect: [everything is fine]", `s.yaml:6:10: expect[0] is "everything is fine", want NAME OP VALUE`},
		{"expect: [wait_p98 < 1s]", `expect[0] names "wait_p98", want one of arrivals, done,`},
		{"expect: [wait_p99 < 50]", `expect[0] (wait_p99 < 50) compares with "50", want a time with its unit`},
		{"expect: [timed_out == 1%]", `compares with "1%", want a number`},
		{"expect: [cpu_max < 85]", `compares with "85", want a share such as 85% or 0.85`},
		{"expect: [main/x.wait_p99 < 50ms]", `is about "main/x", which is neither among pools: nor among servers:`},
		{"expect: [main.wait_p99 < 50ms]", "is about server main, and wait_p99 is a pool's"},
		{"expect: [main/app.orphans == 0]", "is about pool main/app, and orphans is a server's"},
		{"servers: [{name: main, max_connections: 100}]\nexpect: [cpu_max < 85%]", "needs a server with cores"},
		{"servers: [{name: main, max_connections: 100}]\nexpect: [main.cpu_max < 85%]", "needs the cores of server main"},

		// YAML.
		{"title: &a b", "tags, anchors, aliases and merge keys are not read here"},
		{"title: [", "s.yaml:6:"},
	} {
		s, err := Parse("s.yaml", []byte(with(strings.Split(c.lines, "\n")...)), noEnv)
		if err == nil {
			t.Errorf("%s was taken as %+v, want %q", c.lines, s.Spec(), c.want)
			continue
		}
		if operr.KindOf(err) != operr.KindUsage || operr.HintOf(err) == "" || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "s.yaml:") {
			t.Errorf("%s:\n got %v\nwant %s", c.lines, err, c.want)
		}
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	_, err := Parse("s.yaml", []byte(with("horizon: 1", "seeds: many", "pools: [{pool: main/app, size: x}]",
		"expect: [a b c]", "faults: [{kind: x}]", "script: [{at: 1m}]")), noEnv)
	if err == nil {
		t.Fatal("Parse took six faults, want an error that names each")
	}
	for _, want := range []string{"s.yaml:1:10: horizon", `seeds is "many"`, `pools[0].size is "x"`, "expect[0] is",
		"faults[0].kind", "script[0] changes nothing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	_, err = Parse("s.yaml", []byte(with("wieght: 1", "load: [{pol: main/app}]", "zeds: 1")), noEnv)
	if got, want := err.Error(),
		"s.yaml:5:9: unknown field \"pol\", did you mean pool?\ns.yaml:6:1: unknown field \"wieght\"\ns.yaml:7:1: unknown "+
			"field \"zeds\""; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsLegalAndPerhapsNotMeantIsAWarning(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"load: []", "load is missing or empty: nobody asks for anything"},
		{"script: [{at: 11m1s, set: {main/app: 5}}]",
			"s.yaml:6:15: script[0].at is 11m1s, and the run ends at 11m0s (warm-up and horizon): it never comes"},
		{"faults: [{kind: scrape, from: 1h}]", "faults[0].from is 1h0m0s, and the run ends"},
		{"saturation: [{name: a, builtin: lag, hold: 1}]",
			`saturation[0].builtin is "lag", which is not modelled: "a" reads as an error`},
		{"saturation: [{name: a, query: up, hold: 1}]",
			`saturation[0].query is PromQL, and a simulation has no Prometheus: "a" reads as an error`},
		{"servers: [{name: main, max_connections: 100}]\nsaturation: [{name: a, builtin: cpu, hold: 1}]",
			"saturation[0].builtin is cpu, and a server has no cores"},
		{"pools: [{pool: main/app, size: 10, load: {arrivals_per_sec: 1, mean_hold: 1s}}]",
			"pools[0].load is for a plan and makes no transaction here"},
		{"pools: [{pool: main/app, size: 45}]\npostgres: [{direct: 3}]",
			"servers[0] (main) starts over its budget: the pools' sizes and 3 direct connections come to 93, the budget is 92 " +
				"of max_connections 100"},
		{"pools: [{pool: main/app, size: 60}]\noversubscribed: true", "come to 120, the budget is 92"},
	} {
		s := read(t, with(strings.Split(c.lines, "\n")...))
		if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], c.want) || !strings.HasPrefix(s.Warnings[0], "s.yaml:") {
			t.Errorf("%s: warnings %q, want %q", c.lines, s.Warnings, c.want)
		}
	}
	if s := read(t, with("script: [{at: 11m, set: {main/app: 5}}]")); len(s.Warnings) != 0 {
		t.Errorf("the last moment is still in the run: %q", s.Warnings)
	}
}
