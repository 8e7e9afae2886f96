package scenario

import (
	"slices"
	"strings"
	"testing"
)

// dotted has names with dots in them.
const dotted = `horizon: 10m
servers: [{name: db.example.org, max_connections: 100}]
groups: [{name: main.eu, processes: [{console: a}]}]
pools:
  - {pool: main.eu/app.v2, size: 10}
  - {pool: main.eu/app, size: 5}
load:
  - {name: web, pool: main.eu/app.v2, arrivals: {per_sec: 100}, hold: {quantiles: {0%: 1ms, 99.9%: 5ms, 100%: 1s}}}
  - {pool: main.eu/app, arrivals: {per_sec: 10}, hold: {mean: 50ms}}
script:
  - {at: 1m, set: {main.eu/app.v2: 8}}
  - {at: 2m, reconnect: main.eu/app}
expect: [timed_out == 0]
`

func TestSetChangesTheValueAtItsPathAlone(t *testing.T) {
	for _, c := range []struct {
		path, value string
		got         func(s *Scenario) any
		want        any
	}{
		{"horizon", "20m", func(s *Scenario) any { return s.Horizon.Minutes() }, 20.0},
		{"seeds", "3", func(s *Scenario) any { return s.Seeds }, 3}, // was not there
		{"pools.main.eu/app.v2.size", "40", func(s *Scenario) any { return s.Spec().Pools[0].SizeConns }, 40},
		{"pools.main.eu/app.size", "40", func(s *Scenario) any { return s.Spec().Pools[1].SizeConns }, 40},
		{"pools.1.size", "40", func(s *Scenario) any { return s.Spec().Pools[1].SizeConns }, 40},
		{"pools.main.eu/app.reserve_size", "2", func(s *Scenario) any { return s.Spec().Pools[1].ReserveConns }, 2},
		{"servers.db.example.org.max_connections", "200", func(s *Scenario) any { return s.Spec().Servers[0].MaxConns }, 200},
		{"load.web.arrivals.per_sec", "7", func(s *Scenario) any { return s.Spec().Loads[0].Open.PerSec }, 7.0},
		{"load.main.eu/app.arrivals.per_sec", "7", func(s *Scenario) any { return s.Spec().Loads[1].Open.PerSec }, 7.0},
		{"load.main.eu/app.arrivals", "{per_sec: 8, scv: 0}", func(s *Scenario) any { return s.Spec().Loads[1].Open.PerSec },
			8.0},
		{"load.web.hold.quantiles.99.9%", "6ms",
			func(s *Scenario) any { return s.Spec().Loads[0].Hold.Points[1].D.Milliseconds() }, int64(6)},
		{"script.1m.set.main.eu/app.v2", "9", func(s *Scenario) any { return s.Spec().Script[0].Conns }, 9},
		{"script.0.set.main.eu/app.v2", "9", func(s *Scenario) any { return s.Spec().Script[0].Conns }, 9},
		{"script.2m", "{at: 3m, reconnect: [main.eu/app, main.eu/app.v2]}",
			func(s *Scenario) any { return len(s.Spec().Script) }, 3},
		{"expect.0", "refused == 0", func(s *Scenario) any { return s.Expect[0].Name }, "refused"},
		{"expect", "[]", func(s *Scenario) any { return len(s.Expect) }, 0},
	} {
		if got := c.got(read(t, dotted, Set{c.path, c.value})); got != c.want {
			t.Errorf("%s=%s: got %v, want %v", c.path, c.value, got, c.want)
		}
	}
	s := read(t, dotted, Set{"pools.0.size", "1"}, Set{"pools.0.size", "2"})
	if got := s.Spec().Pools[0].SizeConns; got != 2 {
		t.Errorf("the last of two counts: got %d", got)
	}
}

