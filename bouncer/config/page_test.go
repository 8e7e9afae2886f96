package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/state"
)

// inMaps are the keys of values that are read by a method of their own: a path or a map, a name or a map.
var inMaps = map[reflect.Type][]string{reflect.TypeFor[Store](): {"path", "folder", "read", "write"},
	reflect.TypeFor[Place](): {"dsn", "via"}, reflect.TypeFor[PoolUser](): {"name", "max"}}

// keysOf lists the paths of all keys below a type, a list as "servers[]". Those of shifts: are those of shift:.
func keysOf(typ reflect.Type, path string) (keys []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		if typ.Kind() == reflect.Slice {
			path += "[]"
		}
		typ = typ.Elem()
	}
	for _, key := range inMaps[typ] {
		keys = append(keys, path+"."+key)
	}
	own := reflect.PointerTo(typ).Implements(reflect.TypeFor[yaml.InterfaceUnmarshaler]())
	if typ.Kind() != reflect.Struct || own || path == "shifts[]" {
		return keys
	}
	for _, f := range reflect.VisibleFields(typ) {
		if key := f.Tag.Get("yaml"); key != "" {
			at := strings.TrimPrefix(path+"."+key, ".")
			keys = append(append(keys, at), keysOf(f.Type, at)...)
		}
	}
	return keys
}

// row is a key of the page: | `key` | value | default | meaning |.
var row = regexp.MustCompile("(?m)^\\| `([a-z0-9_.\\[\\]]+)` \\| (.*) \\| (.*) \\| (.*) \\|$")

// documented are the rows of the page by key.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		if rows[m[1]] != nil {
			t.Errorf("the page has %s twice", m[1])
		}
		rows[m[1]] = m[2:]
	}
	return rows
}

// TestThePageHasEveryKeyOfAConfig and no other.
func TestThePageHasEveryKeyOfAConfig(t *testing.T) {
	rows, keys := documented(t), keysOf(reflect.TypeFor[File](), "")
	for _, key := range keys {
		if rows[key] == nil {
			t.Errorf("the page has no row for %s", key)
		} else if rows[key][0] == "" || rows[key][1] == "" {
			t.Errorf("%s has no value or no default: %q", key, rows[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if !slices.Contains(keys, key) {
			t.Errorf("the page has %s, which is no key", key)
		}
	}
	if len(keys) < 90 {
		t.Errorf("only %d keys were walked", len(keys))
	}
}

// TestThePageHasEveryTagOfTheSource: those within methods, too, which reflection does not see.
func TestThePageHasEveryTagOfTheSource(t *testing.T) {
	last := map[string]bool{}
	for key := range documented(t) {
		last[key[strings.LastIndex(key, ".")+1:]] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil || strings.HasSuffix(name, "_test.go") {
				return true
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			if key := reflect.StructTag(tag).Get("yaml"); err != nil || key != "" && !last[key] {
				t.Errorf("%s: the page has no key %s", name, key)
			}
			return true
		})
	}
}

// TestThePageShowsTheRealDefaults, as the code has them.
func TestThePageShowsTheRealDefaults(t *testing.T) {
	rows, p := documented(t), state.DefaultPolicy()
	length := func(d time.Duration) string { // 15m and not 15m0s
		text := strings.TrimSuffix(d.String(), "0s")
		if d < time.Minute {
			text = d.String()
		}
		return strings.TrimSuffix(strings.Replace(text, "h0m", "h", 1), "m0")
	}
	share := func(f float64) string { return fmt.Sprintf("%g%%", 100*f) }
	days := fmt.Sprintf("%dd", budget.DefaultLookbackLoad/(24*time.Hour))
	for key, want := range map[string]string{
		"deadband": share(budget.DefaultDeadband), "mirror_timeout": length(DefaultMirrorTimeout),
		"hooks.timeout": length(DefaultHookTimeout), "prometheus.lookback": days,
		"servers[].headroom.connections": share(budget.DefaultHeadroomShare),
		"servers[].headroom.cpu":         share(budget.DefaultCPUHeadroom),
		"pools[].utilization":            share(budget.DefaultUtilization),
		"pools[].max_wait.mean":          length(budget.DefaultMaxWaitMean),
		"pools[].max_wait.p99":           length(budget.DefaultMaxWaitP99),
		"policy.percent":                 fmt.Sprint(p.Percent), "policy.aborts": fmt.Sprint(p.Aborts),
		"policy.soak": length(p.Soak), "policy.drain_for": length(p.DrainFor), "policy.hold_for": length(p.HoldFor),
		"policy.every": length(p.Every), "policy.soak_every": length(p.SoakEvery),
		"policy.max_wait": length(p.MaxWait), "policy.stale": length(p.Stale),
	} {
		if got := rows[key]; len(got) < 2 || !strings.HasPrefix(got[1], "`"+want+"`") {
			t.Errorf("%s: the page has %q, and the default is `%s`", key, got, want)
		}
	}
	resume := fmt.Sprintf("%g × `hold`", resumeShare)
	if got := rows["saturation[].resume"]; len(got) < 2 || got[1] != resume {
		t.Errorf("saturation[].resume: the page has %q, and the default is %s", got, resume)
	}
}
