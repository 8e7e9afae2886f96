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
)

// TestSwappedFilesAreNamed gives two processes each other's file.
func TestSwappedFilesAreNamed(t *testing.T) {
	a, b := livetest.NewFake(t, "1.24.1"), livetest.NewFake(t, "1.24.1")
	identity := func(f *livetest.Fake, name, port string) *livetest.Memory {
		f.Set("conffile", "/etc/"+name+".ini")
		f.Set("pidfile", "/run/"+name+".pid")
		f.Set("listen_port", port)
		f.Set("logfile", "/var/log/"+name)
		text := strings.Replace(livetest.Lines, "listen_port = 6424", "listen_port = "+port+"\npidfile = /run/"+name+".pid",
			1)
		return &livetest.Memory{Text: strings.Replace(text, "logfile = /run/pgbouncer/log", "logfile = /var/log/"+name, 1)}
	}
	files := []*livetest.Memory{identity(a, "main", "6001"), identity(b, "ci", "6002")}
	targets := admin.Targets{Timeout: livetest.Generous,
		Groups: []admin.GroupTarget{{Name: "ci", Consoles: admin.At(b.Dsn(""))},
			{Name: "main", Consoles: admin.At(a.Dsn(""))}}}
	fl := livetest.Open(t, targets)
	config := func(process, path string, s *livetest.Memory) observe.Config {
		return observe.Config{Process: process, Path: path, Store: s}
	}
	sets := []fleet.SettingChange{{Process: "main/1", Alias: "d1", Key: fleet.KeySize, From: 6, To: 5}}
	right := apply.New(fl, []observe.Config{config("main/1", "/etc/main.ini", files[0]), config("ci/1", "/etc/ci.ini",
		files[1])})
	if err := right.Check(t.Context(), sets); err != nil {
		t.Fatal(err)
	}
	for name, applier := range map[string]*apply.Applier{
		"each other's": apply.New(fl, []observe.Config{config("main/1", "/etc/ci.ini", files[1]),
			config("ci/1", "/etc/main.ini", files[0])}),
		"one for both": apply.New(fl, []observe.Config{config("main/1", "/etc/ci.ini", files[1]),
			config("ci/1", "/etc/ci.ini", files[1])}),
		"by other ways": apply.New(fl, []observe.Config{config("main/1", "/mnt/pgb2/ci.ini", files[1])}),
	} {
		err := applier.Check(t.Context(), sets)
		for _, want := range []string{"config: of main/1: it is /",
			"/ci.ini, the file of ci/1, and main/1 was started with /etc/main.ini", "listen_port", "6002, and 6001 in main/1"} {
			if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		if err := applier.CheckFiles(t.Context()); operr.KindOf(err) != operr.KindUsage {
			t.Errorf("%s, nothing to do: %v", name, err)
		}
	}
	// Two hosts with files of one name, whose commands were swapped; one that waits for a restart with another's port.
	host := apply.New(fl, []observe.Config{config("main/1", "/etc/main.ini", files[1])})
	if err := host.Check(t.Context(), sets); operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err),
		"what it reads as /etc/main.ini is the file of ci/1") {
		t.Errorf("swapped commands: %v", err)
	}
	port := &livetest.Memory{Text: strings.Replace(files[0].Text, "6001", "6002", 1)}
	if err := apply.New(fl, []observe.Config{config("main/1", "/etc/main.ini", port)}).Check(t.Context(),
		sets); err != nil {
		t.Errorf("a port that waits for a restart: %v", err)
	}
	stranger := &livetest.Memory{}
	stranger.Text = strings.Replace(strings.Replace(files[1].Text, "6002", "6003", 1), "/run/ci.pid", "/run/x.pid", 1)
	err := apply.New(fl, []observe.Config{{Process: "main/1", Path: "/etc/x.ini", Store: stranger}}).Check(t.Context(),
		sets)
	if operr.KindOf(err) != operr.KindUsage || !strings.Contains(fmt.Sprint(err),
		"it is /etc/x.ini, which is not the file of main/1, started with /etc/main.ini") {
		t.Errorf("a stranger's file: %v", err)
	}
	// A process's own file through another mount, with a port that waits for a restart.
	mounted := &livetest.Memory{Text: strings.Replace(files[0].Text, "6001", "7001", 1)}
	if err := apply.New(fl, []observe.Config{config("main/1", "/mnt/main.ini", mounted)}).Check(t.Context(),
		sets); err != nil {
		t.Errorf("through a mount: %v", err)
	}
}

// TestAFileThatTheProcessWasNotStartedWithIsNamed: it may be the same one through a mount, and no byte tells.
func TestAFileThatTheProcessWasNotStartedWithIsNamed(t *testing.T) {
	a := livetest.NewFake(t, "1.24.1")
	dir := t.TempDir()
	own, other, link := filepath.Join(dir, "own.ini"), filepath.Join(dir, "other.ini"), filepath.Join(dir, "link.ini")
	for path, head := range map[string]string{own: "", other: "; of another mount\n"} {
		if err := os.WriteFile(path, []byte(head+livetest.Lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(own, link); err != nil {
		t.Fatal(err)
	}
	a.Set("conffile", own)
	f := livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
		Groups: []admin.GroupTarget{{Name: "main", Consoles: admin.At(a.Dsn(""))}}})
	sets := []fleet.SettingChange{{Process: "main/1", Alias: "d1", Key: fleet.KeySize, From: 6, To: 5}}
	for path, want := range map[string]bool{own: false, link: false, other: true} {
		h := apply.New(f, []observe.Config{{Process: "main/1", Path: path, Store: store.File{}}})
		if err := h.Check(t.Context(), sets); err != nil {
			t.Fatal(path, err)
		}
		said := slices.ContainsFunc(h.PendingNotes(), func(text string) bool {
			return strings.Contains(text, "main/1 was started with "+own+", and its config: is "+path)
		})
		if said != want {
			t.Errorf("%s: said %v, want %v: %q", path, said, want, h.PendingNotes())
		}
	}
}

// TestAFlushThatNoJournalKnowsOfIsNamed: its journal may be lost, and nothing else tells.
func TestAFlushThatNoJournalKnowsOfIsNamed(t *testing.T) {
	_, s, applier := one(t)
	named := func() bool {
		if err := applier.CheckFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(applier.PendingNotes(), func(text string) bool {
			return strings.Contains(text, "g/1: server_lifetime of d1 is 1 second in its file") &&
				strings.Contains(text, "no journal knows of")
		})
	}
	if named() {
		t.Error("nothing is flushed, and something is said")
	}
	s.Text = strings.Replace(s.Text, "pool_size=6", "pool_size=6 server_lifetime=01", 1)
	applier.Told([]fleet.SettingChange{{Process: "g/1", Alias: "d1", Key: fleet.KeyLifetime, From: 3600, To: 1}})
	if named() {
		t.Error("our own flush is named")
	}
	applier.Told(nil)
	if !named() {
		t.Errorf("not named: %q", applier.PendingNotes())
	}
}
