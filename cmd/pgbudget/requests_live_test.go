package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/fixtures/lab/labtest"
	"github.com/pgbudget/pgbudget/planner/state"
)

// requests is a fleet whose sizes somebody else changes: main/app and ci/app of 5 in one process each.
type requests struct {
	*bench
	orders string // what by_hand.change and by_hand.withdraw were given
}

// configure writes a config and begins a journal; every size is 5 again.
func (q *requests) configure(t *testing.T, headroom int, pools, byHand string) {
	t.Helper()
	q.t = t
	for _, p := range q.l.Processes {
		q.made(p.Group, 5)
	}
	q.orders = filepath.Join(t.TempDir(), "orders")
	q.config, q.path = movingConfig(t, q.l, "environment: gprd\npools: ["+pools+"]\npolicy: {percent: 100, soak: 0s, "+
		"confirm: never}\napply: by-hand\nby_hand: {"+strings.ReplaceAll(byHand, "ORDERS", q.orders)+"}\n")
	rewrite(t, q.config, replaced("headroom: {connections: 0}", fmt.Sprintf("headroom: {connections: %d}", headroom)))
	for _, p := range q.l.Processes {
		rewrite(t, q.config, replaced(", config: "+p.IniPath, ""))
	}
}

// made makes a change: what somebody does who was asked for it, or was not.
func (q *requests) made(group string, size int) {
	q.t.Helper()
	p := q.l.Process(group, 0)
	text, err := os.ReadFile(p.DatabasesPath)
	if err != nil {
		q.t.Fatal(err)
	}
	text = sizeDigits.ReplaceAll(text, fmt.Appendf(nil, "pool_size=%d", size))
	if err := os.WriteFile(p.DatabasesPath, text, 0o644); err != nil {
		q.t.Fatal(err)
	}
	if err := p.Reload(q.t.Context()); err != nil {
		q.t.Fatal(err)
	}
}

// begin begins a step, and waits until it says something.
func (q *requests) begin(t *testing.T, verb, says string) *background {
	t.Helper()
	step := q.background(t, verb, "--yes", "--window", "1s", "--every", "300ms")
	step.says(t, says)
	return step
}

// ends wants how a command ends, and what it says.
func (q *requests) ends(t *testing.T, step *background, code int, says ...string) {
	t.Helper()
	got := step.ended(t)
	for _, text := range says {
		if said := step.stderr.String(); got != code || !strings.Contains(said, text) {
			t.Errorf("exit %d, want %d and %q\n%s", got, code, text, said)
		}
	}
}

// says runs a command to its end.
func (q *requests) says(t *testing.T, code int, text string, args ...string) {
	t.Helper()
	r := command(t, q.l, append(args, "--config", q.config)...)
	if r.code != code || !strings.Contains(r.stdout+r.stderr, text) {
		t.Errorf("%v: exit %d, want %d and %q\n%s%s", args, r.code, code, text, r.stdout, r.stderr)
	}
}

// given is what the commands of by_hand were given.
func (q *requests) given(t *testing.T, want string) {
	t.Helper()
	if got, err := os.ReadFile(q.orders); err != nil || string(got) != want {
		t.Errorf("ordered\n%s%v, want\n%s", got, err, want)
	}
}

// The pools of the tests: ci grows by five, and main shrinks by one where it is to.
const (
	ciGrows  = "{pool: main/app, min: 5, max: 5}, {pool: ci/app, min: 10, max: 10}"
	ciAndOne = "{pool: main/app, min: 4, max: 4}, {pool: ci/app, min: 10, max: 10}"
)

// loaded gives pools the loads by which they are sized.
func loaded(pools string) string {
	return strings.ReplaceAll(pools, "}", ", load: {arrivals_per_sec: 10, mean_hold: 100ms}}")
}

