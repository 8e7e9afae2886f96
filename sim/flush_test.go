package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// pinnedByTurnover is a fleet whose clients ask again at once: each connection that is given back is taken up in the
// same moment, so that a smaller size alone drains nothing. They hardly wait, so nothing calls the release wrong.
func pinnedByTurnover(t *testing.T, version string) *rig {
	t.Helper()
	spec := Spec{
		Servers: []ServerSpec{{Name: "pg", MaxConns: 60, Cores: 16, Budget: 50}},
		Groups:  []GroupSpec{{Name: "main", Processes: 2, Version: version}},
		Pools:   []PoolSpec{{ID: "main/app", Server: "pg", SizeConns: 10}},
		Loads:   []LoadSpec{{Pool: "main/app", Hold: Law{Mean: time.Millisecond}, Closed: &ClosedSpec{Clients: 40}}},
	}
	w, err := New(spec, 7)
	if err != nil {
		t.Fatal(err)
	}
	x := &rig{t: t, w: w, claims: make([]int, 1), policy: state.DefaultPolicy()}
	x.policy.Percent, x.policy.Soak, x.policy.DrainFor = 100, 10*time.Second, time.Minute
	if err := w.Sleep(t.Context(), 2*time.Second); err != nil {
		t.Fatal(err)
	}
	x.measure(time.Second, 5*time.Second)
	x.loads[0].AtLeast, x.loads[0].Erlangs = false, load.Range{Lower: 3, Target: 4, Upper: 5} // as of a calmer hour
	x.goal = sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "pg", Size: 4, MeanWait: fleet.Unknown()}}}
	return x
}

// flushing reports whether a flush is in force.
func (x *rig) flushing() bool { return len(bouncer.Replay(x.events).Flushed()) > 0 }

// fullOnceFlushed is a journal whose disk is full once a line is flushed.
type fullOnceFlushed struct {
	bouncer.Journal
	x *rig
}

func (j fullOnceFlushed) Record(e state.Event) (state.Event, error) {
	if j.x.flushing() && e.Kind != state.Acted {
		return e, errors.New("no space left on device")
	}
	return j.Journal.Record(e)
}

// lostOnceFlushed is an Applier whose lock is lost while a line is flushed, for good: nothing is done any more but what
// gives its lifetime back.
type lostOnceFlushed struct {
	bouncer.Applier
	x    *rig
	lost *bool
}

func (h lostOnceFlushed) Apply(ctx context.Context, act state.Action) error {
	if *h.lost && act.Kind != state.Restore {
		return &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	}
	*h.lost = *h.lost || act.Kind == state.Flush
	return h.Applier.Apply(ctx, act)
}

// TestNoEndOfARunLeavesAFlush interrupts, pauses, and drifts while a line is flushed.
func TestNoEndOfARunLeavesAFlush(t *testing.T) {
	for name, end := range map[string]struct {
		prepare func(x *rig, r *bouncer.Rebalancer, cancel func())
		want    state.Outcome // empty: an error
	}{
		"the journal cannot be written": {func(x *rig, r *bouncer.Rebalancer, _ func()) {
			r.Journal = fullOnceFlushed{r.Journal, x}
		}, ""},
		"interrupted": {func(x *rig, r *bouncer.Rebalancer, cancel func()) {
			r.Seen = func(control.State, state.Action) {
				if x.flushing() {
					cancel()
				}
			}
		}, state.Interrupted},
		"the lock is lost": {func(x *rig, r *bouncer.Rebalancer, _ func()) {
			r.Applier = lostOnceFlushed{r.Applier, x, new(bool)}
		}, state.LockLost},
		"paused": {func(x *rig, r *bouncer.Rebalancer, _ func()) {
			r.Policy.HoldFor = 5 * time.Second
			paused := false
			r.Paused = func() verdict.Reason {
				if paused = paused || x.flushing(); paused {
					return verdict.Noted("paused by somebody")
				}
				return verdict.Reason{}
			}
		}, state.Held},
		"drifted": {func(x *rig, r *bouncer.Rebalancer, _ func()) {
			r.Seen = func(control.State, state.Action) {
				if x.flushing() {
					x.w.aliases[1].size, x.w.aliases[1].file.size = 7, 7
				}
			}
		}, state.Drifted},
	} {
		x := pinnedByTurnover(t, "1.24")
		r := x.rebalancer()
		ctx, cancel := context.WithCancel(t.Context())
		end.prepare(x, &r, cancel)
		report, err := r.Run(ctx, x.goal, state.JournalState{})
		cancel()
		flushed := false
		for _, e := range x.events {
			flushed = flushed || e.Kind == state.Acted && e.Action.Kind == state.Flush
		}
		if (err != nil) != (end.want == "") || report.Outcome != end.want || !flushed {
			t.Errorf("%s: %s: %s (%v), flushed %v", name, report.Outcome, report.Reason.Text(), err, flushed)
		}
		if left := report.State.Flushed(); len(left) > 0 && end.want != "" || len(report.Flushed) > 0 {
			t.Errorf("%s: %v is left, and %v is said", name, left, report.Flushed)
		}
		for _, a := range x.w.aliases {
			if time.Duration(a.lifetime) != time.Hour {
				t.Errorf("%s: connections of %s live for %v", name, a.proc.id, time.Duration(a.lifetime))
			}
		}
	}
}

