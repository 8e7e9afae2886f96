package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// offline runs a command in this process, as it is typed.
func offline(t *testing.T, args ...string) (out, talk string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	was := stderr
	stderr = &e
	defer func() { stderr = was }()
	app := newApp()
	app.Writer = &o
	err = app.RunContext(t.Context(), append([]string{"pgbudget"}, args...))
	return o.String(), e.String() + errorText(err), err
}

// offlineCommands are the commands that ask no server, over every fixture.
func offlineCommands(t *testing.T) [][]string {
	t.Helper()
	fleet := turnedAlone(t)
	const gitlab, recording = "../../fixtures/what-if/gitlab.yaml", "../../fixtures/recordings/lab.jsonl"
	path := []string{"plan", "-c", gitlab, "--path", "main/gitlabhq_production:ci/gitlabhq_production", "--fraction"}
	out := [][]string{
		{"plan", "-c", gitlab}, {"plan", "--from", recording}, {"estimate", "--from", recording},
		{"observe", "--from", recording},
		append(slices.Clone(path), "20%-30%"), append(slices.Clone(path), "75%"), append(slices.Clone(path), "100%"),
		append(slices.Clone(path), "30%", "--percent", "0.01"),
		{"plan", "-c", sized(t, 480), "--compare", saved(t, gitlab)}, {"plan", "-c", sized(t, 300), "--best-effort"},
		{"plan", "-c", sized(t, 30)},
		{"plan", "-c", gitlab, "--compare", saved(t, sized(t, 480))},
		{"status", "-c", fleet}, {"explain", "-c", fleet}, {"status", "-c", unmoved(t)}, {"explain", "-c", unmoved(t)},
	}
	scenarios, err := filepath.Glob("../../fixtures/scenarios/*.yaml")
	if err != nil || len(scenarios) == 0 {
		t.Fatal(scenarios, err)
	}
	for _, s := range scenarios {
		out = append(out, []string{"simulate", "--seeds", "1", "--horizon", "30s", "--estimate", s})
	}
	return append(out, []string{"simulate", "--seeds", "2", "--horizon", "30s", "--set", "pools.main/app.size=3,30",
		"../../fixtures/scenarios/burst.yaml"})
}

// sized is the fixture with another max_connections.
func sized(t *testing.T, most int) string {
	t.Helper()
	text, err := os.ReadFile("../../fixtures/what-if/gitlab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sized.yaml")
	text = regexp.MustCompile(`max_connections: 500`).ReplaceAll(text, fmt.Appendf(nil, "max_connections: %d", most))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// saved is the plan of a config, saved.
func saved(t *testing.T, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "saved.json")
	if _, talk, err := offline(t, "plan", "-c", config, "--out", file); err != nil {
		t.Fatal(talk)
	}
	return file
}