// TestARequestStaysOpenUntilItIsMadeOrClosed: what was asked for may be made at any time, and is counted until then.
func TestARequestStaysOpenUntilItIsMadeOrClosed(t *testing.T) {
	spec := checkFleet()
	spec.Groups[0].Shared, spec.Groups[1].Shared = false, false
	q := &requests{bench: &bench{t: t, l: labtest.Start(t, spec)}}
	const spare0, spare1 = 81, 82 // headroom with which 15 connections are the budget, and 14
	const grant = "request 1 of step 1 in gprd: grant ci/app 5 → 10\nmake this change and RELOAD"
	abort := func(t *testing.T, step *background, says ...string) {
		t.Helper()
		q.says(t, exitDone, "", "abort")
		q.ends(t, step, exitAborted, says...)
	}
	t.Run("it is called off, and closed", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 1m")
		step := q.begin(t, "step", grant)
		q.awaits(t, "somebody who was asked", 1, func(e state.Event) bool { return e.Kind == state.Asked })
		q.says(t, exitDone, "request 1 (grant ci/app 5 → 10) stands: it may be made at any time", "pause")
		if err := step.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		q.ends(t, step, exitInterrupted, "request 1 (grant ci/app 5 → 10) stands: it may be made at any time")
		q.says(t, exitDone, "", "resume")
		q.says(t, exitUsage, "request 1 is wanted", "accept", "--request", "1")
		step = q.begin(t, "step", "it was asked for at")
		abort(t, step, "no longer wanted, because asked by", " --request 1\n")
		const open = "request 1 (grant ci/app 5 → 10) was called off and may be made all the same"
		q.says(t, exitDone, open, "status")
		rewrite(t, q.config, replaced(loaded(ciGrows),
			loaded("{pool: main/app, min: 9, max: 9}, {pool: ci/app, min: 5, max: 5}")))
		for _, more := range []string{"--yes", "--dry-run"} {
			q.says(t, exitHeld, "request 1 (ci/app 5 → 10) was called off and may be made all the same, and then server pg: "+
				"main/app to 9: the worst case would be 19 of 15 connections", "step", "--window", "1s", "--every", "300ms", more)
		}
		q.says(t, exitUsage, "--request is 2, and this one is not open: request 1", "accept", "--request", "2")
		q.says(t, exitDone, "request 1 (ci/app 5 → 10) is closed", "accept", "--request", "1")
		q.says(t, exitDone, "call off request 1: grant ci/app 5 → 10", "history")
		step = q.begin(t, "step", "grant main/app 5 → 9")
		q.made("main", 9)
		q.ends(t, step, exitDone, "done     1 of 1 steps")
	})
	t.Run("it is called off, and made all the same", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 1m")
		abort(t, q.begin(t, "step", grant), "no longer wanted")
		q.made("ci", 10)
		q.says(t, exitDrift, "pool_size of app in ci/1 is 10; the journal expects 5 since", "step", "--yes", "--window", "1s",
			"--every", "300ms")
		q.says(t, exitDrift, "somebody made request 1, which was called off at", "step", "--yes", "--window", "1s", "--every",
			"300ms")
		q.says(t, exitDone, "request 1 (ci/app 5 → 10) is taken as closed", "accept", "--sizes", "--yes")
	})
	t.Run("an undo waits until what may be made is closed", func(t *testing.T) {
		q.configure(t, spare1, loaded(ciAndOne), "within: 1m")
		step := q.begin(t, "step", "request 1 of step 1 in gprd: release main/app 5 → 4\n")
		q.made("main", 4)
		step.says(t, "request 2 of step 1 in gprd: grant ci/app 5 → 10\n")
		q.says(t, exitHeld, "request 2 (grant ci/app 5 → 10) was called off", "abort")
		q.ends(t, step, exitHeld, "request 2 (ci/app 5 → 10) was called off and may be made all the same, and then server "+
			"pg: main/app to 5: the worst case would be 15 of 14 connections")
		q.says(t, exitDone, "is closed", "accept", "--request", "2")
		step = q.begin(t, "step", "request 3 of step 1 in gprd: grant main/app 4 → 5, because ")
		q.made("main", 5)
		q.ends(t, step, exitAborted, "the step was taken back")
	})
	t.Run("commands open and close it", func(t *testing.T) {
		const tells = "[sh, -c, 'env | grep -E \"^PGBUDGET_(ACTION|ENV|GROU|REQ|STEP|TIT)\" | sort >>ORDERS; cat >>ORDERS']"
		q.configure(t, spare0, loaded(ciGrows), "within: 1m, form: chef, change: "+tells+", withdraw: "+tells)
		abort(t, q.begin(t, "step", "group ci:\n"), "by_hand.withdraw has closed it\n")
		const order = "PGBUDGET_ACTION=grant\nPGBUDGET_ENVIRONMENT=gprd\nPGBUDGET_GROUP=ci\nPGBUDGET_REQUEST=1\n" +
			"PGBUDGET_STEP=1\nPGBUDGET_TITLE=request 1 of step 1 in gprd: grant ci/app 5 → 10\n" + `{
  "override_attributes": {
    "omnibus-gitlab": {
      "gitlab_rb": {
        "pgbouncer": {
          "databases": {
            "app": {
              "pool_size": 10
            }
          }
        }
      }
    }
  }
}
`
		q.given(t, order+order)
		if r := command(t, q.l, "status", "--config", q.config); strings.Contains(r.stdout, "request 1 (") {
			t.Errorf("a request is open:\n%s", r.stdout)
		}
	})
	t.Run("the command fails", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 1m, change: ['false']")
		q.says(t, exitHeld, "by_hand.change: ", "step", "--yes", "--window", "1s", "--every", "300ms")
		q.says(t, exitDone, "", "accept", "--sizes", "--yes")
	})
	t.Run("a grant is made before it is asked for, over the budget", func(t *testing.T) {
		q.configure(t, spare1, loaded(ciAndOne), "within: 1m")
		step := q.begin(t, "step", "release main/app 5 → 4\n")
		q.made("ci", 10)
		q.ends(t, step, exitDrift,
			"pool_size of app in ci/1 is 10 before it was asked for: on pg the worst case is 15, and the budget 14")
	})
	t.Run("a grant is made before it is asked for, within the budget", func(t *testing.T) {
		q.configure(t, spare1, loaded(ciAndOne), "within: 1m")
		step := q.begin(t, "step", "release main/app 5 → 4\n")
		q.made("main", 4)
		q.made("ci", 10)
		q.ends(t, step, exitDone, "done     1 of 1 steps")
		q.awaits(t, "grants that are done", 1, granted)
	})
	t.Run("a run waits no longer than a step", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 3s")
		at := time.Now()
		q.ends(t, q.begin(t, "run", grant), exitHeld, "nobody has made the change everywhere within 3s: pool_size of app in "+
			"ci/1 is 5, want 10", "request 1 (grant ci/app 5 → 10) stands")
		if took := time.Since(at); took > 40*time.Second { // chosen: an hour is hold_for's
			t.Errorf("it took %v", took)
		}
	})
	t.Run("a form that has no place for it", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 3s, form: zalando")
		for _, more := range []string{"--yes", "--dry-run"} {
			q.says(t, exitInfeasible, "by_hand.form zalando: ", "step", "--window", "1s", "--every", "300ms", more)
		}
		if r := command(t, q.l, "status", "--config", q.config); !strings.Contains(r.stdout, " is empty: ") &&
			!strings.Contains(r.stdout, "no step is in hand") {
			t.Errorf("a step was begun:\n%s", r.stdout)
		}
	})
	t.Run("a reviewed plan needs no file", func(t *testing.T) {
		q.configure(t, spare0, loaded(ciGrows), "within: 1m")
		plan := filepath.Join(t.TempDir(), "plan.json")
		q.says(t, exitDone, "", "plan", "--window", "1s", "--every", "300ms", "--out", plan)
		step := q.background(t, "step", "--yes", "--window", "1s", "--every", "300ms", "--plan", plan)
		step.says(t, "grant ci/app 5 → 10\n")
		q.made("ci", 10)
		q.ends(t, step, exitDone, "done     1 of 1 steps")
	})
}
