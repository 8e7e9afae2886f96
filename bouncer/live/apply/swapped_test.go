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

// startedWith is a fleet of one process, main/1, that was started with a path.
func startedWith(t *testing.T, conffile string) (*livetest.Fake, *observe.Fleet) {
	t.Helper()
	a := livetest.NewFake(t, "1.24.1")
	a.Set("conffile", conffile)
	return a, livetest.Open(t, admin.Targets{Timeout: livetest.Generous,
		Groups: []admin.GroupTarget{{Name: "main", Consoles: admin.At(a.Dsn(""))}}})
}

var ofMain = []fleet.SettingChange{{Process: "main/1", Alias: "d1", Key: fleet.KeySize, From: 6, To: 5}}

// TestARelativePathOfAProcessIsNoFileOfOurFolder: it begins in the folder that the process was started in. A file of
// that name where pgbudget was started, a copy or another, tells nothing.
func TestARelativePathOfAProcessIsNoFileOfOurFolder(t *testing.T) {
	for name, here := range map[string]string{"a copy": livetest.Lines, "another": "; another\n" + livetest.Lines} {
		t.Run(name, func(t *testing.T) {
			_, f := startedWith(t, "pgbouncer.ini")
			t.Chdir(t.TempDir())
			own := filepath.Join(t.TempDir(), "pgbouncer.ini")
			for path, text := range map[string]string{own: livetest.Lines, "pgbouncer.ini": here} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			h := apply.New(f, []observe.Config{{Process: "main/1", Path: own, Store: store.File{}}})
			if err := h.Check(t.Context(), ofMain); err != nil {
				t.Error(err)
			}
			if notes := h.PendingNotes(); slices.ContainsFunc(notes, func(text string) bool {
				return strings.Contains(text,
					"was started with")
			}) {
				t.Errorf("%q", notes)
			}
		})
	}
}

// TestAConfigThatIsNotThereIsNamed: the process and its key of the config, and the file that the process was started
// with. A file that was there, and is gone, is no wrong config.
func TestAConfigThatIsNotThereIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pgbouncer.inii")
	for _, c := range []struct{ conffile, hint string }{
		{"/etc/pgbouncer/pgbouncer.ini", "give config: /etc/pgbouncer/pgbouncer.ini, as this host has it"},
		{"pgbouncer.ini", "give config: the file of the process, as this host has it"},
		{path, "give config: the file of the process, as this host has it"},
	} {
		_, f := startedWith(t, c.conffile)
		h := apply.New(f, []observe.Config{{Process: "main/1", Path: path, Store: store.File{}}})
		for what, err := range map[string]error{"a step": h.Check(t.Context(), ofMain),
			"nothing to do": h.CheckFiles(t.Context())} {
			if got := fmt.Sprint(err); operr.KindOf(err) != operr.KindUsage ||
				got != "config: of main/1: "+path+": no such file or directory" || operr.HintOf(err) != c.hint {
				t.Errorf("%s: %q, next %q, of kind %v", what, got, operr.HintOf(err), operr.KindOf(err))
			}
		}
	}
	there := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(there, []byte(livetest.Lines), 0o600); err != nil {
		t.Fatal(err)
	}
	_, f := startedWith(t, there)
	h := apply.New(f, []observe.Config{{Process: "main/1", Path: there, Store: store.File{}}})
	if err := h.Check(t.Context(), ofMain); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(there); err != nil {
		t.Fatal(err)
	}
	err := h.Check(t.Context(), ofMain)
	if operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err),
		"config: of main/1: "+there+": no such file or directory") {
		t.Errorf("gone: %v, of kind %v", err, operr.KindOf(err))
	}
	if err := os.WriteFile(there, []byte("[databases]\n%include "+path+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Check(t.Context(), ofMain); operr.KindOf(err) != operr.KindDrift || !strings.Contains(fmt.Sprint(err),
		there+":2: the file of %include cannot be read") {
		t.Errorf("an %%include that is gone: %v, of kind %v", err, operr.KindOf(err))
	}
	// Of two hosts, files have one path.
	command := store.Command{ReadArgv: []string{"sh", "-c", "echo no route to host >&2; exit 255"},
		WriteArgv: []string{"false"}}
	_, f = startedWith(t, "/etc/pgbouncer.ini")
	err = apply.New(f, []observe.Config{{Process: "main/1", Path: "/etc/pgbouncer.ini",
		Store: command}}).Check(t.Context(), ofMain)
	if got := fmt.Sprint(err); operr.KindOf(err) != operr.KindUnreachable ||
		!strings.HasPrefix(got, "config: of main/1: /etc/pgbouncer.ini: ") ||
		!strings.Contains(got, "no route to host") ||
		operr.HintOf(err) != "run the commands under config: of the process by hand" {
		t.Errorf("a command that fails: %v, of kind %v; next: %s", err, operr.KindOf(err), operr.HintOf(err))
	}
}
