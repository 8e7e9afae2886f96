package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestARunThatWaitsHearsOfItsJournal: held, in a soak or paused, it records nothing for long; once its journal is not
// in its place it ends at the next sample.
func TestARunThatWaitsHearsOfItsJournal(t *testing.T) {
	moved := errors.New("the file was moved away")
	for _, c := range []struct {
		name   string
		paused bool
		soak   time.Duration
	}{{"paused", true, time.Second}, {"in a soak", false, time.Hour}} {
		x := newRigWith(t, 5, func(spec *Spec) { spec.Faults = nil })
		x.policy.Soak, x.policy.HoldFor, x.policy.Percent = c.soak, 24*time.Hour, 100
		x.goal.Pools = x.goal.Pools[:1]
		x.goal.Pools[0].Size-- // a release, whatever the plan is
		r := x.rebalancer()
		if c.paused {
			r.Paused = func() verdict.Reason { return verdict.Noted("paused by ann") }
		}
		samples, at := 0, 0
		r.Seen = func(control.State, state.Action) { samples++ }
		r.Recordable = func() error {
			if last := len(x.events) - 1; at == 0 && samples > 5 && (x.events[last].Kind == state.HoldBegan ||
				x.events[last].Kind == state.Acted) {
				at = samples
			}
			if at > 0 && samples > at+10 {
				return moved
			}
			return nil
		}
		report, err := r.Run(t.Context(), x.goal, state.JournalState{})
		if !errors.Is(err, moved) || at == 0 || samples > at+12 {
			t.Errorf("%s: %v (%s %s) after %d samples, %d of them waiting; want an end with the journal's error", c.name, err,
				report.Outcome,
				report.Reason.Text(), samples, samples-at)
		}
	}
}

// lateSwitch does not answer at first.
type lateSwitch struct {
	bouncer.Switch
	left int // times that it does not
}

func (s *lateSwitch) Get(ctx context.Context) (int, bool, error) {
	if s.left--; s.left >= 0 {
		return 0, false, errors.New("no answer")
	}
	return s.Switch.Get(ctx)
}

// TestARollbackChangesNoSwitchThatNoStepHasChanged: one that stands somewhere, and says so only when the rollback is on
// its way, stays there; and what a rollback knows of loads is no base for a shift.
func TestARollbackChangesNoSwitchThatNoStepHasChanged(t *testing.T) {
	for _, mute := range []int{0, 3, 8} {
		spec, _ := shiftFleet(1, false)
		x, s := shortShift(t, 1, spec)
		if err := s.Set(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		x.traffic[0].Switch, x.traffic[0].Until, x.traffic[0].Stays = &lateSwitch{s.Switch, mute}, 0, true
		x.policy.Soak = 20 * time.Second
		r := x.rebalancer()
		r.RollTo, r.Replans = 1, false
		goal := sizing.Goal{}
		o, err := x.w.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		from := o.Processes[0].Aliases[0].SizeConns
		goal.Pools = append(goal.Pools, sizing.GoalPool{Pool: o.Processes[0].Group + "/" + o.Processes[0].Aliases[0].Name,
			Server: "pg", Size: from - 1, MeanWait: fleet.Unknown()})
		report, err := r.Run(t.Context(), goal, state.JournalState{})
		if err != nil || report.Outcome != state.Done || x.w.shares[0] != 5 {
			t.Errorf("silent %d times: %v %s %s, the switch says %g, want 5", mute, err, report.Outcome, report.Reason.Text(),
				x.w.shares[0])
		}
		for _, e := range x.events {
			if e.Action != nil && e.Action.Traffic != nil || e.Step != nil && e.Step.Traffic != nil || len(e.Baselines) > 0 {
				t.Errorf("silent %d times: %s with %+v, bases %v", mute, e.Kind, e.Step, e.Baselines)
			}
		}
	}
}

// TestALifetimeWhoseLineIsGoneIsForgotten: a RELOAD took it away with the line. It keeps no other from being given
// back, and no run from ending well.
func TestALifetimeWhoseLineIsGoneIsForgotten(t *testing.T) {
	x := pinnedByTurnover(t, "1.24")
	r := x.rebalancer()
	var m state.JournalState
	o, err := x.w.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := o.Processes[0]
	flush := &state.Action{Kind: state.Flush, Changes: []fleet.SettingChange{
		{Process: p.ID, Alias: p.Aliases[0].Name, Key: fleet.KeyLifetime, From: 3600, To: 1},
		{Process: p.ID, Alias: "zgone", Key: fleet.KeyLifetime, From: 3600, To: 1}}}
	for _, e := range []state.Event{{Kind: state.RunBegan, Goal: &x.goal}, {Kind: state.Intended, Action: flush},
		{Kind: state.Acted, Action: flush},
		{Kind: state.RunEnded, Outcome: state.Interrupted}} {
		e.Seq, e.At = m.Seq+1, x.w.Now()
		x.events, m = append(x.events, e), m.After(e)
	}
	report, err := r.Run(t.Context(), sizing.Goal{}, m)
	if err != nil || report.Outcome != state.Done || len(report.Flushed) > 0 {
		t.Errorf("%v %s %s, %v flushed, want done and none", err, report.Outcome, report.Reason.Text(), report.Flushed)
	}
	for _, e := range x.events[4:] {
		if e.Kind == state.Intended && len(e.Action.Changes) != 1 {
			t.Errorf("%s of %v, and one of them is gone", e.Action.Kind, e.Action.Changes)
		}
	}
}
