package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAcceptAsksBeforeItGivesAStepInHandUp: who agrees to it on a terminal gives it up, and nobody else.
func TestAcceptAsksBeforeItGivesAStepInHandUp(t *testing.T) {
	for typed, want := range map[string]int{"no\n": exitHeld, "\n": exitHeld, "yes\n": exitDone} {
		folder := t.TempDir()
		path, config := filepath.Join(folder, "h.jsonl"), filepath.Join(folder, "hand.yaml")
		text := "journal: " + path + "\nservers: [{name: main, dsn: 'host=127.0.0.1 port=1'}]\n" +
			"groups: [{name: main, processes: [{console: 'host=127.0.0.1 port=2', config: /main.ini}]}]\n"
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		sets := []fleet.SettingChange{{Process: "main/1", Alias: "app", Key: fleet.KeySize, From: 15, To: 14}}
		_, err = j.Record(state.Event{At: time.Now(), Kind: state.StepBegan, Step: &state.Step{Kind: state.Forward,
			Changes: sets}})
		j.Close()
		if err != nil {
			t.Fatal(err)
		}
		code, said := onATerminal(t, nil, "", typed, "type yes to continue: ", "accept", "--sizes", "--config", config)
		if code != want || !strings.Contains(said, "step 1 is in hand, main/app 15 → 14, and is given up") {
			t.Errorf("%q: exit %d, want %d\n%s", typed, code, want, said)
		}
		journalState, err := journal.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if (journalState.Step == nil) != (want == exitDone) {
			t.Errorf("%q: the step in hand is %v", typed, journalState.Step)
		}
	}
}

// onATerminal runs the command with the lab's passwords on a terminal.
func (b *bench) onATerminal(t testing.TB, early, typed, asked string, args ...string) (code int, said string) {
	t.Helper()
	return onATerminal(t, []string{"PGPASSFILE=" + b.l.PassFile}, early, typed, asked, args...)
}

// onATerminal runs the command in a session of its own on a pseudo-terminal, types early while it takes samples and
// typed once it is asked, and returns what it showed.
func onATerminal(t testing.TB, env []string, early, typed, asked string, args ...string) (code int, said string) {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	cmd.Env = append(append(os.Environ(), "NO_COLOR=1"), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	var shown strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() {
		buffer, begun, answered := make([]byte, 4096), false, false
		for {
			n, err := master.Read(buffer)
			shown.Write(buffer[:n])
			if !begun && strings.Contains(shown.String(), "sampling the fleet") {
				begun = true
				_, _ = master.WriteString(early)
			}
			if !answered && strings.Contains(shown.String(), asked) {
				answered = true
				_, _ = master.WriteString(typed)
			}
			if err != nil { // EIO: nobody has the terminal open any more
				return
			}
		}
	})
	overdue := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	overdue.Stop()
	reading.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode(), shown.String()
	} else if err != nil {
		t.Fatal(err)
	}
	return 0, shown.String()
}
