package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/journal"
	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// background is a command that runs beside the test.
type background struct {
	cmd    *exec.Cmd
	stderr heard
}

// heard is what a command has said so far, read while it says more.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// says waits until the command has said something.
func (r *background) says(t *testing.T, what string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(r.stderr.String(), what) {
			return
		}
	}
	t.Fatalf("it does not say %q\n%s", what, r.stderr.String())
}

func (b *bench) background(t *testing.T, args ...string) *background {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	r := &background{cmd: exec.Command(file, append(args, "--config", b.config)...)}
	r.cmd.Env = append(os.Environ(), "PGPASSFILE="+b.l.PassFile)
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// ended waits for the end of it, and returns the exit code.
func (r *background) ended(t *testing.T) int { t.Helper(); return r.endedWithin(t, 2*time.Minute) }

// endedWithin is ended of a command that may take so long.
func (r *background) endedWithin(t *testing.T, most time.Duration) int {
	t.Helper()
	defer time.AfterFunc(most, func() { _ = r.cmd.Process.Kill() }).Stop()
	err := r.cmd.Wait()
	if e, is := errors.AsType[*exec.ExitError](err); is {
		return e.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// awaits waits until the journal has so many events of a kind, and returns them all.
func (b *bench) awaits(t *testing.T, what string, n int, is func(state.Event) bool) []state.Event {
	t.Helper()
	var events []state.Event
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		events, _ = journal.Read(b.path)
		found := 0
		for _, e := range events {
			if is(e) {
				found++
			}
		}
		if found >= n {
			return events
		}
	}
	t.Fatalf("the journal has no %d events of %s: %d events in all", n, what, len(events))
	return nil
}

func granted(e state.Event) bool { return e.Kind == state.Acted && e.Action.Kind == state.Grant }

func stepEnded(e state.Event) bool { return e.Kind == state.StepEnded }

// TestARunInProgressIsSetAndAborted from another terminal: set changes how long it soaks, and the journal says who
// asked; abort takes the step in hand back, over a soak of an hour, and leaves the one before. Without a run, neither
// does anything; what was asked of a run before is not asked of the next.
func TestARunInProgressIsSetAndAborted(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, checkFleet())}
	b.config, b.path = movingConfig(t, b.l, strings.Replace(reviewedPools, "soak: 0s", "soak: 1h, soak_every: 500ms", 1))
	say := func(code int, want string, args ...string) {
		t.Helper()
		r := command(t, b.l, append([]string{args[0], "--config", b.config}, args[1:]...)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("%v: exit %d, want %d and %q\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
		}
	}
	say(exitUsage, "no run is in progress", "set", "soak=1s")
	say(exitUsage, "nothing to abort: no journal exists at", "abort")
	for _, wrong := range [][2]string{{"percent=0", "percent is 0, want 0.01 to 100"}, {"soak=soon", `is "soon"`},
		{"sok=1s", "did you mean soak?"}, {"windows=x", "cannot be set"}, {"percent", "is no KEY=VALUE"}} {
		say(exitUsage, wrong[1], "set", wrong[0])
	}
	start := files(t, b.l)
	run := b.background(t, "run", "--yes", "--window", "1s", "--every", "300ms")
	b.awaits(t, "grants", 1, granted)
	say(exitDone, "set: soak 1h0m0s → 3s, by ", "set", "soak=3s")
	events := b.awaits(t, "grants", 2, granted) // the first step has ended after three seconds
	i := slices.IndexFunc(events, func(e state.Event) bool { return e.Kind == state.Adjusted })
	if i < 0 || events[i].By == "" {
		t.Errorf("no event says what was set, and by whom: %+v", events)
	}
	say(exitDone, "set: soak 3s → 1h0m0s", "set", "soak=1h") // the second one is to stay in hand
	b.awaits(t, "steps that ended", 1, stepEnded)
	n := 0
	for _, e := range b.awaits(t, "grants", 2, granted) {
		n += b2i(stepEnded(e))
	}
	afterFirst := files(t, b.l)
	lines := command(t, b.l, "history", "--config", b.config, "--last", "0")
	if !strings.Contains(lines.stdout, "set      soak 1h0m0s → 3s") {
		t.Errorf("history: %s", lines.stdout)
	}
	say(exitDone, "set       soak 3s → 1h0m0s, by ", "status")
	say(exitDone, "asked; in hand: ", "abort")
	if code := run.ended(t); code != exitAborted || !strings.Contains(run.stderr.String(), "asked by ") {
		t.Errorf("exit %d, want %d\n%s", code, exitAborted, run.stderr.String())
	}
	m, err := journalStateAt(b.path)
	if err != nil || m.Step != nil || len(m.Past) != n {
		t.Errorf("%v: in hand %v, %d steps stand, want %d", err, m.Step, len(m.Past), n)
	}
	now := files(t, b.l)
	if len(m.Past) == 0 || sameFiles(now, start) || sameFiles(now, afterFirst) {
		t.Errorf("the first step is to stay, and the second to be back")
	}
	say(exitDone, "rollback", "rollback", "--now", "--yes", "--window", "1s", "--every", "300ms", "--to", "1")
	for path, text := range files(t, b.l) { // a line may have pool_size where it had none
		if text != start[path] {
			t.Errorf("%s is not as it was", path)
		}
	}
	// an ask that nobody has taken back is not obeyed by the next run
	if err := os.WriteFile(b.path+".abort", []byte("somebody, long ago"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := command(t, b.l, "step", "--config", b.config, "--yes", "--window", "1s", "--every", "300ms", "--dry-run")
	if r.code != exitDone {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	before := 0
	for _, e := range b.awaits(t, "grants", 2, granted) {
		before += b2i(granted(e))
	}
	again := b.background(t, "run", "--yes", "--window", "1s", "--every", "300ms")
	b.awaits(t, "grants", before+1, granted)
	say(exitDone, "in hand", "abort")
	if code := again.ended(t); code != exitAborted {
		t.Errorf("exit %d\n%s", code, again.stderr.String())
	}
}

func sameFiles(a, b map[string]string) bool {
	for path := range a {
		if a[path] != b[path] {
			return false
		}
	}
	return true
}

// journalStateAt folds a journal.
func journalStateAt(path string) (m state.JournalState, err error) {
	events, err := journal.Read(path)
	for _, e := range events {
		m = m.After(e)
	}
	return m, err
}
