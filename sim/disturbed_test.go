package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// disturbance is what goes wrong, once so many events are in the journal.
type disturbance struct {
	*rig
	kind disturbing
	at   int
	left int // samples, actions or readings that it still spoils
	torn int // of an action that fails: so many lines have been changed
}

type disturbing int

const (
	nothingWrong disturbing = iota
	killed                  // SIGKILL, in an action too
	interrupted             // SIGINT, SIGTERM, SIGHUP
	pausedNow               // a person
	lockLost                // another pgbudget may be at work
	storeFails              // an action is done by half
	consoleLost             // nobody sees anything
	journalFull             // nothing can be written down
	saturated               // a signal above its abort level
	abortedBy               // a person takes the step in hand back
	disturbances
)

func (d disturbing) String() string {
	return []string{"nothing", "killed", "interrupted", "paused", "lock lost", "store fails", "console lost",
		"journal full", "saturated", "aborted by a person"}[d]
}

var errFull = errors.New("no space left on device")

// spoils reports whether it does it now, and does it once less.
func (d *disturbance) spoils(kind disturbing) bool {
	if d.kind != kind || len(d.events) < d.at || d.left <= 0 {
		return false
	}
	d.left--
	return true
}

// endless is more events than a schedule ever takes.
const endless = 3000

func (d *disturbance) Record(e state.Event) (state.Event, error) {
	if len(d.events) > endless {
		d.t.Fatalf("%d events, and no end: %s %+v", len(d.events), e.Kind, e.Action)
	}
	if d.spoils(journalFull) {
		return e, errFull
	}
	return d.rig.Record(e)
}

func (d *disturbance) Observe(ctx context.Context) (fleet.Observation, error) {
	if d.spoils(consoleLost) {
		return fleet.Observation{}, &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("no answer")}
	}
	return d.rig.Observe(ctx)
}

func (d *disturbance) Apply(ctx context.Context, act state.Action) error {
	if act.Kind != state.Restore && d.spoils(lockLost) {
		return &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	}
	if d.spoils(storeFails) {
		part := act
		part.Changes = act.Changes[:min(d.torn, len(act.Changes))]
		return errors.Join(d.rig.Apply(ctx, part), errors.New("the disk is full"))
	}
	return d.rig.Apply(ctx, act)
}

func (d *disturbance) Read(ctx context.Context) ([]fleet.Signal, error) {
	signals, err := d.w.Read(ctx)
	if d.spoils(saturated) {
		for i := range signals {
			signals[i].Value, signals[i].Fault = 0.99, ""
		}
	}
	return signals, err
}

// under lets a run go on under it until the run ends.
func (d *disturbance) under(b bouncer.Rebalancer, goal sizing.Goal, m state.JournalState) bouncer.Report {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	b.Fleet, b.Applier, b.Signals, b.Journal = d, d, d, d
	b.Seen = func(control.State, state.Action) {
		if d.spoils(interrupted) {
			cancel()
		}
	}
	b.Paused = func() verdict.Reason {
		if d.spoils(pausedNow) {
			return verdict.Noted("paused by somebody")
		}
		return verdict.Reason{}
	}
	b.Aborted = func() verdict.Reason {
		if d.kind == abortedBy && len(d.events) >= d.at { // it is asked for until the run has ended
			return verdict.Of(verdict.AbortAsked, "somebody")
		}
		return verdict.Reason{}
	}
	if d.dieAt, d.rig.torn = 0, d.torn; d.kind == killed {
		d.dieAt = d.at
	}
	report, err := b.Run(ctx, goal, m)
	if err != nil && !errors.Is(err, errDead) && !errors.Is(err, errFull) {
		d.t.Fatal(err)
	}
	d.dieAt, d.dead = 0, false
	return report
}