func TestFaultsOfASetValueNameTheFlag(t *testing.T) {
	for _, c := range []struct{ path, value, want string }{
		{"pools.main.eu/app.size", "many", `--set pools.main.eu/app.size=many: pools[1].size is "many", want a whole number`},
		{"pools.main.eu/app.sizes", "4", `--set pools.main.eu/app.sizes=4: unknown field "sizes"`},
		{"load.web.hold", "{quantiles: {0%: 1ms}}",
			"--set load.web.hold={quantiles: {0%: 1ms}}: load[0].hold.quantiles span 0% to 0%"},
		{"load.web.arrivals", "{}", "--set load.web.arrivals={}: load[0].arrivals.per_sec is missing"},
		{"pools.main.eu/ap.size", "4",
			`--set pools.main.eu/ap.size=4: there is no "main": there are main.eu/app.v2, main.eu/app`},
		{"pool.main.eu/app.size", "4", `there is no "pool": there are horizon, servers, groups, pools, load, script, expect`},
		{"horizon.minutes", "4", `there is no "minutes" below a single value`},
		{"pools.7.size", "4", `there is no "7": there are main.eu/app.v2, main.eu/app`},
		{"title", "", "the value is empty"},
		{"title", "[", "the value is not YAML"},
		{"title", "*a", "tags, anchors, aliases and merge keys are not read here"},
		{"", "1", `unknown field ""`},
		{"horizon", "[10m]", "--set horizon=[10m]: horizon is a list or a map, want one value"},
		{"a" + strings.Repeat(".a", 30), "1", "the path has 31 parts, want at most 24"},
		{"servers.db.example.org.headroom", "{connections: 7}", ""},
		{"servers.db.example.org.dsn", "host=h pass=hunter2",
			"--set servers.db.example.org.dsn: a simulation connects to no address"},
		{"servers.db.example.org.dsnn", "postgres://u:hunter2@h/db", "--set servers.db.example.org.dsnn=…: unknown field"},
		{"title", strings.Repeat("[", 3000), "--set title=…:1:1001: nested more than 1000 deep"},
	} {
		_, err := Parse("s.yaml", []byte(dotted), noEnv, Set{c.path, c.value})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s=%s: %v", c.path, c.value, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s=%s:\n got %v\nwant %s", c.path, c.value, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a secret in %v", c.path, err)
		}
	}
	twice := strings.Replace(dotted, "name: web, pool: main.eu/app.v2", "pool: main.eu/app", 1)
	_, err := Parse("s.yaml", []byte(twice), noEnv, Set{"load.main.eu/app.cpu", "0"})
	if want := `"main.eu/app" is the pool of elements 0 and 1: use the number`; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSweepsAreSplitAtTheirCommas(t *testing.T) {
	for _, c := range []struct {
		arg, path string
		values    []string
	}{
		{"a.b=1", "a.b", []string{"1"}},
		{"pools.main/app.size=40, 50,60", "pools.main/app.size", []string{"40", "50", "60"}},
		{"load.0.hold={mean: 1ms, law: deterministic},{mean: 2ms}", "load.0.hold", []string{"{mean: 1ms, law: deterministic}",
			"{mean: 2ms}"}},
		{"expect=[a == 1, b == 2],[]", "expect", []string{"[a == 1, b == 2]", "[]"}},
		{"title='a, b',\"c, d\"", "title", []string{"'a, b'", "\"c, d\""}},
		{"expect.0=a <= 1", "expect.0", []string{"a <= 1"}},
	} {
		path, values, err := ParseSweep(c.arg)
		if err != nil || path != c.path || !slices.Equal(values, c.values) {
			t.Errorf("%s: %q %q %v", c.arg, path, values, err)
		}
	}
	for arg, want := range map[string]string{"a": "want PATH=VALUE", "=1": "want PATH=VALUE", "a=": "a value is empty",
		"a=1,,2": "a value is empty", "a=1,1": "a value stands twice"} {
		if _, _, err := ParseSweep(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", arg, err, want)
		}
	}
}
