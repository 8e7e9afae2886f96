package livetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/clients"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
)

// Renewed waits until the consoles' connections have been renewed, or tried to be.
func Renewed(t *testing.T, f *Fake) {
	t.Helper()
	before := f.LoggedIn()
	labtest.Eventually(t, func() error {
		if f.LoggedIn() == before {
			return fmt.Errorf("%d logins, want one more: nobody renews", before)
		}
		return nil
	})
}

// Remains waits until so many sessions are open.
func (f *Fake) Remains(t *testing.T, want int) {
	t.Helper()
	labtest.Eventually(t, func() error {
		if n := f.Connected(); n != want {
			return fmt.Errorf("%d sessions are open, want %d", n, want)
		}
		return nil
	})
}

// Refuse ends every later login with a message.
func (f *Fake) Refuse(message string) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.Fatal = message
}

// Another gives its console's callers other addresses in memory: those of another process with the same files.
func (f *Fake) Another() {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	for _, row := range f.Tables["SHOW CLIENTS"] {
		for i, v := range row {
			row[i] = strings.Replace(v, "0x5", "0x6", 1)
		}
	}
}

// Waits is one server behind a PgBouncer that waits for its clients when it is told to end.
func Waits(t *testing.T) (*lab.Lab, admin.Targets) {
	t.Helper()
	l := labtest.Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Groups:  []lab.GroupSpec{{Name: "new", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 6}}}},
		Users:   []string{"app1"},
	})
	targets := TargetsOf(l)
	targets.Groups[0].Consoles = admin.At(l.Processes[0].ConsoleDSN(lab.ConsoleAdmin))
	return l, targets
}

// Succeeded tells a process to end, which a client of it delays, and starts another with its files and its port.
func Succeeded(t *testing.T, l *lab.Lab) {
	t.Helper()
	p := l.Processes[0]
	Run(t, clients.IdleInTransaction{DSN: p.DSN("app1", "app"), Clients: 1})
	Wait(t, l.Server("main"), "state = 'idle in transaction'", 1)
	old := p.Pid()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", old))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(p.PidPath)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", old))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	labtest.Eventually(t, func() error { // it listens no more
		if _, err := p.Show(t.Context(), "VERSION"); err == nil {
			return errors.New("it listens yet")
		}
		return nil
	})
	if err := os.Remove(p.PidPath); err != nil {
		t.Fatal(err)
	}
	args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	successor := exec.Command(args[0], args[1:]...)
	owner := info.Sys().(*syscall.Stat_t)
	successor.Dir, successor.SysProcAttr = folder, &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if int(owner.Uid) != os.Getuid() {
		successor.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	if err := successor.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = successor.Process.Signal(syscall.SIGQUIT); _ = successor.Wait() })
	labtest.Eventually(t, func() error { _, err := p.Show(t.Context(), "VERSION"); return err })
	if !p.Alive() {
		t.Fatal("the old process has ended: this test tests nothing")
	}
}

// Rewritten writes files of this machine, in place.
type Rewritten struct{ Disk }

// Write replaces the bytes of a file, whatever they are.
func (Rewritten) Write(_ context.Context, path string, _, data []byte) error {
	return os.WriteFile(path, data, 0o644)
}

// Hanging is a store whose reads hang while it says so.
type Hanging struct {
	*Memory
	Hangs atomic.Bool
	Free  chan struct{}
}

// Read is that of Memory. While Hangs is true it waits first, for Free or the end of ctx.
func (h *Hanging) Read(ctx context.Context, path string) ([]byte, error) {
	if h.Hangs.Load() {
		select {
		case <-h.Free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Memory.Read(ctx, path)
}

// Linked is a store that can tell which paths lead to one file: all that end alike.
type Linked struct{ *Memory }

// Same reports whether two paths end in the same name.
func (Linked) Same(a, b string) bool { return filepath.Base(a) == filepath.Base(b) }
