package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/reviewed"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// reviewedPools ask for more of ci and leave main where it is.
const reviewedPools = "pools: [{pool: main/app, load: {arrivals_per_sec: 30, mean_hold: 150ms}}, {pool: ci/app, " +
	"load: {arrivals_per_sec: 70, mean_hold: 150ms}}]\npolicy: {percent: 6, soak: 0s}\n"

// movedInput is one input of a plan that is another by the time of the step. Where it leaves every promise kept, the
// step goes on and says so.
type movedInput struct {
	name   string
	cause  func(t *testing.T, b *bench, plan string) (relieve func())
	config func(text string) string
	code   int
	says   string
}

// iniOf rewrites a file of main, and RELOADs where asked for.
func iniOf(databases, reload bool, change func(string) string) func(*testing.T, *bench, string) func() {
	return func(t *testing.T, b *bench, _ string) func() {
		p := b.l.Process("main", 0)
		path := p.IniPath
		if databases {
			path = p.DatabasesPath
		}
		b.t = t
		return b.reloaded(p, reload, rewrite(t, path, change))
	}
}

// planOf rewrites the saved plan: it was made of something else.
func planOf(old, by string) func(*testing.T, *bench, string) func() {
	return func(t *testing.T, _ *bench, plan string) func() {
		return rewrite(t, plan, func(text string) string {
			changed := strings.Replace(text, old, by, 1)
			if changed == text {
				t.Errorf("%q is not in the plan", old)
			}
			return sealed(t, changed)
		})
	}
}

// sealed is a plan as pgbudget would have written it.
func sealed(t *testing.T, text string) string {
	t.Helper()
	p, err := reviewed.Read([]byte(text))
	if err == nil {
		p, err = p.Sealed()
	}
	b, failed := json.Marshal(p)
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return string(b)
}

var inputs = []movedInput{
	{name: "nothing", code: exitDone},
	{name: "a size", cause: iniOf(true, true, replaced("pool_size=5", "pool_size=4")), code: exitDrift,
		says: "pool_size of app in main/1 is 4, was 5 when the plan was made"},
	{name: "a file", cause: iniOf(false, false, func(text string) string { return text + "; a note\n" }), code: exitDrift,
		says: "pgbouncer.ini of main/1 was changed: sha256 "},
	{name: "a load that the sizes carry", config: replaced("arrivals_per_sec: 70", "arrivals_per_sec: 66"), code: exitDone,
		says: "load of ci/app 10.5 → 9.9 Erlangs"},
	{name: "a load that they do not carry", config: replaced("arrivals_per_sec: 70", "arrivals_per_sec: 400"),
		code: exitInfeasible, says: "the plan no longer keeps every promise: ci/app needs "},
	{name: "another PostgreSQL", cause: planOf(`"system_id": "`, `"system_id": "9`), code: exitDrift,
		says: "server pg is another PostgreSQL: system identifier "},
	{name: "an edit of the plan", cause: func(t *testing.T, _ *bench, plan string) func() {
		return rewrite(t, plan, replaced(`"percent": 6`, `"percent": 60`))
	}, code: exitUsage, says: "the file was edited since it was written"},
	{name: "max_connections that the sizes fit", config: replaced("headroom: {connections: 0}",
		"headroom: {connections: 0}, max_connections: 95"), code: exitDone, says: "max_connections of pg 100 → 95"},
	{name: "max_connections that they do not fit", config: replaced("headroom: {connections: 0}",
		"headroom: {connections: 0}, max_connections: 40"), code: exitInfeasible, says: "max_connections of pg 100 → 40"},
	{name: "the environment", config: func(text string) string { return "environment: other\n" + text }, code: exitUsage,
		says: `the plan is of environment "", the config of "other"`},
	{name: "a pool that is ours to size", config: replaced("{pool: main/app, load: {arrivals_per_sec: 30, "+
		"mean_hold: 150ms}}, ", ""), code: exitInfeasible, says: "main/app stays at 5 now"},
}

