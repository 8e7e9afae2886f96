package sim

import (
	"context"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// pinnedRoom is a fleet that is to take ci/app from 12 to 4 and give main/app, whose clients take up each connection
// as it is given back, 10 for 6: what goes back afterwards is pinned, and there is no room for it besides.
func pinnedRoom(t *testing.T, version string) *rig {
	t.Helper()
	spec := Spec{
		Servers: []ServerSpec{{Name: "pg", MaxConns: 40, Cores: 16, Budget: 26}},
		Groups:  []GroupSpec{{Name: "ci", Processes: 1, Version: version}, {Name: "main", Processes: 2, Version: version}},
		Pools:   []PoolSpec{{ID: "ci/app", Server: "pg", SizeConns: 12}, {ID: "main/app", Server: "pg", SizeConns: 6}},
		Loads: []LoadSpec{{Pool: "ci/app", Hold: Law{Mean: time.Millisecond}, Open: &OpenSpec{PerSec: 20}},
			{Pool: "main/app", Hold: Law{Mean: time.Millisecond}, Closed: &ClosedSpec{Clients: 40}}},
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
	for i := range x.loads {
		x.loads[i].AtLeast, x.loads[i].Erlangs = false, load.Range{Lower: 3, Target: 4, Upper: 5} // as of a calmer hour
	}
	x.goal = sizing.Goal{Pools: []sizing.GoalPool{{Pool: "ci/app", Server: "pg", Size: 4, MeanWait: fleet.Unknown()},
		{Pool: "main/app", Server: "pg", Size: 10, MeanWait: fleet.Unknown()}}}
	return x
}

// pinnedBack is pinnedRoom in the soak of its step.
func pinnedBack(t *testing.T, version string) *rig {
	t.Helper()
	x := pinnedRoom(t, version)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, granted := x.rebalancer(), time.Time{}
	r.Seen = func(control.State, state.Action) {
		for _, e := range x.events {
			if granted.IsZero() && e.Kind == state.Acted && e.Action.Kind == state.Grant {
				granted = x.w.Now()
			}
		}
		if !granted.IsZero() && x.w.Now().Sub(granted) > 3*time.Second {
			cancel()
		}
	}
	report, err := r.Run(ctx, x.goal, state.JournalState{})
	if err != nil || report.Outcome != state.Interrupted || report.State.Step == nil {
		t.Fatalf("%s: %s (%v)", report.Outcome, report.Reason.Text(), err)
	}
	return x
}

// TestARollbackThatTurnoverPinsIsFlushed: a rollback out of a soak, with and without one of its own, gives every line
// what it had within the time of a drain, and every lifetime too.
func TestARollbackThatTurnoverPinsIsFlushed(t *testing.T) {
	for _, version := range versions() {
		for _, now := range []bool{true, false} {
			x := pinnedBack(t, version)
			if now {
				x.policy.Percent, x.policy.Soak = 100, 0
			}
			begun := x.w.Now()
			fleet, ok := x.modelled()
			back, any := control.Rollback(bouncer.Replay(x.events), fleet, 0)
			if !ok || !any {
				t.Fatal("nothing to take back")
			}
			r := x.rebalancer()
			r.RollTo = back.To
			report, err := r.Run(t.Context(), back.Goal, bouncer.Replay(x.events))
			if took := x.w.Now().Sub(begun); err != nil || report.Outcome != state.Done || took > x.policy.DrainFor {
				t.Errorf("%s: %s: %s (%v) after %v", version, report.Outcome, report.Reason.Text(), err, took)
			}
			for _, a := range x.w.aliases {
				if want := map[string]int{"ci": 12, "main": 6}[a.proc.group]; a.size != want || a.conns > want {
					t.Errorf("%s: %d of %d connections in %s, want %d", version, a.conns, a.size, a.proc.id, want)
				}
			}
			if left := x.lifetimes(); len(left) > 0 || len(report.State.Flushed()) > 0 {
				t.Errorf("%s: %v is left, %v known", version, left, report.State.Flushed())
			}
		}
	}
}
