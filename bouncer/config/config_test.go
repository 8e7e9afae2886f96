package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/operr"
)

func noEnv(string) (string, bool) { return "", false }

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("test.yaml", []byte(text), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReferenceIsValidAndNamesEveryKey(t *testing.T) {
	parse(t, Reference)
	var walk func(reflect.Type)
	keys := 0
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("yaml")
			if key == "" {
				continue
			}
			keys++
			if !strings.Contains(Reference, key+":") {
				t.Errorf("the reference does not name %q", key)
			}
			walk(typ.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[File]())
	if keys < 50 {
		t.Errorf("only %d keys were walked", keys)
	}
}

// TestReferenceShowsTheRealDefaults reads the reference's values where it calls them defaults, and a config that says
// nothing, and wants the same rules.
func TestReferenceShowsTheRealDefaults(t *testing.T) {
	bare := parse(t, "servers: [{name: main, dsn: host=x}]\npools: [{pool: main/app}]\n").Declared()
	full := parse(t, "servers: [{name: main, dsn: host=x, headroom: {connections: 5%, cpu: 20%}, direct: {count: "+
		"peak}}]\n"+
		"pools: [{pool: main/app, min: 1, weight: 1, utilization: 90%, max_wait: {mean: 10ms, p99: 100ms}, survive_loss: 0, "+
		"count: worst}]\ndeadband: 1%\n").Declared()
	bare.Pools[0].Where, full.Pools[0].Where = "", ""
	if !reflect.DeepEqual(bare, full) {
		t.Errorf("defaults differ from what the reference says:\n%+v\n%+v", bare, full)
	}
	for _, say := range []string{"default 5%, at least 5", "default 20%", "utilization: 90%", "mean: 10ms", "p99: 100ms",
		"lookback: 7d", "deadband: 1%"} {
		if !strings.Contains(Reference, say) {
			t.Errorf("the reference does not say %q", say)
		}
	}
	if budget.DefaultHeadroomShare != 0.05 || budget.DefaultHeadroomLeast != 5 || budget.DefaultCPUHeadroom != 0.20 ||
		budget.DefaultUtilization != 0.90 ||
		budget.DefaultMaxWaitMean != 10*time.Millisecond || budget.DefaultMaxWaitP99 != 100*time.Millisecond ||
		budget.DefaultLookbackLoad != 7*24*time.Hour || budget.DefaultDeadband != 0.01 {
		t.Error("a default changed: change the reference, too")
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	_, err := Parse("bad.yaml",
		[]byte("servers:\n  - {name: a b, cores: many}\ngroups:\n  - name: x/y\n    processes: []\nledger:\n  - {server: z, "+
			"name: '', conns: -1}\n"), noEnv)
	if operr.KindOf(err) != operr.KindUsage {
		t.Fatalf("%v is not an error of usage", err)
	}
	for _, want := range []string{"bad.yaml:2:12: servers[0].name", "bad.yaml:2:24: servers[0].cores", "has neither dsn:",
		"bad.yaml:4:11: groups[0].name",
		"groups[0].processes", "ledger[0].server is \"z\"", "ledger[0].name", "ledger[0].conns is -1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

// TestAWaitBelowAnEventLoopIsRefused: nothing waits for less than one pass of PgBouncer's event loop takes.
func TestAWaitBelowAnEventLoopIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"mean: 0s":              "w.yaml:2:39: pools[0].max_wait.mean is 0s, want 100µs to 86400 s",
		"mean: 99us":            "w.yaml:2:39: pools[0].max_wait.mean is 99µs, want 100µs to 86400 s",
		"mean: 10ms, p99: 0s":   "w.yaml:2:50: pools[0].max_wait.p99 is 0s, want 100µs to 86400 s",
		"mean: 25h":             "w.yaml:2:39: pools[0].max_wait.mean is 25h0m0s, want 100µs to 86400 s",
		"mean: 100us, p99: 1ms": "",
		"p99: 24h":              "",
	} {
		_, err := Parse("w.yaml", []byte("pools:\n  - {pool: main/app, max_wait: {"+text+"}}\n"), noEnv)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && strings.Contains(got, "max_wait") {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// TestALoadWithoutVariationIsRefused: both variations at 0 say that nobody ever waits; one of them alone is a load like
// any other.
func TestALoadWithoutVariationIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"arrival_scv: 0, hold_scv: 0":    "s.yaml:2:92: pools[0].load.hold_scv is 0 as arrival_scv is",
		"arrival_scv: 0":                 "",
		"arrival_scv: 0, hold_scv: 0.01": "",
	} {
		_, err := Parse("s.yaml",
			[]byte("pools:\n  - {pool: main/app, load: {arrivals_per_sec: 1, mean_hold: 1ms, "+text+"}}\n"), noEnv)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && strings.Contains(got, "scv") {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestVariablesCannotChangeTheStructure(t *testing.T) {
	env := func(k string) (string, bool) { return "x', max_connections: 1, y: '#", k == "V" }
	c, err := Parse("env.yaml", []byte("servers:\n  - {name: main, dsn: '${V}', max_connections: 100}\n"), env)
	if err != nil {
		t.Fatal(err)
	}
	if c.Servers[0].MaxConnections.N != 100 || !strings.HasPrefix(c.Servers[0].DSN.DSN, "x', max") {
		t.Errorf("%+v", c.Servers[0])
	}
}

func TestPrometheusHTTPConfigKeepsItsVariables(t *testing.T) {
	env := func(k string) (string, bool) { return "s3cr:et #", k == "P" }
	c, err := Parse("p.yaml",
		[]byte("servers: [{name: main, max_connections: 9}]\nprometheus: {url: 'http://p:9090', http_config: {basic_auth: "+
			"{username: u, password: '${P}'}}}\n"), env)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Prometheus.HTTPConfig.YML); !strings.Contains(got, "s3cr:et #") {
		t.Errorf("http_config became %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Reference)
	f.Add("servers: [{name: a, max_connections: 1e3}]")
	f.Add("pools:\n- {pool: a/b, load: {arrivals_per_sec: .nan, mean_hold: -1s}}")
	f.Add("a: &x [*x]\n")
	f.Add("${A}: ${B}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f.yaml", []byte(text), noEnv)
		if (err == nil) == (c == nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
		if err == nil {
			c.Declared()
		}
	})
}

func TestEveryUnknownKeyIsNamedInTheOrderOfTheFile(t *testing.T) {
	_, err := Parse("bad.yaml",
		[]byte("zebra: 1\nservers: [{name: main, max_connections: 9, coers: 8}]\nape: 1\npools: [{pool: a/b, load: {rate: "+
			"1}}]\n"), noEnv)
	want := "bad.yaml:1:1: unknown field \"zebra\"\nbad.yaml:2:44: unknown field \"coers\", did you mean " +
		"cores?\nbad.yaml:3:1: unknown field \"ape\"\nbad.yaml:4:28: unknown field \"rate\""
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestFilesThatWouldDrownTheParserAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"a: " + strings.Repeat("[", 2_000_000): "b.yaml:1:1: 2000003 bytes, want at most 1048576",
		"a: " + strings.Repeat("[", 20_000):    "b.yaml:1:1004: nested more than 1000 deep",
		"# " + strings.Repeat("]", 9_000) + "\na: '" + strings.Repeat("]", 9_000) + "'\nb: " + strings.Repeat("[",
			9_000): "b.yaml:3:1004: nested more than 1000 deep",
		strings.Repeat("- ", 5_000) + "x":        "b.yaml:1:2001: nested more than 1000 deep",
		"a:\n" + strings.Repeat(" ", 3000) + "x": "b.yaml:2:2001: nested more than 1000 deep",
	} {
		if _, err := Parse("b.yaml", []byte(text), noEnv); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAValueOfAnotherKindIsToldInWordsOfYAML(t *testing.T) {
	for text, want := range map[string]string{
		"servers: [{name: main, max_connections: many}]\n": "f.yaml:1:41: servers[0].max_connections is \"many\", want a " +
			"whole number, 1 to 262143",
		"servers: main\n":            "f.yaml:1:10: a text, want a list",
		"servers: {a: 1}\n":          "a map of keys and values, want a list",
		"policy: 7\n":                "f.yaml:1:9: a whole number, want a map of keys and values",
		"policy: [1]\n":              "a list, want a map of keys and values",
		"policy: {percent: a lot}\n": "policy.percent is \"a lot\", want 0.01 to 100",
		"policy: {soak: long}\n":     "soak",
		"policy: {confirm: [1]}\n":   "a list, want a text",
	} {
		_, err := Parse("f.yaml", []byte(text), noEnv)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "unmarshal") ||
			strings.Contains(err.Error(), "Go ") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
