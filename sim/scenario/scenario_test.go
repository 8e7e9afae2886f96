package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/sim"
)

func noEnv(string) (string, bool) { return "", false }

// small is the least scenario, key by key.
var small = []struct{ key, text string }{
	{"horizon", "horizon: 10m"},
	{"servers", "servers: [{name: main, max_connections: 100, cores: 8}]"},
	{"groups", "groups: [{name: main, processes: [{console: a}, {console: b}]}]"},
	{"pools", "pools: [{pool: main/app, size: 10}, {pool: main/jobs, size: 5}]"},
	{"load", "load: [{pool: main/app, arrivals: {per_sec: 100}, hold: {mean: 50ms}}]"},
}

// with returns the small scenario with some of its keys, on their lines, replaced, and others added below.
func with(lines ...string) string {
	var out []string
	rest := lines
	for _, s := range small {
		text := s.text
		for i, l := range rest {
			if strings.HasPrefix(l, s.key+":") {
				text = l
				rest = append(append([]string{}, rest[:i]...), rest[i+1:]...)
				break
			}
		}
		out = append(out, text)
	}
	return strings.Join(append(out, rest...), "\n") + "\n"
}

func read(t *testing.T, text string, sets ...Set) *Scenario {
	t.Helper()
	s, err := Parse("s.yaml", []byte(text), noEnv, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStarterIsValidAndNamesEveryKey(t *testing.T) {
	s := read(t, Starter)
	if len(s.Warnings) > 0 {
		t.Errorf("the starter has warnings: %q", s.Warnings)
	}
	keys := 0
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[config.File]() {
			return
		}
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("yaml")
			if key == "" {
				continue
			}
			if key != ",inline" {
				keys++
				if !strings.Contains(Starter, key+":") {
					t.Errorf("the starter does not name %q", key)
				}
			}
			walk(typ.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[File]())
	if keys < 60 {
		t.Errorf("only %d keys were walked", keys)
	}
	for _, k := range faultKinds {
		if !strings.Contains(Starter, "kind: "+string(k.kind)+",") {
			t.Errorf("the starter does not show kind: %s", k.kind)
		}
	}
}

func TestStarterSaysTheRealDefaults(t *testing.T) {
	s := read(t, with())
	if s.Warmup != time.Minute || s.Every != 5*time.Second || s.Seeds != 5 || s.Seed != 1 {
		t.Errorf("warm-up %s, every %s, %d seeds from %d: change the starter, too", s.Warmup, s.Every, s.Seeds, s.Seed)
	}
	if s := read(t, with("horizon: 24h")); s.Warmup != 5*time.Minute {
		t.Errorf("a day's warm-up is %s: change the starter, too", s.Warmup)
	}
	if s := read(t, with("warmup: 0s")); s.Warmup != 0 {
		t.Errorf("no warm-up is %s", s.Warmup)
	}
	if sim.DefaultScrape != 15*time.Second || sim.DefaultMaxClients != 10000 ||
		sim.DefaultLoginLatency != 5*time.Millisecond || sim.DefaultExitLatency != time.Millisecond ||
		DefaultVersion != "1.24" || budget.DefaultHeadroomShare != 0.05 || budget.DefaultHeadroomLeast != 5 {
		t.Error("a default changed: change the starter, too")
	}
}

// shipped lists the scenarios under fixtures.
func shipped(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../fixtures/scenarios/*.yaml")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	return files
}

func TestShippedScenariosAreValidAndSmall(t *testing.T) {
	for _, file := range shipped(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(filepath.Base(file), data, noEnv)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Warnings) > 0 {
			t.Errorf("%s: %q", file, s.Warnings)
		}
		if events := s.Events() * float64(s.Seeds); events > 5e7 {
			t.Errorf("%s: %.2g events, want at most 5e7", file, events)
		}
		if !strings.HasPrefix(string(data), "# ") || s.Title == "" || len(s.Expect) < 5 {
			t.Errorf("%s tells no story, or expects too little", file)
		}
		if _, err := sim.New(s.Spec(), s.Seed); err != nil {
			t.Errorf("%s: the engine refuses it: %v", file, err)
		}
	}
}

func TestVariablesAreReplacedAndNotShown(t *testing.T) {
	env := func(k string) (string, bool) { return "hunter2", k == "SECRET" }
	_, err := Parse("s.yaml",
		[]byte(with("load: [{pool: '${SECRET}', arrivals: {per_sec: 1}, hold: {mean: '${SECRET}'}}]")), env)
	if err == nil || strings.Contains(err.Error(), "hunter2") ||
		!strings.Contains(err.Error(), `load[0].pool is "${SECRET}", which is not among pools:`) {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Starter, "", "")
	f.Add(with(), "pools.main/app.size", "40")
	f.Add(with("load: [{pool: main/app, clients: {count: 3, think: {mean: 1s}}, hold: {quantiles: {0%: 1ms, 50%: 2ms, "+
		"100%: 3s}}}]"), "load.0.hold.quantiles.50%", "{}")
	f.Add(with("script: [{at: 1m, set: {main/app: 3}, share: 5%}]", "shift: {from: main/app, to: main/jobs, fraction: 1}"),
		"script.1m.lifetime", "{main/app: 1s}")
	f.Add(with("faults: [{kind: pile, from: 0s, process: main/1}]", "expect: [a == 1, 'main/app.busy < 1e9']"),
		"faults.pile.kind", "[1, [2]]")
	f.Add("horizon: .nan\nservers: [[]]\nload: {a: b}\n? [x]\n: y", "servers.0", "&a [*a]")
	f.Add("${A}: !!binary x", "..", "\"")
	f.Fuzz(func(t *testing.T, text, path, value string) {
		var sets []Set
		if path != "" {
			sets = append(sets, Set{path, value})
		}
		s, err := Parse("f.yaml", []byte(text), noEnv, sets...)
		if (err == nil) == (s == nil) {
			t.Fatalf("scenario %v, error %v", s, err)
		}
		if err != nil {
			if operr.KindOf(err) != operr.KindUsage || err.Error() == "" {
				t.Fatalf("%v is no error of usage", err)
			}
			return
		}
		spec := s.Spec()
		if e := s.Events(); !(e >= 0) {
			t.Fatalf("%g events", e)
		}
		if s.CheckSize(1) != nil || s.size().conns > 1e4 || s.size().clients > 1e4 || s.size().linePools > 1e3 {
			return
		}
		if _, err := sim.New(spec, 1); err != nil {
			t.Fatalf("the engine refuses what Parse took: %v\n%s", err, text)
		}
	})
}