// TestAReviewedPlanIsWhatRuns: a step goes to exactly the sizes of a saved plan; of what has moved since, one input at
// a time, it says what it was and is, and refuses where a promise or the review does not hold any more. The control is
// a plan of which nothing has moved.
func TestAReviewedPlanIsWhatRuns(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	b.config, b.path = movingConfig(t, b.l, reviewedPools)
	file := filepath.Join(t.TempDir(), "plan.json")
	args := []string{"--config", b.config, "--window", "1s", "--every", "300ms"}
	if r := command(t, b.l, append([]string{"plan", "--out", file}, args...)...); r.code != exitDone {
		t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	plan := readPlan(t, file)
	hashed(t, b.l, plan)
	before := files(t, b.l)
	for _, x := range inputs {
		t.Run(x.name, func(t *testing.T) {
			if x.config != nil {
				defer rewrite(t, b.config, x.config)()
			}
			if x.cause != nil {
				defer x.cause(t, b, file)()
			}
			r := command(t, b.l, append([]string{"step", "--plan", file, "--dry-run"}, args...)...)
			if r.code != x.code || !strings.Contains(r.stdout+r.stderr, x.says) {
				t.Errorf("exit %d, want %d and %q\n%s%s", r.code, x.code, x.says, r.stdout, r.stderr)
			}
			if x.says == "" && strings.Contains(r.stderr, "since the plan was made") {
				t.Errorf("nothing has moved:\n%s", r.stderr)
			}
		})
	}
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s was changed", path)
		}
	}
	// The steps go to the plan's sizes, whatever a plan of today would be, and each step knows those before it.
	defer rewrite(t, b.config, replaced("arrivals_per_sec: 70", "arrivals_per_sec: 66"))()
	for i, verb := range []string{"step", "run", "run"} {
		if r := command(t, b.l, append([]string{verb, "--plan", file, "--yes"}, args...)...); r.code != exitDone {
			t.Fatalf("%s: exit %d\n%s%s", verb, r.code, r.stdout, r.stderr)
		}
		for _, words := range [][]string{{"status"}, {"explain"}, {"check", "--window", "1s", "--every", "300ms"}} {
			r := command(t, b.l, append(words, "--config", b.config)...)
			says, on := r.stdout+r.stderr, i == 0
			if strings.Contains(says, "--plan "+file) != on || on && words[0] == "status" &&
				!strings.Contains(says, "plan of "+stamp(plan.Plan.At)) {
				t.Errorf("after %s %d, %s: the rest of the plan of %s to come: %v\n%s", verb, i, words[0],
					stamp(plan.Plan.At), on, says)
			}
		}
	}
	for _, x := range plan.Plan.Pools {
		group, alias, _ := strings.Cut(x.ID, "/")
		for _, p := range b.l.Group(group) {
			rows, err := p.Show(t.Context(), "DATABASES")
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if want := plan.Plan.Pools; row["name"] == alias && row["pool_size"] != itoa(x.ToSize) {
					t.Errorf("%s has %s, want %d of %d pools", x.ID, row["pool_size"], x.ToSize, len(want))
				}
			}
		}
	}
	if text, err := os.ReadFile(b.path); err != nil || !strings.Contains(string(text), "goes to the plan of ") {
		t.Errorf("the journal does not name the plan (%v)", err)
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n) // of a number there is no error
	return string(b)
}

func readPlan(t *testing.T, file string) (p reviewed.Plan) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hashed wants the hash of every file of every process, as anybody computes it, and the steps to the sizes.
func hashed(t *testing.T, l *lab.Lab, p reviewed.Plan) {
	t.Helper()
	want := map[string]string{}
	for path, text := range files(t, l) {
		sum := sha256.Sum256([]byte(text))
		want[path] = hex.EncodeToString(sum[:])
	}
	got := map[string]bool{}
	for _, f := range p.Files {
		got[f.Path] = true
		if f.SHA256 != want[f.Path] {
			t.Errorf("%s of %s has the hash %s, want %s", f.Path, f.Process, f.SHA256, want[f.Path])
		}
	}
	if len(got) != len(want) || len(p.Steps) < 2 || p.Servers[0].SystemID == "" {
		t.Errorf("%d files of %d, %d steps, servers %+v", len(got), len(want), len(p.Steps), p.Servers)
	}
}
