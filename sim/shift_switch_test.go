package sim

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// testSwitch is a switch between the controller and the world's.
type testSwitch struct {
	bouncer.Switch
	mute  bool                             // nobody can ask it
	dead  bool                             // it says what it was told, and nothing moves
	told  int                              // what a dead one was told
	hears func(percent int) (broken error) // before each traffic change; nil: nothing happens
}

// Get says what the switch says.
func (s *testSwitch) Get(ctx context.Context) (int, bool, error) {
	switch {
	case s.mute:
		return 0, false, nil
	case s.dead:
		return s.told, true, nil
	}
	return s.Switch.Get(ctx)
}

// Set turns it.
func (s *testSwitch) Set(ctx context.Context, percent int) error {
	if s.hears != nil {
		if err := s.hears(percent); err != nil {
			return err
		}
	}
	if s.told = percent; s.dead {
		return nil
	}
	return s.Switch.Set(ctx, percent)
}

// shortShift makes a shift for a short run in increments of 25 points, its loads measured.
func shortShift(t *testing.T, seed uint64, spec Spec) (*rig, *testSwitch) {
	t.Helper()
	x := shiftRig(t, spec, seed, load.Range{Lower: 0.2, Target: 0.3, Upper: 0.45}, 25)
	x.policy.Soak, x.policy.HoldFor = 2*time.Minute, 5*time.Minute
	x.measure(5*time.Second, time.Minute)
	x.w.after = x.watch
	s := &testSwitch{Switch: x.traffic[0].Switch}
	x.traffic[0].Switch = s
	return x, s
}

// arrivedAt wants a run to have ended with all traffic moved and nothing broken.
func (x *rig) arrivedAt(report bouncer.Report, err error) {
	x.t.Helper()
	if err != nil || report.Outcome != state.Done || x.w.shares[0] != 100 || len(x.broken) > 0 {
		x.t.Fatalf("%v %s at %g %%: %s %v", err, report.Outcome, x.w.shares[0], report.Reason.Text(), x.broken)
	}
}

// TestAShiftGoesOnAfterACrash kills the program at every event of a shift, in the middle of actions and turns too, with
// switches that can be asked and with those that cannot, and lets another one go on with what is on disk.
func TestAShiftGoesOnAfterACrash(t *testing.T) {
	answers := []bool{false, true}
	if testing.Short() {
		answers = answers[1:] // the one that has more to do
	}
	for _, mute := range answers {
		again := 0
		spec, _ := shiftFleet(1, false)
		whole, s := shortShift(t, 1, spec)
		s.mute = mute
		whole.arrivedAt(whole.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{}))
		ends := whole.sizes()
		stride := 3
		switch {
		case few():
			stride = 11
		case os.Getenv("PGBUDGET_SOAK") != "":
			stride = 1
		}
		for at := 2; at <= len(whole.events); at += stride {
			x, s := shortShift(t, 1, spec)
			s.mute = mute
			x.dieAt, x.torn = at, at%3
			if _, err := x.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{}); !errors.Is(err, errDead) {
				t.Fatalf("it outlives its death at %d: %v", at, err)
			}
			x.dieAt, x.dead, x.before = 0, false, load.Evidence{}
			x.measure(5*time.Second, time.Minute) // as every run does
			x.traffic[0].LoadsAt = int(x.w.shares[0])
			goal, err := x.firstGoal() // as every run does
			if err != nil {
				t.Fatal(err)
			}
			report, err := x.rebalancer().Run(t.Context(), goal, bouncer.Replay(x.events))
			if err == nil && report.Reason.Is(verdict.SwitchWasUnknown) { // nobody knew where the switch was
				x.before = load.Evidence{}
				x.measure(5*time.Second, time.Minute)
				x.traffic[0].LoadsAt = int(x.w.shares[0])
				report, err = x.rebalancer().Run(t.Context(), goal, bouncer.Replay(x.events))
				again++
			}
			x.arrivedAt(report, err)
			for i, size := range x.sizes() { // measured at another time, a size may differ by a little
				if max(size-ends[i], ends[i]-size) > 2 {
					t.Errorf("it ends with %v, and without a crash with %v", x.sizes(), ends)
				}
			}
			if t.Failed() {
				t.Fatalf("death at event %d, mute %v", at, mute)
			}
		}
		if mute == (again == 0) && !few() {
			t.Errorf("mute %v: %d were begun a third time", mute, again)
		}
	}
}

// firstGoal is where a run goes before it knows more: the plan for the loads as they were measured.
func (x *rig) firstGoal() (sizing.Goal, error) {
	fleet, err := budget.Model(x.w.Now(), x.declared(), x.before, x.loads)
	if err != nil {
		return sizing.Goal{}, err
	}
	plan, err := sizing.Solve(fleet, sizing.Options{})
	return sizing.GoalOf(plan), err
}

// TestASwitchThatMovesNothingHolds: it says what it was told, and the counters say that nothing came.
func TestASwitchThatMovesNothingHolds(t *testing.T) {
	spec, _ := shiftFleet(1, false)
	x, s := shortShift(t, 1, spec)
	s.dead = true
	report, err := x.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{})
	if err != nil || report.Outcome != state.Held || !report.Reason.Is(verdict.NothingMoved) {
		t.Fatalf("%v %s: %s", err, report.Outcome, report.Reason.Text())
	}
	if report.State.Step == nil || report.State.Steps != 0 {
		t.Errorf("the step in hand is not kept: %+v", report.State.Step)
	}
}

