package reviewed

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// loaded is a config of one file, and one that it includes.
func loaded(t *testing.T, main, databases string) ini.Config {
	t.Helper()
	c, err := ini.Load(func(path string) ([]byte, error) {
		switch path {
		case "/etc/pgbouncer.ini":
			return []byte(main), nil
		case "/etc/db.ini":
			return []byte(databases), nil
		}
		return nil, fs.ErrNotExist
	}, "/etc/pgbouncer.ini", "1.24.1")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	mainFile = "%include /etc/db.ini\n[pgbouncer]\nlisten_port = 6432\ndefault_pool_size = 20\n"
	dbFile   = "[databases]\napp = host=10.0.0.5 pool_size=5\nbare = host=10.0.0.5\nother = host=10.0.0.5 pool_size=7\n"
)

func hashes(t *testing.T, main, databases string) []File {
	t.Helper()
	files, err := HashesOf("main/1", loaded(t, main, databases), []Line{{"app", fleet.KeySize}, {"bare", fleet.KeySize}})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestOnlyTheSizesOfThePlanLeaveTheHash: a step changes those digits, or adds them where the line has none, in whatever
// way the file is written; every other byte counts.
func TestOnlyTheSizesOfThePlanLeaveTheHash(t *testing.T) {
	was := hashes(t, mainFile, dbFile)
	if len(was) != 2 || was[0].Path != "/etc/pgbouncer.ini" || was[1].Path != "/etc/db.ini" {
		t.Fatalf("%+v", was)
	}
	for _, c := range []struct {
		name, main, databases string
		same                  bool
	}{
		{"nothing", mainFile, dbFile, true},
		{"a size", mainFile, strings.Replace(dbFile, "pool_size=5", "pool_size=123", 1), true},
		{"a size where the line had none", mainFile, strings.Replace(dbFile, "bare = host=10.0.0.5",
			"bare = host=10.0.0.5 pool_size=8", 1), true},
		{"the size of another line", mainFile, strings.Replace(dbFile, "pool_size=7", "pool_size=8", 1), false},
		{"a host", mainFile, strings.Replace(dbFile, "10.0.0.5 pool_size=5", "10.0.0.6 pool_size=5", 1), false},
		{"a comment", mainFile + "; a note\n", dbFile, false},
		{"a blank", mainFile, strings.Replace(dbFile, "app = host", "app =  host", 1), false},
		{"the default", strings.Replace(mainFile, "= 20", "= 21", 1), dbFile, false},
		{"lines that end in CRLF", mainFile, strings.ReplaceAll(dbFile, "\n", "\r\n"), false},
	} {
		is := hashes(t, c.main, c.databases)
		same := slices.EqualFunc(was, is, func(a, b File) bool { return a.WithoutSizes == b.WithoutSizes })
		if same != c.same {
			t.Errorf("%s: the hashes without sizes are the same: %v, want %v", c.name, same, c.same)
		}
		if whole := slices.Equal(was, is); whole != (c.name == "nothing") {
			t.Errorf("%s: every hash is the same: %v", c.name, whole)
		}
	}
}

// reviewedPlan is a plan of one pool of two processes, 5 → 9.
func reviewedPlan() (Plan, Now) {
	f := budget.Fleet{Servers: []budget.FleetServer{{Name: "pg", MaxConns: 100, BudgetConns: 90,
		Lines: []budget.Line{{Item: "max_connections", Conns: 100}}}},
		Pools: []budget.FleetPool{{ID: "main/app", Group: "main", Alias: "app", Server: "pg",
			Sizes: []budget.Size{{Process: "main/1", Conns: 5}, {Process: "main/2", Conns: 5}}}}}
	five := 5
	p := Plan{Saved: sizing.Saved{Fleet: f, Plan: sizing.Plan{Pools: []sizing.PlanPool{{ID: "main/app", Server: "pg",
		FromSize: &five, ToSize: 9}}}}, Servers: []state.Origin{{Name: "pg", SystemID: "7"}},
		Files: []File{{Process: "main/1", Path: "a.ini", SHA256: "aaaaaaaaaaaaaaaa", WithoutSizes: "rest"}}}
	now := Now{Servers: slices.Clone(p.Servers), Files: slices.Clone(p.Files), Fleet: f, Plan: p.Plan}
	now.Fleet.Pools = slices.Clone(f.Pools)
	now.Fleet.Pools[0].Sizes = slices.Clone(f.Pools[0].Sizes)
	return p, now
}

// TestWhatHasMovedIsNamed, one thing at a time, by both numbers; a step of the journal has moved nothing.
func TestWhatHasMovedIsNamed(t *testing.T) {
	size := func(process int, conns int) func(*Now) {
		return func(n *Now) { n.Fleet.Pools[0].Sizes[process].Conns = conns }
	}
	wrote := func(from, to int) func(*Now) {
		return func(n *Now) {
			n.Journal = n.Journal.After(state.Event{Seq: 1, Kind: state.RunBegan, Goal: &sizing.Goal{}})
			step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
				Key: fleet.KeySize, From: from, To: to}}}
			n.Journal = n.Journal.After(state.Event{Seq: 2, Kind: state.StepBegan, Step: &step})
			n.Journal = n.Journal.After(state.Event{Seq: 3, Kind: state.Acted, Action: &state.Action{Kind: state.Grant,
				Changes: step.Changes}})
		}
	}
	for _, c := range []struct {
		name   string
		change []func(*Now)
		kind   operr.Kind
		says   string
	}{
		{"nothing", nil, operr.KindDone, ""},
		{"a size", []func(*Now){size(0, 7)}, operr.KindDrift,
			"pool_size of app in main/1 is 7, was 5 when the plan was made"},
		{"a size that a step has moved", []func(*Now){size(0, 7), wrote(5, 7)}, operr.KindDone, ""},
		{"one that a step has moved beyond the plan", []func(*Now){size(0, 12), wrote(5, 12)}, operr.KindDrift,
			"is 12, was 5"},
		{"one that a step has moved, and somebody since", []func(*Now){size(0, 6), wrote(5, 7)}, operr.KindDrift,
			"is 6, was 5"},
		{"a process that is gone", []func(*Now){func(n *Now) { n.Fleet.Pools[0].Sizes = n.Fleet.Pools[0].Sizes[:1] }},
			operr.KindDrift, "main/2 is gone from main/app"},
		{"a process that is new", []func(*Now){func(n *Now) {
			n.Fleet.Pools[0].Sizes = append(n.Fleet.Pools[0].Sizes, budget.Size{Process: "main/3", Conns: 5})
		}}, operr.KindDrift, "main/3 is new in main/app"},
		{"a file", []func(*Now){func(n *Now) { n.Files[0].WithoutSizes, n.Files[0].SHA256 = "other", "bbbbbbbbbbbbbbbb" }},
			operr.KindDrift, "a.ini of main/1 was changed: sha256 bbbbbbbbbbbb…, was aaaaaaaaaaaa…"},
		{"a file that is gone", []func(*Now){func(n *Now) { n.Files = nil }}, operr.KindDrift,
			"main/1 no longer reads a.ini"},
		{"a file that is new", []func(*Now){func(n *Now) {
			n.Files = append(n.Files, File{Process: "main/1", Path: "b.ini"})
		}}, operr.KindDrift, "main/1 reads b.ini, which the plan does not have"},
		{"a server", []func(*Now){func(n *Now) { n.Servers[0].SystemID = "8" }}, operr.KindDrift,
			"server pg is another PostgreSQL: system identifier 8, was 7"},
		{"a server that is gone", []func(*Now){func(n *Now) { n.Servers = nil }}, operr.KindDrift, "server pg is gone"},
		{"the environment", []func(*Now){func(n *Now) { n.Environment = "gprd" }}, operr.KindUsage,
			`the plan is of environment "", the config of "gprd"`},
	} {
		p, now := reviewedPlan()
		for _, change := range c.change {
			change(&now)
		}
		_, err := p.Judge(now)
		kind := operr.KindOf(err)
		if err == nil {
			kind = operr.KindDone
		}
		if kind != c.kind || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v (kind %v), want %q", c.name, err, kind, c.says)
		}
	}
}

