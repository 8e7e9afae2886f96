package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// byHandCase is what somebody does with a change that a step asks for, and what becomes of the step.
type byHandCase struct {
	name  string
	does  func(b *bench, made func(p *lab.Process, size string))
	soak  string
	code  int
	says  string
	sizes string // of ci/1 and ci/2 afterwards
}

var byHandCases = []byHandCase{
	{"made after a while", func(b *bench, made func(*lab.Process, string)) {
		time.Sleep(2 * time.Second)
		made(b.l.Process("ci", 0), "10")
		time.Sleep(time.Second)
		made(b.l.Process("ci", 1), "10")
	}, "0s", exitDone, "done     1 of 1 steps", "10 10"},
	{"another value", func(b *bench, made func(*lab.Process, string)) {
		made(b.l.Process("ci", 0), "7")
	}, "0s", exitDrift, "pool_size of app in ci/1 is 7; the step in hand changes it from 5 to 10", "7 5"},
	{"on one of two hosts", func(b *bench, made func(*lab.Process, string)) {
		made(b.l.Process("ci", 0), "10")
	}, "0s", exitHeld, "pool_size of app in ci/2 is 5, want 10", "10 5"},
	{"never", func(*bench, func(*lab.Process, string)) {}, "0s", exitHeld,
		"nobody has made the change everywhere within 6s: pool_size of app in ci/1 is 5, want 10, pool_size of app in ci/2",
		"5 5"},
	{"made, and taken back in the soak", func(b *bench, made func(*lab.Process, string)) {
		made(b.l.Process("ci", 0), "10")
		made(b.l.Process("ci", 1), "10")
		b.awaits(b.t.(*testing.T), "grants that are done", 1, granted)
		made(b.l.Process("ci", 1), "5")
	}, "1h", exitDrift, "ci/2", "10 5"},
}

// TestAStepByHandWaitsForWhoeverMakesIt: it prints the change in the form of the config, writes no file itself, and
// tells no process to RELOAD.
func TestAStepByHandWaitsForWhoeverMakesIt(t *testing.T) {
	spec := checkFleet()
	spec.Groups[1].Processes, spec.Groups[1].Shared = 2, false
	b := &bench{t: t, l: labtest.Start(t, spec)}
	for _, c := range byHandCases {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.config, b.path = movingConfig(t, b.l, "pools: [{pool: main/app, max: 5, load: {arrivals_per_sec: 10, "+
				"mean_hold: 100ms}}, {pool: ci/app, min: 10, max: 10, load: {arrivals_per_sec: 70, mean_hold: 150ms}}]\n"+
				"policy: {percent: 50, soak_every: 500ms, soak: "+c.soak+"}\napply: by-hand\n"+
				"by_hand: {form: terraform, within: 6s}\n")
			for _, p := range b.l.Processes {
				rewrite(t, b.config, replaced(", config: "+p.IniPath, ""))
			}
			before := files(t, b.l)
			var undo []func()
			made := func(p *lab.Process, size string) {
				undo = append(undo, b.reloaded(p, true, rewrite(t, p.DatabasesPath, func(text string) string {
					for _, old := range []string{"5", "7", "10"} {
						text = strings.ReplaceAll(text, "pool_size="+old+" ", "pool_size="+size+" ")
						text = strings.ReplaceAll(text, "pool_size="+old+"\n", "pool_size="+size+"\n")
					}
					return text
				})))
			}
			step := b.background(t, "step", "--yes", "--window", "1s", "--every", "300ms")
			step.says(t, "\"main/app\" = 5\n}\n")
			if c.name == "never" {
				b.saysWhoIsWaitedFor(t)
			}
			c.does(b, made)
			code := step.ended(t)
			said := step.stderr.String()
			if code != c.code || !strings.Contains(said, c.says) ||
				!strings.Contains(said, ": grant ci/app 5 → 10\nmake this change and RELOAD; it is waited for, "+
					"for 6s at most:\npgbouncer_pool_sizes = {\n  \"ci/app\" = 10\n  \"main/app\" = 5\n}\n") {
				t.Errorf("exit %d, want %d and %q\n%s", code, c.code, c.says, said)
			}
			var sizes []string
			for _, p := range b.l.Group("ci") {
				rows, err := p.Show(t.Context(), "DATABASES")
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					if row["name"] == "app" {
						sizes = append(sizes, row["pool_size"])
					}
				}
			}
			if got := strings.Join(sizes, " "); got != c.sizes {
				t.Errorf("ci has %s, want %s", got, c.sizes)
			}
			if c.code == exitDone { // and back, in the same manner
				back := b.background(t, "rollback", "--yes", "--now", "--window", "1s", "--every", "300ms")
				back.says(t, "\"ci/app\" = 5\n  \"main/app\" = 5\n}\n")
				made(b.l.Process("ci", 1), "5")
				made(b.l.Process("ci", 0), "5")
				if code := back.ended(t); code != exitDone || !strings.Contains(back.stderr.String(), "\"ci/app\" = 5\n") {
					t.Errorf("rollback: exit %d\n%s", code, back.stderr.String())
				}
			}
			for i := range undo {
				undo[len(undo)-1-i]()
			}
			for path, text := range files(t, b.l) {
				if text != before[path] {
					t.Errorf("%s was changed by somebody else than who was asked", path)
				}
			}
		})
	}
}

