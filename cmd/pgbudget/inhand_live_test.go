package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/state"
)

// plainly is what was said without the config that the commands in it repeat.
func plainly(text string) string {
	return regexp.MustCompile(` --config \S+`).ReplaceAllString(text, "")
}

// said runs a command on the bench, and wants its exit code and what it says; with a ! before it, what it does not say.
func (b *bench) said(t testing.TB, args string, code int, parts ...string) result {
	t.Helper()
	r := command(t, b.l, append(strings.Fields(args), "--config", b.config, "--window", "2s", "--every", "300ms")...)
	if r.code != code {
		t.Errorf("%s: exit %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	for _, part := range parts {
		text, not := strings.CutPrefix(part, "!")
		if strings.Contains(plainly(r.stdout+r.stderr), text) == not {
			t.Errorf("%s: %q, want it there: %v\n%s%s", args, text, !not, r.stdout, r.stderr)
		}
	}
	return r
}

// interrupted runs a command until an action of it is done, and then interrupts it.
func (b *bench) interrupted(t testing.TB, done state.ActionKind, args string, parts ...string) {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, append(strings.Fields(args), "--config", b.config, "--window", "2s", "--every", "300ms",
		"--yes")...)
	cmd.Env = append(os.Environ(), "PGPASSFILE="+b.l.PassFile)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !b.did(done) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	err = cmd.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != exitInterrupted {
		t.Fatalf("%s: %v\n%s", args, err, stderr.String())
	}
	for _, part := range parts {
		if !strings.Contains(plainly(stderr.String()), part) {
			t.Errorf("%s: %q is missing in\n%s", args, part, stderr.String())
		}
	}
}

// inHand interrupts a step, and the rollback of it: what each command says of what is in hand, and which may go on
// with it.
func (b *bench) inHand(t *testing.T) {
	b.t = t
	b.begin(t, fault{policy: "soak: 1m, soak_every: 1s"})
	before := files(t, b.l)
	defer b.restore(t, before)
	b.interrupted(t, state.Grant, "step --percent 20",
		"the step in hand, ci/app 2 → 5, main/app 6 → 5, is kept and continued by the next pgbudget step",
		"next: pgbudget step --percent 20 continues, pgbudget rollback takes the step back")
	status := []string{"explain", "--config", b.config}
	if r := command(t, b.l, status...); !strings.Contains(plainly(r.stdout),
		"pgbudget step --percent 20 continues, pgbudget rollback takes the step back") {
		t.Errorf("why: %s", r.stdout)
	}
	for _, verb := range []string{"step", "run"} {
		b.said(t, verb+" --percent 50 --dry-run", exitDone, "continues step 1 of ",
			"(released, granted; 1m0s of soak left), whatever --percent is",
			"  1  soak     1m0s", "then ", "to the plan", "of max_connections 70", "!are granted", "!release ", "!grant ")
	}
	if r := b.said(t, "step --emit patch", exitDone,
		"nothing to write: every line of the step in hand has its new value"); r.stdout != "" {
		t.Errorf("a patch of nothing: %q", r.stdout)
	}
	b.said(t, "rollback --dry-run", exitDone, "rollback to before step 1, to ci/app 2, main/app 6: possible",
		"takes step 1 back first",
		"  1  release  ci/app 5 → 2", "  3  grant    main/app 5 → 6", "app pool_size 5 → 2", "then 0 steps back",
		"nothing was changed", "!soak ")
	resumed := pausedBy(b)
	b.said(t, "rollback --dry-run", exitHeld,
		"rollback to before step 1, to ci/app 2, main/app 6: the sizes would fit; refused now", "paused by", "!possible")
	resumed()
	b.interrupted(t, state.Retreat, "rollback", "next: pgbudget rollback continues")
	const under = "held: a rollback to before step 1 is in progress, and no forward step begins before its end"
	for _, args := range []string{"step --yes", "step --dry-run", "step --emit patch", "run --yes", "run --dry-run"} {
		b.said(t, args, exitHeld, under,
			"next: pgbudget rollback continues; pgbudget accept --sizes gives it up", "!release ")
	}
	b.said(t, "plan", exitDone, "pgbudget step would end with 5 now: "+under)
	b.said(t, "rollback --dry-run", exitDone, "continues to take back step 1", "!  1  release")
	b.said(t, "rollback --to 1 --yes", exitDone, "rollback", "ended    the step is taken back", "!soaked")
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s is not as it was:\n%s", path, text)
		}
	}
	b.said(t, "rollback --yes", exitUsage, "nothing to take back: all steps are taken back already")
}

// emitted applies the patches of a step with git apply and with patch: the files have comments, and are as the step
// would have made them. What is released is not granted in one patch.
func (b *bench) emitted(t *testing.T) {
	b.t = t
	b.begin(t, fault{})
	before := files(t, b.l)
	defer b.restore(t, before)
	for path, text := range before {
		if strings.Contains(text, "[databases]") {
			if err := os.WriteFile(path, []byte("; ours, whatever it says\n"+strings.Replace(text, "[databases]\n",
				"[databases]\n; of the app\n", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	commented := files(t, b.l)
	r := b.said(t, "step --percent 20 --emit patch", exitDone, "1 of 2: release main/app 6 → 5, RELOAD, see drained\n",
		"2 of 2: grant ci/app 2 → 5, RELOAD\n", "!no program applies")
	first, second, _ := strings.Cut(r.stdout, "2 of 2: ")
	if strings.Contains(first, "/ci-") || strings.Contains(second, "/main-") {
		t.Errorf("a patch of both:\n%s", r.stdout)
	}
	for _, tool := range [][]string{{"git", "apply", "--unidiff-zero"}, {"patch", "-p1", "-s", "--fuzz=0"}} {
		root := t.TempDir()
		for path, text := range commented {
			to := filepath.Join(root, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		for _, text := range []string{first, "2 of 2: " + second} {
			cmd := exec.Command(tool[0], tool[1:]...)
			cmd.Dir, cmd.Stdin = root, strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s\n%s", tool, err, out, text)
			}
		}
		of := regexp.MustCompile(`(?m)^(app = .*pool_size=)(\d+)`)
		for path, text := range commented {
			want := of.ReplaceAllString(text, "${1}5")
			if now, err := os.ReadFile(filepath.Join(root, path)); err != nil || string(now) != want {
				t.Errorf("%v: %s (%v) is\n%s\nwant\n%s", tool, path, err, now, want)
			}
		}
	}
}

// laterLine refuses a run before its first step where a line of a later one cannot be changed, and a step is not
// refused for it.
func (b *bench) laterLine(t *testing.T) {
	b.t = t
	b.begin(t, fault{pools: strings.Replace(faultPools, "jobs/app, min: 5", "jobs/app, max: 4", 1)})
	before := files(t, b.l)
	defer b.restore(t, before)
	file := b.l.Process("jobs", 0).DatabasesPath
	b.said(t, "run --percent 1 --dry-run", exitDone, "  1  grant    ci/app 2 → 3\n", "4 steps to the plan in all")
	if err := os.Chmod(file, 0o440); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(file, 0o640)
	for _, args := range []string{"run --percent 1 --dry-run", "run --percent 1 --yes",
		"run --percent 1 --max-steps 4 --dry-run"} {
		b.said(t, args, exitUsage, file+": the file cannot be written", "!  step  ")
	}
	b.said(t, "run --percent 1 --max-steps 1 --dry-run", exitDone)
	b.said(t, "step --percent 1 --dry-run", exitDone)
	if b.did(afterPlan) {
		t.Error("the journal has a run that began, want dry runs and refusals alone")
	}
}
