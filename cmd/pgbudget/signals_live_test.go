package main

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/planner/state"
)

// answers takes steps on a terminal, where a person is asked.
func (b *bench) answers(t *testing.T) {
	for _, c := range []struct {
		name, early, typed string
		environment        string
		code               int
		says               string
	}{
		{"yes", "", "yes\n", "", exitDone, "type yes to continue"},
		{"y", "", "y\n", "", exitHeld, "not confirmed: nothing was changed"},
		{"the environment", "", "gprd\n", "gprd", exitDone, "type gprd to continue"},
		{"yes is not the environment", "", "yes\n", "gprd", exitHeld, "not confirmed"},
		{"Ctrl-C", "", "\x03", "", exitInterrupted, "interrupted; nothing was changed"},
		{"the end of the input", "", "\x04", "", exitHeld, "not confirmed"},
		{"yes before the question", "yes\n", "no\n", "", exitHeld, "not confirmed"},
		{"half of it before the question", "ye", "s\n", "", exitHeld, "not confirmed"},
		{"yes before the question, and after it", "no\nyes\n", "yes\n", "", exitDone, "type yes to continue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.begin(t, fault{config: func(_ *bench, text string) string {
				if c.environment != "" {
					text += "environment: " + c.environment + "\n"
				}
				return text
			}})
			before := files(t, b.l)
			defer b.restore(t, before)
			code, said := b.onATerminal(t, c.early, c.typed, "to continue: ", "step", "--config", b.config, "--window", "2s",
				"--every", "300ms")
			if code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("exit %d, want %d and %q:\n%s", code, c.code, c.says, said)
			}
			asked, _, _ := strings.Cut(said, "to continue: ")
			for _, part := range []string{"worst case ", " at most during the step, ", "of max_connections 70",
				"  1  release  main/app 6 → 5", "  4  soak     1s",
				"app pool_size 6 → 5", "to the plan in all, about ", "first step: ci/app 2 → 5, main/app 6 → 5"} {
				if !strings.Contains(asked, part) {
					t.Errorf("%q is not in what was asked:\n%s", part, asked)
				}
			}
			end := regexp.MustCompile(`plan of 20\d\d-[-0-9: ]+ UTC: ci/app 5, .*; the sizes equal the plan's`)
			if done := end.MatchString(said); done != (c.code == exitDone) {
				t.Errorf("the end says how far the plan is: %v, exit %d:\n%s", done, c.code, said)
			}
			changed := false
			for path, text := range files(t, b.l) {
				changed = changed || text != before[path]
			}
			if changed != (c.code == exitDone) {
				t.Errorf("changed: %v, exit %d", changed, code)
			}
		})
	}
}

// signals ends a run in its soak, and goes back.
func (b *bench) signals(t *testing.T) {
	// what this program catches, what it starts has as usual: under nohup a hang-up is ignored
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			b.t = t
			b.begin(t, fault{policy: "soak: 1m, soak_every: 1s"})
			before := files(t, b.l)
			defer b.restore(t, before)
			cmd, stderr := b.running(t)
			for deadline := time.Now().Add(time.Minute); !b.did(state.Grant) && time.Now().Before(deadline); {
				time.Sleep(20 * time.Millisecond)
			}
			_ = cmd.Process.Signal(sig)
			_ = cmd.Wait()
			code := cmd.ProcessState.ExitCode()
			events, err := journal.Read(b.path)
			if err != nil || len(events) == 0 {
				t.Fatalf("%v: %v\n%s", events, err, stderr.String())
			}
			if last := events[len(events)-1]; code != exitInterrupted || last.Outcome != state.Interrupted ||
				!strings.Contains(stderr.String(),
					"pgbudget run --config "+b.config+" continues, pgbudget rollback --config "+b.config+" takes the step back") ||
				strings.Contains(stderr.String(), "nothing was changed") {
				t.Errorf("exit %d, %s\n%s", code, last.Outcome, stderr.String())
			}
			if r := command(t, b.l, "status", "--config", b.config); strings.Contains(r.stdout, "doing") ||
				strings.Contains(r.stdout, "killed") {
				t.Errorf("status of a run that has ended:\n%s", r.stdout)
			}
			if r := command(t, b.l, "rollback", "--config", b.config, "--window", "2s", "--every", "300ms", "--now",
				"--yes"); r.code != exitDone {
				t.Errorf("rollback: exit %d\n%s", r.code, r.stderr)
			}
			for path, text := range files(t, b.l) {
				if text != before[path] {
					t.Errorf("%s is not as it was:\n%s", path, text)
				}
			}
		})
	}
}

// running starts a run, which is asked nothing. What it says may be read once it has ended.
func (b *bench) running(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd, stderr := exec.Command(file, "run", "--config", b.config, "--window", "2s", "--every", "300ms", "--yes"),
		new(bytes.Buffer)
	cmd.Env = append(os.Environ(), "PGPASSFILE="+b.l.PassFile)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stderr
}

// runHolds has run refuse a pool that leads to a server which is not observed, and wait outside of its windows until it
// is interrupted. Nothing moves.
func (b *bench) runHolds(t *testing.T) {
	b.t = t
	b.begin(t, fault{})
	original := files(t, b.l)
	strangeServer(b)
	r := command(t, b.l, "run", "--config", b.config, "--window", "2s", "--every", "300ms", "--yes")
	if b.restore(t, original); r.code != exitEvidence ||
		!strings.Contains(r.stderr, "none is a backend of the servers observed") {
		t.Errorf("a pool on a server that is not in the config: exit %d\n%s", r.code, r.stderr)
	}

	b.begin(t, fault{policy: "soak: 1s, soak_every: 1s, windows: [" + closedWindow() + "]"})
	before := files(t, b.l)
	cmd, stderr := b.running(t)
	for deadline := time.Now().Add(time.Minute); !b.did(afterPlan) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(3 * time.Second) // ten samples, of which three would do for a step
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || b.did(state.BeginStep) ||
		!strings.Contains(stderr.String(), "outside of the windows") {
		t.Errorf("outside of its windows: exit %d, a step %v\n%s", code, b.did(state.BeginStep), stderr.String())
	}
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s was changed:\n%s", path, text)
		}
	}
}
