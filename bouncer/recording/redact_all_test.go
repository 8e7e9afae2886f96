package recording

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// kept are the texts that a redacted recording keeps, and why. Whatever else is a text in a sample or in a history is
// replaced or left out, and so is what comes to them: a new one fails here until somebody has thought of it.
var kept = map[string]string{
	"Servers[].ReservedSettings[].Name":      "a setting of PostgreSQL's, or of a vendor's",
	"Servers[].Roles[].Name":                 "a user: a plan is made of them",
	"Servers[].Databases[].Name":             "a database",
	"Servers[].Superusers[]":                 "a user",
	"Servers[].IdleInTransaction[].User":     "a user",
	"Servers[].IdleInTransaction[].Database": "a database",
	"Servers[].IdleInTransaction[].Pool":     "a group and an alias",

	"Processes[].ID":                  "a group and a number",
	"Processes[].Group":               "a group",
	"Processes[].Version":             "of PgBouncer",
	"Processes[].Identity.ConfigHash": "a hash: whether the configuration has changed",
	"Processes[].Settings.PoolMode":   "a word of PgBouncer's",
	"Processes[].Settings.ServerTLS":  "a word of PgBouncer's",
	"Processes[].UserClients[].Name":  "a user",
	"Processes[].Users[].Name":        "a user",
	"Processes[].Listed[]":            "a user",
	"Processes[].AuthUser":            "a user",
	"Processes[].AuthDatabase":        "an alias",

	"Processes[].Filed[].Alias":          "an alias",
	"Processes[].WaitTimeouts[].Alias":   "an alias",
	"Processes[].WaitTimeouts[].User":    "a user",
	"Processes[].Filed[].AuthUser":       "a user",
	"Processes[].Filed[].AuthDatabase":   "an alias",
	"Processes[].Filed[].Star.Database":  "a database",
	"Processes[].Filed[].Star.ForceUser": "a user",
	"Processes[].Filed[].Star.PoolMode":  "a word of PgBouncer's",

	"Processes[].Aliases[].Name":         "an alias",
	"Processes[].Aliases[].Database":     "a database",
	"Processes[].Aliases[].ForceUser":    "a user",
	"Processes[].Aliases[].PoolMode":     "a word of PgBouncer's",
	"Processes[].Aliases[].LinePoolMode": "a word of PgBouncer's",
	"Processes[].Aliases[].Proof":        "a word of ours",
	"Processes[].Aliases[].Guessed":      "a word of ours",
	"Processes[].Aliases[].Pools[].User": "a user",

	"Processes[].Aliases[].Pools[].Login.Alias":    "an alias",
	"Processes[].Aliases[].Pools[].Login.Database": "a database",
	"Processes[].Aliases[].Pools[].Login.Role":     "a user",

	"Signals[].Name":  "cpu",
	"Signals[].Fault": "a word of ours",

	"Dialect":      "a word of ours",
	"Pools[].Pool": "a group and an alias",
	"Pools[].Note": "a sentence of ours, without a name",

	"Servers[].CPU.Demands[].Pool": "a group and an alias",
}

const secret = "secret"

// texts calls f with every text that v has, at any depth, and with where it stands. Of nothing it makes something: a
// pointer that is nil gets a value, and a list or a map two.
func texts(t *testing.T, v reflect.Value, at string, f func(v reflect.Value, at string)) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		f(v, at)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		texts(t, v.Elem(), at, f)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, x := range reflect.VisibleFields(v.Type()) {
			if x.IsExported() && !x.Anonymous {
				texts(t, v.FieldByIndex(x.Index), strings.TrimPrefix(at+"."+x.Name, "."), f)
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			texts(t, v.Index(i), at+"[]", f)
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
			for range 2 {
				key, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				texts(t, key, at+"{key}", f)
				texts(t, x, at+"{}", f)
				v.SetMapIndex(key, x)
			}
			return
		}
		for _, key := range v.MapKeys() {
			same := reflect.New(key.Type()).Elem()
			same.Set(key)
			texts(t, same, at+"{key}", f)
			x := reflect.New(v.Type().Elem()).Elem()
			x.Set(v.MapIndex(key))
			texts(t, x, at+"{}", f)
		}
	case reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Float64:
	default:
		t.Fatalf("%s is a %s: say how it is filled", at, v.Type())
	}
}

// filled is a T each text of which is a secret of its own.
func filled[T any](t *testing.T) (out T) {
	n := 0
	texts(t, reflect.ValueOf(&out).Elem(), "", func(v reflect.Value, _ string) {
		n++
		v.SetString(fmt.Sprintf("%s%d", secret, n))
	})
	if n < 3 {
		t.Fatalf("%T has %d texts", out, n)
	}
	return out
}

// TestARedactedRecordingKeepsOnlyWhatItMay fills every text there is.
func TestARedactedRecordingKeepsOnlyWhatItMay(t *testing.T) {
	found := map[string]bool{}
	sampleAt := func(v any) {
		texts(t, reflect.ValueOf(v).Elem(), "", func(v reflect.Value, at string) {
			if strings.Contains(v.String(), secret) {
				found[at] = true
			}
		})
	}
	o, h, r := filled[fleet.Observation](t), filled[load.History](t), newRedactor()
	redacted, past := r.observation(o), r.history(h)
	sampleAt(&redacted)
	sampleAt(&past)
	for _, at := range slices.Sorted(maps.Keys(found)) {
		if kept[at] == "" {
			t.Errorf("%s is left as it was", at)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(kept)) {
		if !found[at] {
			t.Errorf("%s is to be kept, and is not", at)
		}
	}
	if diff := cmp.Diff(filled[fleet.Observation](t), o) + cmp.Diff(filled[load.History](t), h); diff != "" {
		t.Errorf("the caller's was changed:\n%s", diff)
	}
}

// TestTheHostOfALineIsThatOfItsDatabases so that both still belong together.
func TestTheHostOfALineIsThatOfItsDatabases(t *testing.T) {
	host := "db.secret.example, 10.1.2.3"
	o := fleet.Observation{Processes: []fleet.Process{{Console: "10.1.2.3",
		Filed:   []fleet.FiledLine{{Alias: fleet.AutoDB, Star: &fleet.StarLine{Host: host}}, {Alias: "app"}},
		Aliases: []fleet.Alias{{Name: "app", Host: host}}}}}
	p := newRedactor().observation(o).Processes[0]
	if got := p.Filed[0].Star.Host; got != p.Aliases[0].Host || !regexp.MustCompile(`^host-\d,host-\d$`).MatchString(got) {
		t.Errorf("the line has the host %s, a database of it %s", got, p.Aliases[0].Host)
	}
	if p.Filed[1].Star != nil || o.Processes[0].Filed[0].Star.Host != host {
		t.Errorf("%+v; the caller's: %+v", p.Filed[1].Star, o.Processes[0].Filed[0].Star)
	}
}

// TestASocketStaysOne because it is each machine's own: where it leads is judged by that.
func TestASocketStaysOne(t *testing.T) {
	o := fleet.Observation{Processes: []fleet.Process{{Console: "/run/secret", Aliases: []fleet.Alias{
		{Host: "/run/secret"}, {Host: "db.secret.example"}, {Host: ""}, {Host: "/run/secret/2"}}}}}
	p := newRedactor().observation(o).Processes[0]
	got := []string{p.Console}
	for _, a := range p.Aliases {
		got = append(got, a.Host)
	}
	if diff := cmp.Diff([]string{"/host-1", "/host-1", "host-2", "", "/host-3"}, got); diff != "" {
		t.Error(diff)
	}
}