// saysWhoIsWaitedFor asks for the status of a step that waits for somebody, a sample later.
func (b *bench) saysWhoIsWaitedFor(t *testing.T) {
	t.Helper()
	const want = "waits for ci/app 5 → 10 by hand, for "
	said := ""
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		r := command(t, b.l, "status", "--config", b.config)
		if said = r.stdout + r.stderr; strings.Contains(said, want) {
			return
		}
	}
	t.Errorf("status does not say %q:\n%s", want, said)
}

// TestWhoWasAskedIsNotAskedAgain: a run that begins after one that was interrupted shows the change, and opens no
// second merge request; what was asked for and is no longer wanted is called off.
func TestWhoWasAskedIsNotAskedAgain(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	orders := filepath.Join(t.TempDir(), "orders")
	b.config, b.path = movingConfig(t, b.l, "pools: [{pool: main/app, max: 5, load: {arrivals_per_sec: 10, "+
		"mean_hold: 100ms}}, {pool: ci/app, min: 10, max: 10, load: {arrivals_per_sec: 30, mean_hold: 150ms}}]\n"+
		"policy: {percent: 50, soak: 0s}\napply: by-hand\nby_hand: {within: 1m, change: [sh, -c, 'cat >>"+orders+"']}\n")
	for _, p := range b.l.Processes {
		rewrite(t, b.config, replaced(", config: "+p.IniPath, ""))
	}
	begin := func(says string) *background {
		t.Helper()
		step := b.background(t, "step", "--yes", "--window", "1s", "--every", "300ms")
		step.says(t, "ci/1: pool_size of app 5 → 10\n")
		if !strings.Contains(step.stderr.String(), says) {
			t.Errorf("it does not say %q\n%s", says, step.stderr.String())
		}
		return step
	}
	ordered := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(orders); err != nil || string(got) != want {
			t.Errorf("ordered %q, %v, want %q", got, err, want)
		}
	}
	const order = "ci/1: pool_size of app 5 → 10\n"
	step := begin("it is waited for, for 1m0s at most:\n")
	b.awaits(t, "somebody who was asked", 1, func(e state.Event) bool { return e.Kind == state.Asked })
	if err := step.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := step.ended(t); code != exitInterrupted {
		t.Errorf("interrupted: exit %d\n%s", code, step.stderr.String())
	}
	ordered(order)
	if r := command(t, b.l, "history", "--config", b.config); !strings.Contains(r.stdout,
		"asked    request 1: grant ci/app 5 → 10") {
		t.Errorf("nothing says that somebody was asked:\n%s", r.stdout)
	}
	step = begin(" UTC, and by_hand.change is not run again:\n")
	if r := command(t, b.l, "abort", "--config", b.config); r.code != exitDone {
		t.Errorf("abort: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if code := step.ended(t); code != exitAborted || !strings.Contains(step.stderr.String(),
		"request 1 of step 1: grant ci/app 5 → 10: no longer wanted, because asked by ") {
		t.Errorf("aborted: exit %d\n%s", code, step.stderr.String())
	}
	ordered(order)
	step = begin("it is waited for, for 1m0s at most:\n") // another step: it is asked for
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got, _ := os.ReadFile(orders); string(got) == order+order {
			break
		}
	}
	step.cmd.Process.Kill()
	_ = step.cmd.Wait()
	ordered(order + order)
}
