package apply_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/bouncer/live/apply"
	"github.com/pgbudget/pgbudget/bouncer/live/livetest"
	"github.com/pgbudget/pgbudget/bouncer/live/observe"
	"github.com/pgbudget/pgbudget/bouncer/store"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestNoFlushIsWrittenForAProcessThatCouldNotLoadIt has two processes whose files include one: where one of them is older than
// 1.23, of whichever group and by whichever path, the other is not flushed. What a run before has left is taken out all the same.
func TestNoFlushIsWrittenForAProcessThatCouldNotLoadIt(t *testing.T) {
	lines, settings, _ := strings.Cut(livetest.Lines, "[pgbouncer]")
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
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }
		for name, text := range map[string]string{"databases.ini": lines, "own.ini": lines,
			"a.ini": "%include " + path("databases.ini") + "\n[pgbouncer]" + settings,
			"b.ini": "%include " + path(c.include) + "\n[pgbouncer]\nauth_type = trust\n"} {
			livetest.Write(t, path(name), text)
		}
		if err := os.Symlink(path("databases.ini"), path("link.ini")); err != nil {
			t.Fatal(err)
		}
		fakes := []*livetest.Fake{livetest.NewFake(t, "1.24.1").Become("p1"), livetest.NewFake(t, c.version).Become("p2")}
		targets := admin.Targets{Timeout: livetest.Generous, Groups: []admin.GroupTarget{{Name: "g", Consoles: []string{fakes[0].Dsn("")}}}}
		other := "g/2"
		if c.group == "g" {
			targets.Groups[0].Consoles = append(targets.Groups[0].Consoles, fakes[1].Dsn(""))
		} else {
			other = c.group + "/1"
			targets.Groups = append(targets.Groups, admin.GroupTarget{Name: c.group, Consoles: []string{fakes[1].Dsn("")}})
		}
		f := livetest.Open(t, targets)
		configs := []observe.Config{{Process: "g/1", Path: path("a.ini"), Store: store.File{}}, {Process: other, Path: path("b.ini"), Store: store.File{}}}
		f.Know(configs)
		livetest.LookedAt(t, f)
		lives := func() { // as the file says
			text, _ := os.ReadFile(path("databases.ini"))
			fakes[0].Mu.Lock()
			defer fakes[0].Mu.Unlock()
			databases := fakes[0].Tables["SHOW DATABASES"]
			for _, row := range databases[1:] {
				if row[0] == "d1" {
					row[slices.Index(databases[0], "server_lifetime")] = map[bool]string{true: "1", false: "3600"}[strings.Contains(string(text), "server_lifetime")]
				}
			}
		}
		fakes[0].Tables["RELOAD"] = [][]string{{"notice"}, {"reloaded"}}
		fakes[0].Hook(func(command string) {
			if command == "RELOAD" {
				lives()
			}
		})
		hands := apply.New(f, configs)
		flush := fleet.Set{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: 3600, To: 1}
		err := hands.Apply(t.Context(), state.Act{Verb: state.Flush, Sets: []fleet.Set{flush}})
		text, _ := os.ReadFile(path("databases.ini"))
		wrote := string(text) != lines
		if c.refused != (err != nil) || wrote == c.refused {
			t.Errorf("%+v: %v, and the file is\n%s", c, err, text)
		}
		if says := fmt.Sprintf("%s reads it, too, and its PgBouncer %s cannot load", other, c.version); c.refused && (operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), says)) {
			t.Errorf("%+v: %v", c, err)
		}
		livetest.Write(t, path("databases.ini"), strings.Replace(lines, "reserve_pool=2", "reserve_pool=2 server_lifetime=01", 1))
		lives()
		if err := hands.Apply(t.Context(), state.Act{Verb: state.Restore, Sets: []fleet.Set{flush.Back()}}); err != nil {
			t.Errorf("%+v: the end of a flush: %v", c, err)
		}
		if text, _ := os.ReadFile(path("databases.ini")); string(text) != lines {
			t.Errorf("%+v: the file is afterwards\n%s", c, text)
		}
	}
}