// TestAReleaseThatTurnoverPinsIsFlushed goes to its end.
func TestAReleaseThatTurnoverPinsIsFlushed(t *testing.T) {
	for _, version := range versions() {
		x := pinnedByTurnover(t, version)
		w := x.w
		report, err := x.rebalancer().Run(t.Context(), x.goal, state.JournalState{})
		if err != nil || report.Outcome != state.Done {
			t.Fatalf("%s: %s: %s (%v)", version, report.Outcome, report.Reason.Text(), err)
		}
		flushed := map[string]int{}
		for _, e := range x.events {
			if e.Kind == state.Acted && (e.Action.Kind == state.Flush || e.Action.Kind == state.Restore) {
				flushed[string(e.Action.Kind)+" "+e.Action.Changes[0].Process]++
			}
		}
		if len(flushed) != 4 || flushed["flush main/1"] != 1 || flushed["restore main/2"] != 1 {
			t.Errorf("%s: %v, want one process after the other flushed and restored once", version, flushed)
		}
		for _, a := range w.aliases {
			if a.conns > 4 || time.Duration(a.lifetime) != time.Hour {
				t.Errorf("%s: %d connections in %s, which live for %v", version, a.conns, a.proc.id, time.Duration(a.lifetime))
			}
		}
	}
}

// lifetimes are those of the connections of each line that are not as they were.
func (x *rig) lifetimes() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, a := range x.w.aliases {
		if d := time.Duration(a.lifetime); d != time.Hour {
			out[a.proc.id] = d
		}
	}
	return out
}

// TestAFlushEndsWhereNoSampleShowsTheFleet: a process is lost, or does not answer, while another is flushed. The
// lifetime is back within two intervals, however long the run waits for the one that is gone; once that is there
// again the run goes on. Where it is the flushed one that is gone, it has its lifetime back once it is there.
func TestAFlushEndsWhereNoSampleShowsTheFleet(t *testing.T) {
	for _, version := range versions() {
		for name, change := range map[string]func(w *World, p *process, by int){
			"silent": func(_ *World, p *process, by int) { p.silent += by },
			"lost": func(w *World, p *process, by int) {
				if p.lost += by; by > 0 {
					w.crash(p)
				} else {
					p.restart()
				}
				w.retargetAll()
			},
		} {
			for i, who := range []string{"main/1", "main/2"} {
				if few() && i > 0 {
					break
				}
				x := pinnedByTurnover(t, version)
				var gone, given time.Time
				back := false
				r := x.rebalancer()
				r.Seen = func(control.State, state.Action) {
					now := x.w.Now()
					switch left := x.lifetimes(); {
					case gone.IsZero() && left["main/1"] == time.Second:
						gone = now
						change(x.w, x.w.processes[i], 1)
					case !gone.IsZero() && given.IsZero() && len(left) == 0 && (i > 0 || back):
						given = now
					case !gone.IsZero() && !back && now.Sub(gone) > 10*time.Minute:
						back = true
						change(x.w, x.w.processes[i], -1)
					}
				}
				report, err := r.Run(t.Context(), x.goal, state.JournalState{})
				if took := given.Sub(gone); gone.IsZero() || given.IsZero() || i > 0 && took > 2*x.policy.Every {
					t.Errorf("%s, %s %s: the lifetime was back after %v (%v to %v)", version, who, name, took, gone, given)
				}
				known, left := report.State.Flushed(), x.lifetimes()
				if err != nil || !back || report.Outcome == state.Blind || len(known) > 0 || len(left) > 0 {
					t.Errorf("%s, %s %s: %s: %s (%v), %v flushed", version, who, name, report.Outcome, report.Reason.Text(), err, left)
				}
			}
		}
	}
}
