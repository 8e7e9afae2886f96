package apply_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// included are fakes with a file each that includes one of the folder: databases.ini, link.ini, which leads to it, or
// own.ini, which says the same. At a RELOAD a fake of 1.24.1 has the server_lifetime of d1 that databases.ini says.
func included(t *testing.T, targets []string, versions, includes []string) (
	f *observe.Fleet, applier *apply.Applier, fakes []*livetest.Fake, databases string) {
	t.Helper()
	lines, settings, _ := strings.Cut(livetest.Lines, "[pgbouncer]")
	dir := t.TempDir()
	databases = filepath.Join(dir, "databases.ini")
	livetest.Write(t, databases, lines)
	livetest.Write(t, filepath.Join(dir, "own.ini"), lines)
	if err := os.Symlink(databases, filepath.Join(dir, "link.ini")); err != nil {
		t.Fatal(err)
	}
	to := admin.Targets{Timeout: livetest.Generous}
	var configs []observe.Config
	for i, group := range targets {
		fake := livetest.NewFake(t, versions[i]).Become(fmt.Sprint("p", i))
		path := filepath.Join(dir, fmt.Sprint(i, ".ini"))
		has := settings
		if versions[i] != "1.24.1" {
			has = "\nauth_type = trust\n"
		}
		livetest.Write(t, path, "%include "+filepath.Join(dir, includes[i])+"\n[pgbouncer]"+has)
		fake.Tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
		fake.Hook(func(command string) {
			if command == "RELOAD" {
				takesLifetime(fake, databases)
			}
		})
		fakes = append(fakes, fake)
		at := slices.IndexFunc(to.Groups, func(g admin.GroupTarget) bool { return g.Name == group })
		if at < 0 {
			at = len(to.Groups)
			to.Groups = append(to.Groups, admin.GroupTarget{Name: group})
		}
		g := &to.Groups[at]
		g.Consoles = append(g.Consoles, admin.At(fake.Dsn(""))...)
		id := fmt.Sprintf("%s/%d", group, len(g.Consoles))
		configs = append(configs, observe.Config{Process: id, Path: path, Store: store.File{}})
	}
	f = livetest.Open(t, to)
	f.Know(configs)
	livetest.Observed(t, f)
	return f, apply.New(f, configs), fakes, databases
}

// takesLifetime lets a fake have what a file says of d1.
func takesLifetime(fake *livetest.Fake, path string) {
	text, _ := os.ReadFile(path)
	fake.Mu.Lock()
	defer fake.Mu.Unlock()
	databases := fake.Tables["SHOW DATABASES"]
	at := slices.Index(databases[0], "server_lifetime")
	for _, row := range databases[1:] {
		if at >= 0 && row[0] == "d1" {
			row[at] = map[bool]string{true: "1", false: "3600"}[strings.Contains(string(text), "server_lifetime")]
		}
	}
}

// TestNoFlushIsWrittenForAProcessThatCouldNotLoadIt has two processes whose files include one: where one of them is
// older than 1.23, of whichever group and by whichever path, the other is not flushed. What a run before has left is
// taken out all the same.
func TestNoFlushIsWrittenForAProcessThatCouldNotLoadIt(t *testing.T) {
	for _, c := range []struct {
		version, group, include string
		refused                 bool
	}{
		{"1.18.0", "g", "databases.ini", true},
		{"1.18.0", "h", "link.ini", true},
		{"1.18.0", "g", "own.ini", false},
		{"1.24.1", "g", "databases.ini", false},
		{"1.23.1", "h", "databases.ini", false},
	} {
		_, applier, fakes, databases := included(t, []string{"g", c.group},
			[]string{"1.24.1", c.version}, []string{"databases.ini", c.include})
		was, _ := os.ReadFile(databases)
		flush := fleet.SettingChange{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: 3600, To: 1}
		err := applier.Apply(t.Context(), state.Action{Kind: state.Flush, Changes: []fleet.SettingChange{flush}})
		now, _ := os.ReadFile(databases)
		if c.refused != (err != nil) || c.refused != (string(now) == string(was)) {
			t.Errorf("%+v: %v, and the file is\n%s", c, err, now)
		}
		other := map[string]string{"g": "g/2", "h": "h/1"}[c.group]
		says := fmt.Sprintf("%s reads it, too, and its PgBouncer %s cannot load", other, c.version)
		if c.refused && (operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), says)) {
			t.Errorf("%+v: %v", c, err)
		}
		livetest.Write(t, databases, strings.Replace(string(was), "reserve_pool=2", "reserve_pool=2 server_lifetime=01", 1))
		takesLifetime(fakes[0], databases)
		if err := applier.Apply(t.Context(), state.Action{Kind: state.Restore,
			Changes: []fleet.SettingChange{flush.Back()}}); err != nil {
			t.Errorf("%+v: the end of a flush: %v", c, err)
		}
		if now, _ := os.ReadFile(databases); string(now) != string(was) {
			t.Errorf("%+v: the file is afterwards\n%s", c, now)
		}
	}
}

// TestAFlushThatASiblingHasTakenByAnotherPathIsGivenBackThere: the two read one file, by its name and by a link.
func TestAFlushThatASiblingHasTakenByAnotherPathIsGivenBackThere(t *testing.T) {
	f, applier, fakes, databases := included(t, []string{"g", "g"},
		[]string{"1.24.1", "1.24.1"}, []string{"databases.ini", "link.ini"})
	flush := fleet.SettingChange{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: 3600, To: 1}
	if err := applier.Apply(t.Context(), state.Action{Kind: state.Flush,
		Changes: []fleet.SettingChange{flush}}); err != nil {
		t.Fatal(err)
	}
	takesLifetime(fakes[1], databases) // somebody RELOADs it
	if err := applier.Apply(t.Context(), state.Action{Kind: state.Restore,
		Changes: []fleet.SettingChange{flush.Back()}}); err != nil {
		t.Error(err)
	}
	for _, p := range livetest.Observed(t, f).Processes {
		if a := livetest.Alias(t, p, "d1"); a.Lifetime != time.Hour {
			t.Errorf("%s: a lifetime of %v after the end of the flush", p.ID, a.Lifetime)
		}
	}
}
