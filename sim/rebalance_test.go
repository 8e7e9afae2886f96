package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestRebalancerKeepsThePromise moves random fleets to their plans while faults come and go.
func TestRebalancerKeepsThePromise(t *testing.T) {
	seeds := fleets(60, 20, 10000)
	ends := map[state.Outcome]int{}
	unlucky, calm, flushes := 0, 0, 0
	for seed := range seeds {
		x := newRig(t, seed)
		if x == nil {
			ends["no plan"]++
			continue
		}
		begun := x.w.At()
		report, err := x.rebalancer().Run(t.Context(), x.goal, state.JournalState{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		ends[report.Outcome]++
		if len(x.w.spec.Faults) == 0 {
			calm++
		}
		if report.Outcome != state.Done {
			text := fmt.Sprintf("seed %d after %v of %d events, %d faults: %s: %s", seed, x.w.At()-begun, len(x.events),
				len(x.w.spec.Faults), report.Outcome, report.Reason.Text())
			if seeds <= 200 {
				t.Log(text)
			}
			switch {
			case len(x.w.spec.Faults) > 0:
			case strings.Contains(report.Reason.Text(), "waits") || strings.Contains(report.Reason.Text(), "waited") ||
				strings.Contains(report.Reason.Text(), "queue"):
				unlucky++ // a pool of few and long transactions waits by chance, and a step that sees it does not go on
				t.Log(text)
			default:
				t.Errorf("%s: nothing was in its way", text)
			}
		}
		x.audit(seed)
		for _, e := range x.events {
			flushes += b2i(e.Kind == state.Acted && e.Action.Kind == state.Flush)
		}
		if left := report.State.Flushed(); len(left) > 0 && report.Outcome == state.Done {
			t.Errorf("seed %d: done, and %v is still flushed", seed, left)
		}
		if len(x.broken) > 0 {
			t.Fatalf("seed %d: %s", seed, x.broken[0])
		}
		if took := x.w.At() - begun; took > x.bound() {
			t.Fatalf("seed %d: %v, which is more than the policy allows: %s", seed, took, report.Reason.Text())
		}
		x.arrived(seed, report)
	}
	t.Logf("%v; %d flushes; %d of %d runs without a fault ended because a pool waited", ends, flushes, unlucky, calm)
	if unlucky > 1+calm/100 {
		t.Errorf("%d of %d runs without a fault do not arrive", unlucky, calm)
	}
	if ends[state.Done] < int(seeds)/2 {
		t.Errorf("only %d of %d runs end at their plan", ends[state.Done], seeds)
	}
}

// TestRebalancerGoesOnAfterACrash kills the program at every event of its journal, in the middle of actions too, and
// lets another one go on with what is on disk.
func TestRebalancerGoesOnAfterACrash(t *testing.T) {
	for seed := range fleets(6, 2, 300) {
		whole := newRig(t, seed)
		if whole == nil {
			continue
		}
		if _, err := whole.rebalancer().Run(t.Context(), whole.goal, state.JournalState{}); err != nil {
			t.Fatal(err)
		}
		for at := 1; at <= len(whole.events); at += 1 + len(whole.events)/12 {
			x := newRig(t, seed)
			x.dieAt, x.torn = at, int(seed)%3
			if _, err := x.rebalancer().Run(t.Context(), x.goal, state.JournalState{}); !errors.Is(err, errDead) {
				t.Fatalf("seed %d: it outlives its death at %d: %v", seed, at, err)
			}
			x.dieAt, x.dead = 0, false
			report, err := x.rebalancer().Run(t.Context(), x.goal, bouncer.Replay(x.events))
			if err != nil {
				t.Fatal(err)
			}
			if len(x.broken) > 0 {
				t.Fatalf("seed %d, death at %d: %s", seed, at, x.broken[0])
			}
			if report.Outcome == state.Drifted && len(x.w.spec.Faults) == 0 {
				t.Fatalf("seed %d, death at %d: %s", seed, at, report.Reason.Text())
			}
			x.arrived(seed, report)
			x.audit(seed)
		}
	}
}

// TestRollbackReturnsToTheSizesBefore goes to the plan, or part of the way, and back.
func TestRollbackReturnsToTheSizesBefore(t *testing.T) {
	done := 0
	for seed := range fleets(30, 5, 300) {
		x := newRig(t, seed)
		if x == nil || len(x.w.spec.Faults) > 0 {
			continue
		}
		before := x.sizes()
		r := x.rebalancer()
		if seed%2 == 1 { // it dies somewhere on the way, in a step
			x.dieAt = 4 + int(seed)%5
		}
		if _, err := r.Run(t.Context(), x.goal, state.JournalState{}); err != nil && !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		x.dieAt, x.dead = 0, false
		journalState := bouncer.Replay(x.events)
		if len(journalState.Past) == 0 && journalState.Step == nil {
			continue
		}
		first := journalState.StepSeq
		if len(journalState.Past) > 0 {
			first = journalState.Past[0].Seq
		}
		o, err := x.w.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e, err := x.before.Add(o)
		if err != nil {
			t.Fatal(err)
		}
		fleet, err := budget.Model(x.w.Now(), x.declared(), e, x.loads)
		if err != nil {
			t.Fatal(err)
		}
		back, ok := control.Rollback(journalState, fleet, first)
		if why := control.Reachable(fleet, back.Goal); !ok || why.Any() {
			t.Fatalf("seed %d: %v %s", seed, ok, why.Text())
		}
		r = x.rebalancer()
		r.RollTo = back.To
		report, err := r.Run(t.Context(), back.Goal, journalState)
		if err != nil {
			t.Fatal(err)
		}
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
		if len(report.State.Past) > 0 {
			t.Errorf("seed %d: %d steps are still remembered as taken", seed, len(report.State.Past))
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