// TestWhateverWasInterruptedEndsWhereItIsLed disturbs runs, steps and rollbacks at random points, as often as chance
// has it, and then lets one rollback, or one run, be. It ends at the sizes of before, or at the plan; the promise is
// kept all the while; and nothing is called done that is not.
func TestWhateverWasInterruptedEndsWhereItIsLed(t *testing.T) {
	ends, seen, flushes := map[string]int{}, map[string]int{}, 0
	for seed := range fleets(40, 14, 1000) {
		r := rand.New(rand.NewPCG(seed, 21))
		x := newRigWith(t, 5000+seed, func(spec *Spec) {
			spec.Faults = nil
			if r.IntN(2) == 0 { // not one connection to spare
				s := &spec.Servers[0]
				s.MaxConns -= s.Budget
				s.Budget = worstOf(*spec) + s.DirectConns
				s.MaxConns += s.Budget
			}
		})
		switch version := []string{"1.18", "1.24"}[r.IntN(2)]; seed % 6 {
		case 0: // clients take up each connection as it is given back: a release is flushed
			x = pinnedByTurnover(t, version)
		case 3: // its path back is
			x = pinnedRoom(t, version)
			x.policy.HoldFor = time.Minute
		}
		if x == nil {
			continue
		}
		if seed%4 == 1 { // steps are provisional for a while
			x.policy.ConfirmAfter = 15 * time.Second
		}
		if seed%5 == 2 && seed%6 != 0 && seed%6 != 3 { // somebody else changes the files
			x.hand, x.heedful = rand.New(rand.NewPCG(seed, 15)), true
		}
		before := x.sizes()
		first := int64(0) // the first step that was ever begun
		for n := range 1 + r.IntN(6) {
			journalState := bouncer.Replay(x.events)
			d := &disturbance{rig: x, kind: disturbing(1 + r.IntN(int(disturbances)-1)), at: len(x.events) + 1 +
				r.IntN(14),
				left: 1 + r.IntN(60), torn: r.IntN(4)}
			what, report := "run", bouncer.Report{}
			switch back, ok := x.pathBack(journalState, first); {
			case n > 0 && ok && r.IntN(3) == 0:
				what = "rollback"
				b := x.rebalancer()
				b.RollTo = back.To
				report = d.under(b, back.Goal, journalState)
			case r.IntN(3) == 0:
				what = "step"
				b := x.rebalancer()
				b.Steps, b.Policy.HoldFor, b.Policy.Aborts = 1, 0, 1
				report = d.under(b, x.goal, journalState)
			default:
				report = d.under(x.rebalancer(), x.goal, journalState)
			}
			seen[fmt.Sprint(d.kind)]++
			if first == 0 {
				first = firstStep(x.events)
			}
			x.done(seed, what, report, before)
			for _, text := range x.broken {
				t.Fatalf("seed %d, %s, %s: %s", seed, what, d.kind, text)
			}
		}
		calm, journalState := &disturbance{rig: x}, bouncer.Replay(x.events)
		back, ok := x.pathBack(journalState, first)
		what, report := "run", bouncer.Report{}
		if ok && (r.IntN(2) == 0 || journalState.RollTo > 0) {
			what = "rollback"
			b := x.rebalancer()
			b.RollTo = back.To
			report = calm.under(b, back.Goal, journalState)
		} else {
			report = calm.under(x.rebalancer(), x.goal, journalState)
		}
		x.done(seed, what, report, before)
		ends[what+" "+string(report.Outcome)]++
		if report.Outcome != state.Done {
			t.Logf("seed %d: %s: %s: %s", seed, what, report.Outcome, report.Reason.Text())
		}
		if report.Outcome == state.Drifted || report.Reason.Text() == "" {
			t.Errorf("seed %d: %s: %s: %q", seed, what, report.Outcome, report.Reason.Text())
		}
		if left := report.State.Flushed(); len(left) > 0 {
			t.Errorf("seed %d: %s ended %s, and %v is flushed", seed, what, report.Outcome, left)
		}
		for _, a := range x.w.aliases {
			if a.lifetime != a.proc.lifetime() {
				t.Errorf("seed %d: connections of %s in %s live for %v", seed, a.spec.ID, a.proc.id, time.Duration(a.lifetime))
			}
		}
		if len(x.broken) > 0 {
			t.Errorf("seed %d: %s", seed, x.broken[0])
		}
		for _, e := range x.events {
			flushes += b2i(e.Kind == state.Acted && e.Action.Kind == state.Flush)
		}
	}
	t.Logf("disturbed by %v; %d flushes; left alone: %v", seen, flushes, ends)
	done, all := 0, 0
	for end, n := range ends {
		if all += n; end == "run done" || end == "rollback done" {
			done += n
		}
	}
	if 10*done < 8*all || !few() && (ends["run done"] == 0 || ends["rollback done"] == 0) {
		t.Errorf("only %d of %d came to where they were led: %v", done, all, ends)
	}
}

// worstOf is what the pools of a fleet may open.
func worstOf(spec Spec) int {
	sum := 0
	for _, p := range spec.Pools {
		for _, g := range spec.Groups {
			if strings.HasPrefix(p.ID, g.Name+"/") {
				sum += max(1, len(p.Users)) * g.Processes * (p.SizeConns + p.ReserveConns)
			}
		}
	}
	return sum
}

// done checks what calls itself done: a run is at the plan, a rollback at the sizes of before.
func (x *rig) done(seed uint64, what string, report bouncer.Report, before []int) {
	x.t.Helper()
	if report.Outcome != state.Done {
		return
	}
	switch what {
	case "run":
		x.arrived(seed, report)
	case "rollback":
		if after := x.sizes(); !slices.Equal(after, before) {
			x.t.Errorf("seed %d: a rollback is done, with %v before and %v after it", seed, before, after)
		}
	}
	if report.State.Step != nil {
		x.t.Errorf("seed %d: a %s is done, with a step in hand: %s", seed, what, report.State.Step.Text())
	}
}

// pathBack is where a rollback to before a step goes; false: there is nothing to take back.
func (x *rig) pathBack(m state.JournalState, first int64) (control.RollbackTo, bool) {
	fleet, ok := x.modelled()
	if !ok {
		x.t.Fatal("the fleet cannot be modelled")
	}
	if m.RollTo > 0 || m.Step != nil && m.StepTo > 0 { // it goes on with the one that was begun
		first = 0
	}
	return control.Rollback(m, fleet, first)
}

// firstStep is the event at which the first step of a journal began; 0: none has.
func firstStep(events []state.Event) int64 {
	for _, e := range events {
		if e.Kind == state.StepBegan {
			return e.Seq
		}
	}
	return 0
}
