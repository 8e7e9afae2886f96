package apply_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// TestEveryChangeOfARealRELOADWasNamedBefore edits the files of real processes in every way, one edit and several at a
// time, and SETs settings. Whatever SHOW says otherwise after a RELOAD must have been refused by name before it, and
// nothing else.
func TestEveryChangeOfARealRELOADWasNamedBefore(t *testing.T) {
	t.Parallel()
	for _, gen := range []lab.Generation{lab.Gen118, lab.Gen124} {
		t.Run(string(gen), func(t *testing.T) {
			t.Parallel()
			reloads(t, gen)
		})
	}
}

func reloads(t *testing.T, gen lab.Generation) {
	aliases := []lab.AliasSpec{{Name: "app", PoolSize: 4}, {Name: "other", DBName: "app", ForceUser: "app2", PoolSize: 3,
		Reserve: 1, MinPoolSize: 1},
		{Name: "twice", DBName: "app"}, {Name: "gone", DBName: "app"}, {Name: "still", DBName: "app", PoolSize: 2},
		{Name: "*"}}
	if gen != lab.Gen118 {
		aliases = append(aliases, lab.AliasSpec{Name: "list", DBName: "app", PoolSize: 2})
	}
	l := labtest.Start(t, lab.Spec{Servers: []lab.PostgresSpec{{Name: "main"}}, Users: []string{"app1", "app2"},
		Groups: []lab.GroupSpec{{Name: "g", Generation: gen, Aliases: aliases,
			UserLines: map[string]string{"app1": "pool_mode=session"},
			Settings:  map[string]string{"query_wait_timeout": "100", "server_idle_timeout": "599.5"}}}})
	p := l.Processes[0]
	data, err := os.ReadFile(p.IniPath)
	if err != nil {
		t.Fatal(err)
	}
	base := string(data)
	server := regexp.MustCompile(`host=\S+ port=\d+`).FindString(base)
	base = strings.Replace(base, "list = host=127.0.0.1", "list = host=127.0.0.1,127.0.0.2", 1)
	if gen != lab.Gen118 {
		base = strings.Replace(base, "[pgbouncer]",
			"[peers]\n1 = host=127.0.0.1 port=7001\n2 = host=/tmp port=7000 pool_size=8\n[pgbouncer]", 1)
	}
	users, err := os.ReadFile(regexp.MustCompile(`auth_file = (\S+)`).FindStringSubmatch(base)[1])
	if err != nil {
		t.Fatal(err)
	}
	livetest.Write(t, regexp.MustCompile(`auth_file = (\S+)`).FindStringSubmatch(base)[1]+".other", string(users))
	livetest.Write(t, p.LogPath+".other", "")
	if err := os.Chmod(p.LogPath+".other", 0o666); err != nil {
		t.Fatal(err)
	}
	livetest.Loaded(t, p, base)
	auto, err := pgconn.Connect(t.Context(), p.DSN("app1", "postgres")) // it lives by the line of *
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { auto.Close(context.Background()) })
	targets := livetest.TargetsOf(l)
	targets.Groups[0].Consoles = admin.At(p.ConsoleDSN(lab.ConsoleAdmin))
	applier := apply.New(livetest.Open(t, targets), []observe.Config{{Process: "g/1", Path: p.IniPath,
		Store: store.File{}}})
	judge := reloading{t: t, p: p, base: base, applier: applier}

	var edits []livetest.Rewriting
	config, err := p.Show(t.Context(), "CONFIG")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range config {
		line := regexp.MustCompile(`(?m)^` + row["key"] + ` = .*\n`).FindString(base)
		for _, value := range []string{livetest.OtherValue(p, row["key"], row["value"]), livetest.OtherForm(row["key"],
			row["value"])} {
			if value != "" {
				edits = append(edits, livetest.Rewriting{Old: "", New: row["key"] + " = " + value})
			}
		}
		if line != "" && !slices.Contains([]string{"admin_users", "stats_users", "auth_type"}, row["key"]) {
			edits = append(edits, livetest.Rewriting{Old: line, New: ""})
		}
	}
	edits = append(edits, livetest.LineEdits(gen, server)...)
	for _, e := range edits {
		judge.edit(e)
	}
	r := rand.New(rand.NewPCG(7, uint64(len(edits))))
	for range 40 { // several at once
		var some []livetest.Rewriting
		for range 2 + r.IntN(4) {
			some = append(some, edits[r.IntN(len(edits))])
		}
		judge.edit(some...)
	}
	for _, row := range config {
		if value := livetest.OtherValue(p, row["key"], row["value"]); value != "" && row["changeable"] == "yes" &&
			!strings.Contains(row["key"], "tls") &&
			row["key"] != "peer_id" { // by which a process is known
			judge.set(row["key"], value)
		}
	}
	judge.edit(livetest.Rewriting{Old: " user=app2", New: ""}) // the process keeps it
	t.Logf("%d edits and %d SETs; of all, %d changed something", judge.edits, judge.sets, judge.changes)
	if all := judge.edits + judge.sets; judge.edits < 100 || judge.changes < 60 || all-judge.changes < 20 {
		t.Errorf("%d edits and SETs of which %d changed something: too few to show anything", all, judge.changes)
	}
}