// TestASwitchThatSomebodyElseChangesEndsTheRun, and nothing is written any more.
func TestASwitchThatSomebodyElseChangesEndsTheRun(t *testing.T) {
	spec, _ := shiftFleet(1, false)
	spec.Script = []Action{{At: 4 * time.Minute, Kind: SetShare, Percent: 90}}
	x, _ := shortShift(t, 1, spec)
	report, err := x.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{})
	if err != nil || report.Outcome != state.Drifted || !report.Reason.Is(verdict.SwitchChanged) ||
		!strings.Contains(report.Reason.Text(), "reports 90 %, the journal has 25 %") {
		t.Fatalf("%v %s: %s", err, report.Outcome, report.Reason.Text())
	}
}

// TestASwitchThatFailsIsTriedAgain: nothing soaks before it has answered.
func TestASwitchThatFailsIsTriedAgain(t *testing.T) {
	spec, _ := shiftFleet(1, false)
	x, s := shortShift(t, 1, spec)
	fails := 2
	s.hears = func(int) error {
		if fails--; fails >= 0 {
			return &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("the flag service is away")}
		}
		return nil
	}
	x.arrivedAt(x.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{}))
	failed := 0
	for _, e := range x.events {
		failed += b2i(e.Kind == state.Failed)
	}
	if failed != 2 {
		t.Errorf("%d turns failed", failed)
	}
}

// TestOneShiftFollowsAnother: main gives to ci, then to sec, and the sizes end where a plan for all of that is.
func TestOneShiftFollowsAnother(t *testing.T) {
	spec, _ := shiftFleet(1, false)
	spec.Groups = append(spec.Groups, GroupSpec{Name: "sec", Processes: 3, Version: "1.24"})
	spec.Pools = append(spec.Pools, PoolSpec{ID: "sec/app", Server: "pg", SizeConns: 2})
	spec.Shifts = append(spec.Shifts, ShiftSpec{From: "main/app", To: "sec/app", Fraction: 0.2})
	x, _ := shortShift(t, 1, spec)
	x.traffic = append(x.traffic, bouncer.Traffic{Shift: shift.Shift{From: "main/app", To: "sec/app",
		Fraction: load.Range{Lower: 0.1, Target: 0.2, Upper: 0.4}, Until: 50}, Switch: x.w.Switch(1)})
	x.arrivedAt(x.rebalancer().Run(t.Context(), sizing.Goal{}, state.JournalState{}))
	if x.w.shares[1] != 50 {
		t.Errorf("the second is at %g %%", x.w.shares[1])
	}
	first := learn.Learn(load.Range{Lower: 0.2, Target: 0.3, Upper: 0.45},
		bouncer.Replay(x.events).SoaksOf("main/app:ci/app")).Fraction
	second := learn.Learn(load.Range{Lower: 0.1, Target: 0.2, Upper: 0.4},
		bouncer.Replay(x.events).SoaksOf("main/app:sec/app")).Fraction
	if first.Target < 0.33 || first.Target > 0.37 || second.Target < 0.18 || second.Target > 0.22 {
		t.Errorf("%+v, %+v", first, second)
	}
	for _, a := range x.w.aliases {
		if a.name == "app" && a.spec.ID == "sec/app" && a.size*3 < 14 { // 130 × 10 % are 13 Erlangs
			t.Errorf("sec has %d", a.size)
		}
	}
}

// TestAStepIsRolledBackWithItsTraffic goes half of the way and back.
func TestAStepIsRolledBackWithItsTraffic(t *testing.T) {
	spec, _ := shiftFleet(1, false)
	x, _ := shortShift(t, 1, spec)
	before := x.sizes()
	r := x.rebalancer()
	r.Steps = 2
	report, err := r.Run(t.Context(), sizing.Goal{}, state.JournalState{})
	if err != nil || report.Outcome != state.Done || x.w.shares[0] == 0 {
		t.Fatalf("%v %+v", err, report)
	}
	journalState := bouncer.Replay(x.events)
	fleet, err := budget.Model(x.w.Now(), x.declared(), x.before, x.loads)
	if err != nil {
		t.Fatal(err)
	}
	back, ok := control.Rollback(journalState, fleet, journalState.Past[0].Seq)
	if !ok || len(back.Traffic) != 1 || back.Traffic[0].To != 0 {
		t.Fatalf("%+v", back)
	}
	x.before = load.Evidence{}
	x.measure(5*time.Second, time.Minute)
	r = x.rebalancer()
	r.RollTo, r.Replans = back.To, false
	r.Traffic = []bouncer.Traffic{x.traffic[0]}
	r.Traffic[0].Until, r.Traffic[0].LoadsAt = 0, int(x.w.shares[0])
	report, err = r.Run(t.Context(), back.Goal, journalState)
	if err != nil || report.Outcome != state.Done || x.w.shares[0] != 0 {
		t.Fatalf("%v %s at %g: %s", err, report.Outcome, x.w.shares[0], report.Reason.Text())
	}
	after := x.sizes()
	for i := range before {
		if before[i] != after[i] {
			t.Fatalf("%v before, %v after", before, after)
		}
	}
}
