package main

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestAProvisionalStepIsWatchedUntilItsPeak: no other step begins until a person accepts it, or its time is over and it
// was quiet; a load that it does not carry takes it back, while nothing but watch runs.
func TestAProvisionalStepIsWatchedUntilItsPeak(t *testing.T) {
	b := &bench{t: t, l: labtest.Start(t, faultFleet())}
	faultLoad(t, b.l)
	time.Sleep(2 * time.Second)
	b.begin(t, fault{policy: "soak: 0s, soak_every: 500ms, confirm_after: 10m"})
	before := files(t, b.l)
	step := func(code int, want string) {
		t.Helper()
		r := command(t, b.l, "step", "--config", b.config, "--yes", "--window", "1s", "--every", "300ms")
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Fatalf("exit %d, want %d and %q\n%s%s", r.code, code, want, r.stdout, r.stderr)
		}
	}
	say := func(code int, want string, args ...string) {
		t.Helper()
		r := command(t, b.l, append(args, "--config", b.config)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("%v: exit %d, want %d and %q\n%s%s", args, r.code, code, want, r.stdout, r.stderr)
		}
	}
	say(exitDone, "no step is provisional", "watch")
	step(exitDone, "provisional until ")
	step(exitHeld, "held: step 1 is provisional until ")
	say(exitDone, "and nobody watches it: pgbudget watch", "status")
	say(exitDone, "--until 1s is over", "watch", "--window", "1s", "--every", "300ms", "--until", "1s")
	say(exitDone, "watch    what is provisional: no step begins", "history")
	say(exitUsage, "nobody can confirm", "accept", "--provisional")
	say(exitDone, "step 1 is no longer provisional", "accept", "--provisional", "--yes")
	say(exitDone, "no step is provisional", "watch")
	say(exitDone, "no step is provisional", "accept", "--provisional", "--yes")
	b.restore(t, before)

	b.begin(t, fault{policy: "soak: 0s, soak_every: 500ms, confirm_after: 1s"})
	step(exitDone, "provisional until ")
	time.Sleep(time.Second)
	say(exitDone, "and nothing has confirmed it: pgbudget watch", "status")
	say(exitDone, "step 1 is provisional: its peak has passed at ", "explain")
	say(exitDone, "the step is no longer provisional", "watch", "--window", "1s", "--every", "300ms")
	say(exitDone, "no step is provisional", "watch")
	say(exitDone, "confirm  the step is no longer provisional", "history")
	say(exitDone, "steps taken", "status")
	say(exitDone, "to change this: ", "explain")
	say(exitDone, "pgbudget had moved ci/app ", "accept", "--sizes", "--yes")
	b.restore(t, before)

	b.begin(t, fault{policy: "soak: 0s, soak_every: 500ms, confirm_after: 10m"})
	step(exitDone, "provisional until ")
	stepped := files(t, b.l)
	watch := b.background(t, "watch", "--every", "300ms")
	b.awaits(t, "runs", 2, func(e state.Event) bool { return e.Kind == state.RunBegan })
	time.Sleep(3 * time.Second) // the control: without a load, nothing happens
	for path, text := range files(t, b.l) {
		if text != stepped[path] {
			t.Errorf("%s was changed while nothing was wrong", path)
		}
	}
	relieve := saturated(b)
	code := watch.ended(t)
	relieve()
	if said := watch.stderr.String(); code != exitAborted ||
		!strings.Contains(said, "step 1 is provisional, and main/app") {
		t.Errorf("exit %d, want %d\n%s", code, exitAborted, said)
	}
	for path, text := range files(t, b.l) {
		if text != before[path] {
			t.Errorf("%s is not as it was before the step", path)
		}
	}
	say(exitDone, "no step is provisional", "watch")
}
