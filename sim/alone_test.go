package sim

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestARunThatIsNoLongerAloneEndsAtItsNextSample, whatever it is at: what is in hand is kept, and nothing more is done.
// One that has its lock again goes on, and its journal says so.
func TestARunThatIsNoLongerAloneEndsAtItsNextSample(t *testing.T) {
	ended, went := 0, 0
	for seed := range fleets(20, 8, 100) {
		for _, taken := range []bool{true, false} {
			x := newRigWith(t, 8000+seed, func(spec *Spec) { spec.Faults = nil })
			if x == nil {
				continue
			}
			r, samples, at, events, fresh := x.rebalancer(), 0, 5+int(seed), 0, false
			r.Seen = func(s control.State, act state.Action) {
				if events > 0 && !taken && !fresh && samples == at {
					t.Errorf("seed %d: %s is decided by the sample of before the lock was held again", seed, act.Kind)
				}
				fresh = fresh || samples > at
			}
			r.Alone = func(context.Context) (bool, error) {
				if samples++; samples != at {
					return false, nil
				}
				if events = len(x.events); taken {
					return false, &operr.Error{Kind: operr.KindBusy, Err: errors.New("another pgbudget holds the lock")}
				}
				return true, nil
			}
			report, err := r.Run(t.Context(), x.goal, state.JournalState{})
			if err != nil {
				t.Fatal(err)
			}
			if events == 0 { // it was done before
				continue
			}
			for i, e := range x.events[events:] {
				if taken && e.Kind == state.Intended && e.Action.Kind != state.Restore || taken && e.Kind == state.StepBegan {
					t.Errorf("seed %d: %s %v after it was no longer alone", seed, e.Kind, e.Action)
				}
				if again := e.Kind == state.Relocked; i == 0 && again == taken {
					t.Errorf("seed %d, taken %v: the first event after it is %s %q", seed, taken, e.Kind, e.Reason.Text())
				}
			}
			switch {
			case taken && (report.Outcome != state.LockLost || !strings.Contains(report.Reason.Text(), "another pgbudget")):
				t.Errorf("seed %d: %s %q", seed, report.Outcome, report.Reason.Text())
			case taken:
				ended++
			case report.Outcome == state.LockLost:
				t.Errorf("seed %d: it had its lock again, and ended: %q", seed, report.Reason.Text())
			default:
				went++
			}
		}
	}
	if ended < 4 || went < 4 {
		t.Errorf("%d runs ended, %d went on: too few", ended, went)
	}
}

// TestALockThatIsLostInAnActAndHeldAgainEndsNoRun: the action that it kept from being done is done then.
func TestALockThatIsLostInAnActAndHeldAgainEndsNoRun(t *testing.T) {
	went := 0
	for seed := range fleets(20, 8, 100) {
		x := newRigWith(t, 8000+seed, func(spec *Spec) { spec.Faults = nil })
		if x == nil {
			continue
		}
		r := x.rebalancer()
		applier := &losing{Applier: r.Applier, at: 1 + int(seed)%3}
		r.Applier = applier
		r.Alone = func(context.Context) (bool, error) {
			again := applier.lost
			applier.lost = false
			return again, nil
		}
		report, err := r.Run(t.Context(), x.goal, state.JournalState{})
		if err != nil {
			t.Fatal(err)
		}
		if applier.acts < applier.at { // it was done before
			continue
		}
		if went++; report.Outcome == state.LockLost {
			t.Errorf("seed %d: it had its lock again, and ended: %q", seed, report.Reason.Text())
		}
	}
	if went < 4 {
		t.Errorf("%d runs lost their lock in an action: too few", went)
	}
}

// losing is an Applier whose lock is lost as they begin an action.
type losing struct {
	bouncer.Applier
	acts, at int
	lost     bool
}

func (h *losing) Apply(ctx context.Context, act state.Action) error {
	if h.acts++; h.acts == h.at {
		h.lost = true
		return &operr.Error{Kind: operr.KindBusy, Err: errors.New("the session that held the lock was lost")}
	}
	return h.Applier.Apply(ctx, act)
}