// reloading compares what is said with what a process does.
type reloading struct {
	t                    *testing.T
	p                    *lab.Process
	base                 string
	applier              *apply.Applier
	edits, changes, sets int
}

func (r *reloading) edit(edits ...livetest.Rewriting) {
	text := r.base
	for _, e := range edits {
		text = e.Of(text)
	}
	livetest.Loaded(r.t, r.p, r.base)
	r.edits++
	r.compare(fmt.Sprint(edits), text)
}

func (r *reloading) set(key, value string) {
	livetest.Loaded(r.t, r.p, r.base)
	if err := r.p.Command(r.t.Context(), fmt.Sprintf("SET %s='%s'", key, strings.ReplaceAll(value, "'", ""))); err != nil {
		r.t.Fatalf("%s: %v", key, err)
	}
	r.sets++
	r.compare("SET "+key+" = "+value, r.base)
}

// compare asks, RELOADs, and samples.
func (r *reloading) compare(what, text string) {
	r.t.Helper()
	livetest.Write(r.t, r.p.IniPath, text)
	before := livetest.Cells(r.t, r.p)
	err := r.applier.Check(r.t.Context(), []fleet.SettingChange{{Process: "g/1", Alias: "still", Key: fleet.KeySize,
		From: 2, To: 1}})
	named := livetest.Accepts(err)
	if m := regexp.MustCompile(`no step brings ([^;]+)`).FindStringSubmatch(operr.HintOf(err)); err != nil && m != nil {
		for name := range strings.SplitSeq(m[1], ", ") {
			named = append(named, strings.Trim(name, "'"))
		}
	}
	if err != nil && operr.KindOf(err) != operr.KindDrift || err != nil && len(named) == 0 {
		r.t.Errorf("%s: %v", what, err)
		return
	}
	if all := fmt.Sprintf("%v %s", err, operr.HintOf(err)); strings.Contains(all, "hush") {
		r.t.Errorf("%s: shown: %s", what, all)
	}
	if err := r.p.Reload(r.t.Context()); err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	changed := livetest.KeysOf(before, livetest.Cells(r.t, r.p))
	if len(changed) > 0 {
		r.changes++
	}
	for key := range changed {
		if key == "postgres.line" { // it lives by *, and comes and goes with those who use it
			continue
		}
		// its line is gone: it lives by * from now on, if at all
		if key == "gone.line" && slices.Contains(named, "*.dbname") {
			continue
		}
		if !slices.Contains(named, key) && !livetest.Follows(key, named) {
			r.t.Errorf("%s: %s changed, and was not named among %q", what, key, named)
		}
	}
	for _, key := range named {
		lives := func(k string) bool { return strings.HasSuffix(k, key[1:]) && key[0] == '*' }
		if key == "*.dbname" && changed["gone.line"] {
			continue
		}
		if !changed[key] && !livetest.Alone.MatchString(key) && !slices.ContainsFunc(slices.Collect(maps.Keys(changed)),
			lives) {
			r.t.Errorf("%s: %s was named, and did not change (%v)", what, key, err)
		}
	}
}
