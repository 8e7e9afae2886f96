package livetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/fixtures/lab"
)

// Waits is one server behind a PgBouncer that waits for its clients when it is told to end.
func Waits(t *testing.T) (*lab.Lab, admin.Targets) {
	t.Helper()
	l := Start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Groups:  []lab.GroupSpec{{Name: "new", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 6}}}},
		Users:   []string{"app1"},
	})
	targets := TargetsOf(l)
	targets.Groups[0].Consoles = []string{l.Processes[0].ConsoleDSN(lab.ConsoleAdmin)}
	return l, targets
}

// Succeeded tells a process to end, which a client of it delays, and starts another with its files and its port.
func Succeeded(t *testing.T, l *lab.Lab) {
	t.Helper()
	p := l.Processes[0]
	Run(t, lab.IdleInTransaction{DSN: p.DSN("app1", "app"), Clients: 1})
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
	Eventually(t, func() error { // it listens no more
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
	Eventually(t, func() error { _, err := p.Show(t.Context(), "VERSION"); return err })
	if !p.Alive() {
		t.Fatal("the old process has ended: this test tests nothing")
	}
}

// Rewritten writes files of this machine, in place.
type Rewritten struct{ Disk }

func (Rewritten) Write(_ context.Context, path string, _, data []byte) error {
	return os.WriteFile(path, data, 0o644)
}
