package live_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live"
	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// waits is one server behind a PgBouncer that waits for its clients when it is told to end.
func waits(t *testing.T) (*lab.Lab, live.Targets) {
	t.Helper()
	l := start(t, lab.Spec{
		Servers: []lab.PostgresSpec{{Name: "main"}},
		Groups:  []lab.GroupSpec{{Name: "new", Generation: lab.Gen124, Aliases: []lab.AliasSpec{{Name: "app", PoolSize: 6}}}},
		Users:   []string{"app1"},
	})
	targets := targetsOf(l)
	targets.Groups[0].Consoles = []string{l.Processes[0].ConsoleDSN(lab.ConsoleAdmin)}
	return l, targets
}

// TestAProcessThatIsToldToEndEndsThoughAFleetIsOpen, and though nobody looks.
func TestAProcessThatIsToldToEndEndsThoughAFleetIsOpen(t *testing.T) {
	t.Parallel()
	l, targets := waits(t)
	p := l.Processes[0]
	f := open(t, targets)
	observe(t, f)
	begin := time.Now()
	if err := p.Kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if p.Alive() {
			return errors.New("it waits for its clients yet")
		}
		return nil
	})
	t.Logf("it ended %v after it was told to", time.Since(begin).Round(time.Second/10))
	_, err := f.Observe(t.Context())
	if operr.KindOf(err) != operr.KindUnreachable || !strings.Contains(err.Error(), "it no longer listens") {
		t.Errorf("%v, want to hear that it no longer listens", err)
	}
}

// succeeded tells a process to end, which a client of it delays, and starts another with its files and its port.
func succeeded(t *testing.T, l *lab.Lab) {
	t.Helper()
	p := l.Processes[0]
	run(t, lab.IdleInTransaction{DSN: p.DSN("app1", "app"), Clients: 1})
	wait(t, l.Server("main"), "state = 'idle in transaction'", 1)
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
	eventually(t, func() error { // it listens no more
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
	eventually(t, func() error { _, err := p.Show(t.Context(), "VERSION"); return err })
	if !p.Alive() {
		t.Fatal("the old process has ended: this test tests nothing")
	}
}

// TestASuccessorOfARealProcessIsMetAnew: the old one answers who is connected for as long as it has a client.
func TestASuccessorOfARealProcessIsMetAnew(t *testing.T) {
	t.Parallel()
	l, targets := waits(t)
	f := open(t, targets)
	first := observe(t, f).Processes[0].Started
	succeeded(t, l)
	eventually(t, func() error {
		if observe(t, f).Processes[0].Started == first {
			return errors.New("the looks are at the old process yet")
		}
		return nil
	})
}

// rewritten writes files of this machine, in place.
type rewritten struct{ disk }

func (rewritten) Write(_ context.Context, path string, _, data []byte) error {
	return os.WriteFile(path, data, 0o644)
}

// TestARELOADOfARealSuccessorIsItsOwn: the old one would take the size, and end with it.
func TestARELOADOfARealSuccessorIsItsOwn(t *testing.T) {
	t.Parallel()
	l, targets := waits(t)
	p := l.Processes[0]
	f := open(t, targets)
	first := observe(t, f).Processes[0].Started
	succeeded(t, l)
	time.Sleep(time.Second) // the connection is older than the command needs it to be
	hands := f.Hands([]live.Config{{Process: "new/1", Path: p.IniPath, Store: rewritten{}}})
	set := fleet.Set{Process: "new/1", Alias: "app", Key: fleet.KeySize, From: 6, To: 5}
	if err := hands.Apply(t.Context(), state.Act{Verb: state.Release, Sets: []fleet.Set{set}}); err != nil {
		t.Fatal(err)
	}
	if observe(t, f).Processes[0].Started == first {
		t.Error("the RELOAD went to the old process")
	}
	rows, err := p.Show(t.Context(), "DATABASES")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row["name"] == "app" && row["pool_size"] != "5" {
			t.Errorf("the successor has pool_size %s, want 5", row["pool_size"])
		}
	}
}