// unmoved is a config with a shift, and a journal in which nothing ever moved.
func unmoved(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "fleet.yaml")
	text := fmt.Sprintf("journal: %s\nservers: [{name: pg, dsn: host=x}]\nshift: {from: main/app, to: ci/app, fraction: "+
		"20%%, set: [x, '{{.Percent}}'], get: [x]}\n", filepath.Join(dir, "j.jsonl"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// turnedAlone is one in whose journal a step of traffic alone is in hand; nothing was learnt of the shift yet.
func turnedAlone(t *testing.T) string {
	t.Helper()
	file := unmoved(t)
	j, err := journal.Open(filepath.Join(filepath.Dir(file), "j.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	turn := shift.TrafficChange{Shift: "main/app:ci/app", From: 0, To: 5}
	for _, e := range []state.Event{
		{Kind: state.RunBegan, Goal: &sizing.Goal{}, Switches: []state.Switch{{Shift: turn.Shift}}},
		{Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward, Traffic: &turn}},
		{Kind: state.Intended, Action: &state.Action{Kind: state.ShiftTraffic, Traffic: &turn}},
		{Kind: state.Acted, Action: &state.Action{Kind: state.ShiftTraffic, Traffic: &turn}},
	} {
		if _, err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// TestNoListIsNullInWhatCommandsPrint: a script goes over a list without asking whether it is there. What is printed is
// held beside the Go value it was made of, whole and empty, and with one of everything in it.
func TestNoListIsNullInWhatCommandsPrint(t *testing.T) {
	for _, v := range []any{sizing.Plan{}, compared{}, planned{}, []load.Load(nil), fleet.Observation{}, simulatedData{},
		status{}, decided{},
		backData{Possible: true}, runData{}, state.Step{}, previewData{}, map[string][]int{"a": nil}} {
		for _, x := range []reflect.Value{reflect.ValueOf(v), oneOfEach(reflect.TypeOf(v), 0)} {
			var b bytes.Buffer
			if err := (output{w: &b, format: "json"}).data(x.Interface()); err != nil {
				t.Fatal(err)
			}
			var read any
			if err := json.Unmarshal(b.Bytes(), &read); err != nil {
				t.Fatal(err)
			}
			for _, where := range slices.Compact(nullLists(x.Type(), read, x.Type().String())) {
				t.Errorf("%s is null", where)
			}
		}
	}
}

// TestWhatIsLeftOutWhereItIsEmptyStaysOut of what is printed, and what was given is as it was.
func TestWhatIsLeftOutWhereItIsEmptyStaysOut(t *testing.T) {
	type value struct {
		Zero  []int          `json:"zero,omitzero"`
		Empty map[string]int `json:"empty,omitempty"`
		At    time.Time      `json:"at,omitzero"`
		Any   any            `json:"any"`
		To    *value         `json:"to,omitempty"`
		List  []int          `json:"list"`
	}
	v := value{To: &value{}, Any: []int(nil)}
	var b bytes.Buffer
	if err := (output{w: &b, format: "json"}).data(v); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(b.String()), "")
	if want := `{"any":[],"to":{"any":null,"list":[]},"list":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v.List != nil || v.To.List != nil {
		t.Error("what was given has changed")
	}
}

// oneOfEach is a value of a type in which every list has one entry and every pointer leads to something.
func oneOfEach(typ reflect.Type, depth int) reflect.Value {
	v := reflect.New(typ).Elem()
	if depth > 8 || typ == reflect.TypeFor[time.Time]() {
		return v
	}
	switch typ.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(typ.Elem()))
		v.Elem().Set(oneOfEach(typ.Elem(), depth+1))
	case reflect.Slice:
		v.Set(reflect.Append(v, oneOfEach(typ.Elem(), depth+1)))
	case reflect.Map:
		v.Set(reflect.MakeMap(typ))
		v.SetMapIndex(reflect.Zero(typ.Key()), oneOfEach(typ.Elem(), depth+1))
	case reflect.Struct:
		for i := range typ.NumField() {
			f := typ.Field(i)
			// else an entry has no lists
			if list := f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map; f.IsExported() &&
				!(list && depth%2 == 1) {
				v.Field(i).Set(oneOfEach(f.Type, depth+1))
			}
		}
	}
	return v
}

// nullLists are the places at which JSON has null where its type has a list or a map.
func nullLists(typ reflect.Type, read any, where string) (out []string) {
	switch typ.Kind() {
	case reflect.Pointer:
		if read != nil {
			return nullLists(typ.Elem(), read, where)
		}
	case reflect.Slice, reflect.Map:
		if read == nil {
			return []string{where}
		}
		if list, ok := read.([]any); ok {
			for _, x := range list {
				out = append(out, nullLists(typ.Elem(), x, where+"[]")...)
			}
		}
		if m, ok := read.(map[string]any); ok {
			for _, key := range slices.Sorted(maps.Keys(m)) {
				out = append(out, nullLists(typ.Elem(), m[key], where+"{}")...)
			}
		}
	case reflect.Struct:
		m, ok := read.(map[string]any)
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch x, there := m[name]; {
			case !ok:
			case f.Anonymous && name == "":
				out = append(out, nullLists(f.Type, read, where)...)
			case there && f.IsExported():
				out = append(out, nullLists(f.Type, x, where+"."+name)...)
			}
		}
	}
	return out
}

// printedAs are the Go values of what the offline commands print.
var printedAs = map[string]reflect.Type{"plan": reflect.TypeFor[sizing.Plan](),
	"estimate": reflect.TypeFor[[]load.Load](), "observe": reflect.TypeFor[fleet.Observation](),
	"status": reflect.TypeFor[status](), "explain": reflect.TypeFor[decided](),
	"simulate": reflect.TypeFor[simulatedData](), "path": reflect.TypeFor[planned](),
	"compare": reflect.TypeFor[compared]()}

// TestOfflineCommandsPrintListsAndFigures: over every fixture no list is null, and no number of a table has an
// exponent.
func TestOfflineCommandsPrintListsAndFigures(t *testing.T) {
	exponent := regexp.MustCompile(`\de[+-]\d`)
	for _, args := range offlineCommands(t) {
		out, talk, err := offline(t, args...)
		if code := exitCode(context.Background(), err); code != 0 && code != exitInfeasible && code != exitUnmet {
			t.Errorf("%v: exit %d: %s", args, code, talk)
		}
		for _, line := range append(strings.Split(out, "\n"), strings.Split(talk, "\n")...) {
			if exponent.MatchString(line) {
				t.Errorf("%v: %s", args, line)
			}
		}
		text, _, _ := offline(t, slices.Insert(slices.Clone(args), 1, "-o", "json")...)
		var read any
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Errorf("%v: %v in %q", args, err, text)
		}
		typ := printedAs[args[0]]
		for flag, other := range printedAs {
			if slices.Contains(args, "--"+flag) {
				typ = other
			}
		}
		for _, where := range slices.Compact(nullLists(typ, read, typ.String())) {
			t.Errorf("%v: %s is null", args, where)
		}
	}
}
