package recording

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pgbudget/pgbudget/bouncer/quote"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func sampleAt(second int, xacts int64) fleet.Observation {
	return fleet.Observation{At: epoch.Add(time.Duration(second) * time.Second),
		Servers: []fleet.Server{{Name: "main", SystemID: "7123secret", MaxConns: 100,
			IdleInTransaction: []fleet.IdleInTransaction{{PID: 7, Application: "secret-app"}}}},
		Signals: []fleet.Signal{{Name: "cpu", Server: "main", Value: fleet.Unknown(), Error: "dial 10.1.2.3: refused"}},
		Processes: []fleet.Process{{ID: "main/1", Group: "main", Console: "10.1.2.3:6432", Version: "1.18.0",
			Identity: fleet.Identity{ConfFile: "/etc/secret/pgbouncer.ini", PIDFile: "/run/x.pid", SocketDir: "/run/y",
				ConfigHash: "abc"},
			Aliases: []fleet.Alias{{Name: "app", Host: "db.secret.example,10.1.2.3", Server: "main",
				AlsoOn: []string{"gprd-secret"}, Unplaced: []string{"10.1.2.3:5432"}, SizeConns: 5,
				Counters: fleet.Counters{Xacts: xacts, Assignments: -1}}}}}}
}

func record(t *testing.T, h Header, samples ...fleet.Observation) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fleet.jsonl")
	w, err := Create(name, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range samples {
		if err := w.Observation(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.History(load.History{Lookback: time.Hour, Dialect: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAWrittenRecordingIsReadBack(t *testing.T) {
	name := record(t, Header{At: epoch, Pgbudget: "test", Every: time.Second, Note: "from a test"}, sampleAt(0, 10),
		sampleAt(1, 20))
	h, e, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if h.Recording != Version || h.Note != "from a test" || e.Samples != 2 || e.History.Dialect != "test" ||
		e.Flows[0].Intervals[0].Xacts != 10 {
		t.Errorf("header %+v, evidence %+v", h, e)
	}
	if diff := cmp.Diff(sampleAt(1, 20), e.Last, cmp.Comparer(func(a, b fleet.Float) bool {
		return a == b || !a.Known() &&
			!b.Known()
	})); diff != "" {
		t.Errorf("the last sample changed on its way:\n%s", diff)
	}
}

func TestRedactLeavesNoHostPathOrApplication(t *testing.T) {
	name := record(t, Header{At: epoch, Redacted: true}, sampleAt(0, 10), sampleAt(1, 20))
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"10.1.2.3", "secret", "/run", "/etc", `"name":"main"`, `"server":"main"`} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q stands in\n%s", secret, text)
		}
	}
	if !strings.Contains(string(text), "abc") {
		t.Error("the config hash is gone, too")
	}
	if _, e, err := Read(name); err != nil || e.Samples != 2 {
		t.Errorf("%d samples, %v", e.Samples, err)
	}
}

func TestARecordingIsNeverOverwritten(t *testing.T) {
	name := record(t, Header{At: epoch}, sampleAt(0, 1))
	if _, err := Create(name, Header{}); operr.KindOf(err) != operr.KindUsage {
		t.Errorf("%v, want a refusal", err)
	}
}

// remembered is a recording's line of main/app's history.
func remembered(erlangs string) string {
	return `{"history":{"pools":[{"pool":"main/app","erlangs":{` + erlangs + `}}]}}` + "\n"
}

func TestDamagedRecordingsAreRefusedWithTheirLine(t *testing.T) {
	whole, err := os.ReadFile(record(t, Header{At: epoch}, sampleAt(0, 10), sampleAt(1, 20)))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for _, c := range []struct {
		name, text, want string
		kind             operr.Kind
	}{
		{"empty", "", ":1: the file is empty", operr.KindUsage},
		{"truncated", string(whole[:len(whole)-9]), ":4: truncated", operr.KindUsage},
		{"no recording", "{\"a\":1}\n", ":1: not a pgbudget recording", operr.KindUsage},
		{"a plain text", "hello\n", ":1: not a pgbudget recording", operr.KindUsage},
		{"another format", strings.Replace(lines[0], ":2,", ":9,", 1), "format 9 of a recording", operr.KindUsage},
		{"garbage inside", lines[0] + "{{{\n", ":2: not a line of a recording", operr.KindUsage},
		{"an unknown line", lines[0] + "{\"weather\":{}}\n", ":2: not a line of a recording", operr.KindUsage},
		{"time backwards", lines[0] + lines[2] + lines[1], "time went backwards", operr.KindEvidence},
		{"the same sample twice", lines[0] + lines[1] + lines[1], "time went backwards", operr.KindEvidence},
		{"a process twice", lines[0] + strings.Replace(lines[1], `"processes":[`,
			`"processes":[{"id":"main/1","group":"main","version":"","identity":{"config_hash":""},"settings":{},"aliases":[]},`,
			1), "main/1 stands there twice", operr.KindUsage},
		{"no server", lines[0] + `{"observation":{"at":"2026-01-01T00:00:00Z","servers":[],"processes":[]}}` + "\n",
			"without servers", operr.KindUsage},
		{"a negative counter", lines[0] + strings.Replace(lines[1], `"xacts":10`, `"xacts":-10`, 1), "a negative counter",
			operr.KindUsage},
		{"a server without connections", lines[0] + strings.Replace(lines[1], `"max_connections":100`, `"max_connections":0`,
			1), "max_connections is 0, outside of 1 to 2147483647", operr.KindUsage},
		{"more connections than can be counted", lines[0] + strings.Replace(lines[1], `"max_connections":100`,
			`"max_connections":3000000000`, 1), "max_connections is 3000000000", operr.KindUsage},
		{"a role's limit below nothing", lines[0] + strings.Replace(lines[1], `"max_connections":100`,
			`"max_connections":100,"roles":[{"name":"app","conns":-7}]`, 1), "the limit of app is -7", operr.KindUsage},
		{"sessions below nothing under a role's limit", lines[0] + strings.Replace(lines[1], `"max_connections":100`,
			`"max_connections":100,"roles":[{"name":"app","conns":7,"direct":-1}]`, 1),
			"the number of other sessions under the limit of app is -1", operr.KindUsage},
		{"a user's size below nothing", lines[0] + strings.Replace(lines[1], `"aliases":[`,
			`"users":[{"name":"u","pool_size":-5}],"aliases":[`, 1), "user u: pool_size is -5", operr.KindUsage},
		{"a server twice", lines[0] + strings.Replace(lines[1], `"servers":[`,
			`"servers":[{"name":"main","max_connections":40},`, 1), "server main stands there twice", operr.KindUsage},
		{"a history below nothing", lines[0] + remembered(`"samples":60,"max":-5,"buckets":[{"k":1,"w":1}]`),
			"the history of main/app: max is -5, want 0 to", operr.KindUsage},
		{"a history of no number", lines[0] + remembered(`"samples":-1`), "samples is -1", operr.KindUsage},
		{"a history without its samples", lines[0] + remembered(`"samples":60,"max":5`), "60 samples in 0 buckets",
			operr.KindUsage},
		{"a history with a weight below nothing", lines[0] + remembered(`"samples":60,"max":5,"buckets":[{"k":3,"w":-1}]`),
			"bucket 3 weighs -1", operr.KindUsage},
		{"a history out of order", lines[0] + remembered(`"samples":60,"max":5,"buckets":[{"k":3,"w":1},{"k":2,"w":1}]`),
			"bucket 2 weighs 1", operr.KindUsage},
		{"a history that ends before it begins", lines[0] +
			remembered(`"samples":1,"buckets":[{"k":3,"w":1}],"first":"2026-01-02T00:00:00Z","last":"2026-01-01T00:00:00Z"`),
			"its last sample, of 2026-01-01T00:00:00Z, is before its first", operr.KindUsage},
		{"more than all is left out of a history", lines[0] +
			`{"history":{"pools":[{"pool":"main/app","erlangs":{},"censored":1.5}]}}` + "\n", "censored is 1.5, want 0 to 1",
			operr.KindUsage},
		{"a pool's history twice", lines[0] +
			`{"history":{"pools":[{"pool":"main/app","erlangs":{}},{"pool":"main/app","erlangs":{}}]}}` + "\n",
			"the history of main/app stands there twice", operr.KindUsage},
		{"CPU below nothing in a history", lines[0] +
			`{"history":{"servers":[{"server":"main","direct":{},"cpu":{"samples":20,"base":-0.5}}]}}` + "\n",
			"cpu base is -0.5", operr.KindUsage},
		{"a default below nothing", lines[0] + strings.Replace(lines[1], `"default_pool_size":`, `"default_pool_size":-1`, 1),
			"default_pool_size is -1", operr.KindUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := read("f.jsonl", strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || operr.KindOf(err) != c.kind ||
				!strings.HasPrefix(err.Error(), "f.jsonl:") {
				t.Errorf("%v (kind %d), want %q", err, operr.KindOf(err), c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"pgbudget_recording":2}` + "\n" +
		`{"observation":{"at":"2026-01-01T00:00:00Z","servers":[{"name":"m","max_connections":50}],"processes":[{"id":"a/1","group":"a","aliases":[{"name":"x","server":"m","pool_size":5,"pools":[{"user":"u","sv_active":2}]}]}]}}` + "\n" +
		`{"observation":{"at":"2026-01-01T00:01:00Z","servers":[{"name":"m","max_connections":50}],"processes":[{"id":"a/1","group":"a","aliases":[{"name":"x","server":"m","pool_size":5,"counters":{"xacts":900,"xact_time_ns":90000000000},"pools":[{"user":"u","sv_active":2,"cl_waiting":3,"maxwait_ns":1000000}]}]}]}}` + "\n")
	f.Add(`{"pgbudget_recording":2}` + "\n" + `{"history":{}}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		_, e, err := read("f", strings.NewReader(text))
		if err != nil || e.Samples < 2 {
			return
		}
		loads, err := load.Estimate(e)
		if err != nil {
			return
		}
		fleet, err := budget.Model(epoch, budget.Declared{SizeAll: true}, e, loads)
		if err != nil {
			return
		}
		plan, err := sizing.Solve(fleet, sizing.Options{})
		if err != nil {
			return
		}
		for _, s := range plan.Servers {
			if s.SpareConns < 0 {
				t.Fatalf("a plan over the budget: %+v", s)
			}
		}
	})
}

// slowly reads a line as encoding/json alone does it, and makes its strings visible.
func slowly(text []byte) (line, error) {
	var l line
	j := json.NewDecoder(bytes.NewReader(text))
	j.DisallowUnknownFields()
	err := j.Decode(&l)
	quote.All(&l)
	return l, err
}

// sameLine compares two lines; what is not known is equal to itself.
func sameLine(a, b line) string {
	return cmp.Diff(a, b, cmp.Comparer(func(a, b fleet.Float) bool { return a == b || !a.Known() && !b.Known() }))
}

func TestTheLabsRecordingIsReadByShape(t *testing.T) {
	text := lengthened(t, 1<<20)
	d := newDecoder()
	for i, text := range bytes.SplitAfter(text, []byte("\n"))[1:] {
		if len(text) == 0 {
			continue
		}
		var l line
		d.text, d.at = text, 0
		if !d.value(d.line, reflect.ValueOf(&l).Elem()) || d.peek() != 0 {
			t.Fatalf("line %d is left to encoding/json at %.60q", i+2, text[d.at:])
		}
		want, err := slowly(text)
		if diff := sameLine(want, l); err != nil || diff != "" {
			t.Fatalf("line %d (%v):\n%s", i+2, err, diff)
		}
	}
}

// odd lines have something that is not as this program writes it.
var odd = []string{
	`{"observation":{"at":"2026-01-01T00:00:00Z","servers":[{"name":"m","max_connections":50}],"processes":[{"id":"a/1","group":"a","aliases":[{"name":"x","pools":[{"user":"u","sv_active":2}]}]}]}}`,
	`{"observation":{"AT":"2026-01-01T00:00:00Z","Servers":[]}}`,
	`{"observation":{"servers":[{"name":"a","timeline":1},{"name":"b","timeline":2}],"servers":[{"name":"c"}]}}`,
	`{"observation":{"servers":null,"processes":[],"took_ns":null,"at":null}}`,
	`{"observation":{"servers":[null,{"name":null,"in_recovery":true},{"in_recovery":false}]}}`,
	`{"observation":null,"history":null}`,
	`{"observation":{"took_ns":-0}}`, `{"observation":{"took_ns":007}}`, `{"observation":{"took_ns":1.0}}`,
	`{"observation":{"took_ns":1e3}}`,
	`{"observation":{"took_ns":9223372036854775807}}`, `{"observation":{"took_ns":9223372036854775808}}`,
	`{"observation":{"took_ns":-9223372036854775808}}`,
	`{"observation":{"servers":[{"name":"\u00e9\n"},{"name":"é"},{"name":"` + "\xff" + `"}]}}`,
	`{"observation":{"signals":[{"name":"cpu","value":0.5},{"value":null},{"value":1e400},{"value":"x"},{"value":.5}]}}`,
	`{"observation":{"signals":[{"name":"cpu","value":0.5,"at":"2026-01-01T00:00:00Z"},{"value":null}]}}`,
	` { "observation" : { "took_ns" : 5 , "servers" : [ { } , { "name" : "b" } ] } } `,
	`{"observation":{"took_ns":5}} trailing`, `{"observation":{"took_ns":5}}{}`, `{"observation":{"took_ns":5}`,
	`{"observation":{"took_ns":5,}}`,
	`{"observation":{"servers":[{}}]}}`, `{"observation":{"servers":[{},]}}`, `{"observation":{,}}`, `[]`, `null`, `nullx`,
	`{}`, "", "\x00", "{}\x00",
	`{"observation":{"servers":[{"in_recovery":tru}]}}`, `{"weather":{}}`, `{"observation":{"at":"yesterday"}}`,
	`{"observation":{"at":5}}`,
}

func FuzzALineHasOneMeaning(f *testing.F) {
	for _, text := range odd {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := newDecoder()
		for pass := range 2 { // the second time it has learnt how long lists are
			got, err := d.decode([]byte(text))
			want, fault := slowly([]byte(text))
			if (err == nil) != (fault == nil) {
				t.Fatalf("pass %d: %v, encoding/json says %v", pass, err, fault)
			}
			if diff := sameLine(want, got); err == nil && diff != "" {
				t.Fatalf("pass %d:\n%s", pass, diff)
			}
		}
	})
}
