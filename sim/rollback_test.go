package sim

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestRollbackGoesBackHoweverOftenItIsInterrupted lets a run die, then rollbacks die and runs go on in between, each at
// a random event, and wants the sizes of before from the first rollback that is left alone.
func TestRollbackGoesBackHoweverOftenItIsInterrupted(t *testing.T) {
	done := 0
	for seed := range fleets(60, 16, 1000) {
		x := newRig(t, seed)
		if x == nil || len(x.w.spec.Faults) > 0 {
			continue
		}
		r := rand.New(rand.NewPCG(seed, 9))
		before := x.sizes()
		x.interrupted(r, x.rebalancer(), x.goal, state.JournalState{}, 4+r.IntN(12))
		first := bouncer.Replay(x.events)
		if len(first.Past) == 0 && first.Step == nil {
			continue
		}
		to := first.StepSeq
		if len(first.Past) > 0 {
			to = first.Past[0].Seq
		}
		for range r.IntN(5) {
			journalState := bouncer.Replay(x.events)
			if r.IntN(4) == 0 { // somebody lets it go forward again, and changes his mind
				x.interrupted(r, x.rebalancer(), x.goal, journalState, 1+r.IntN(8))
				continue
			}
			x.back(r, to, 1+r.IntN(8))
		}
		report := x.back(r, to, 0)
		if report.Outcome == state.Held { // the sizes before are too small for what is asked by now
			t.Logf("seed %d: %s", seed, report.Reason.Text())
			continue
		}
		if report.Outcome != state.Done {
			t.Fatalf("seed %d: %s: %s", seed, report.Outcome, report.Reason.Text())
		}
		if after := x.sizes(); !slices.Equal(after, before) {
			t.Errorf("seed %d: %v before, %v after the rollback", seed, before, after)
		}
		if m := report.State; len(m.Past) > 0 || m.Step != nil || m.RollTo != 0 {
			t.Errorf("seed %d: %d steps are still remembered as taken, %v in hand", seed, len(m.Past), m.Step)
		}
		if len(x.broken) > 0 {
			t.Errorf("seed %d: %s", seed, x.broken[0])
		}
		done++
	}
	if done < 3 && !few() {
		t.Errorf("only %d were rolled back", done)
	}
}

// interrupted runs until so many events have been written; 0: to its end.
func (x *rig) interrupted(r *rand.Rand, b bouncer.Rebalancer, goal sizing.Goal, m state.JournalState,
	events int) bouncer.Report {
	x.t.Helper()
	if x.dieAt, x.torn = 0, r.IntN(3); events > 0 {
		x.dieAt = len(x.events) + events
	}
	report, err := b.Run(x.t.Context(), goal, m)
	if err != nil && !errors.Is(err, errDead) {
		x.t.Fatal(err)
	}
	x.dieAt, x.dead = 0, false
	return report
}

// back is a rollback that dies after so many events; 0: it does not. The first says where to, every other goes on with
// it.
func (x *rig) back(r *rand.Rand, to int64, events int) bouncer.Report {
	x.t.Helper()
	fleet, ok := x.modelled()
	if !ok {
		x.t.Fatal("the fleet cannot be modelled")
	}
	journalState := bouncer.Replay(x.events)
	if journalState.RollTo > 0 {
		to = 0
	}
	back, ok := control.Rollback(journalState, fleet, to)
	if !ok { // an earlier one was through
		return bouncer.Report{Outcome: state.Done, State: journalState}
	}
	b := x.rebalancer()
	b.RollTo = back.To
	return x.interrupted(r, b, back.Goal, journalState, events)
}