// TestAnEditOfAPlanIsNoticed, of any value; a plan that was laid out anew is the same, and one that was sealed twice.
func TestAnEditOfAPlanIsNoticed(t *testing.T) {
	p, _ := reviewedPlan()
	p.Percent = 5
	p.Plan.Pools[0].Frozen = verdict.Printed{Reason: verdict.Of(verdict.Note, "why")}
	p, err := p.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Sealed()
	if err != nil || again.SHA256 != p.SHA256 {
		t.Errorf("%v: %s, then %s", err, p.SHA256, again.SHA256)
	}
	written, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		old, by string
		edited  bool
	}{{"", "", false}, {`"percent": 5`, `"percent": 6`, true}, {`"to_size": 9`, `"to_size": 10`, true},
		{`"sha256": "` + p.SHA256, `"sha256": "` + strings.Repeat("0", 64), true}} {
		text := strings.Replace(string(written), c.old, c.by, 1)
		if c.edited && text == string(written) {
			t.Fatalf("%s is not in\n%s", c.old, written)
		}
		read, err := Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Actionable(); (err != nil) != c.edited || err != nil && !strings.Contains(err.Error(), "edited") {
			t.Errorf("%s → %s: %v", c.old, c.by, err)
		}
	}
}

// TestAStepIsOneOfThePlans by where it leads, wherever its lines stand by now.
func TestAStepIsOneOfThePlans(t *testing.T) {
	change := func(from, to int) fleet.SettingChange {
		return fleet.SettingChange{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: from, To: to}
	}
	p := Plan{Steps: []Step{{Step: state.Step{Changes: []fleet.SettingChange{change(5, 7)}}}}}
	for _, c := range []struct {
		from, to int
		has      bool
	}{{5, 7, true}, {6, 7, true}, {5, 8, false}} {
		if p.Has(state.Step{Changes: []fleet.SettingChange{change(c.from, c.to)}}) != c.has {
			t.Errorf("%d → %d is one of the plan's: want %v", c.from, c.to, c.has)
		}
	}
}
