package state_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestRunsAfterAnIncrementGoByTheLoadsFromBeforeIt: the lookback's percentiles are those of another traffic.
func TestRunsAfterAnIncrementGoByTheLoadsFromBeforeIt(t *testing.T) {
	l := func(pool string, erlangs float64) load.Load {
		return load.Load{Pool: pool, Erlangs: load.Range{Lower: erlangs, Target: erlangs, Upper: erlangs}}
	}
	before := []load.Load{l("a/db", 130), l("b/db", 3), l("c/db", 9)}
	s := shift.Shift{From: "a/db", To: "b/db", Until: 100}
	monday := plannertest.Noon
	var m state.JournalState
	m = m.After(state.Event{Kind: state.RunBegan, At: monday, Goal: &sizing.Goal{},
		Switches: []state.Switch{{Shift: s.ID()}}, Baselines: []learn.Baseline{learn.BaselineOf(s, 0, monday, before)}})
	// of a lookback of seven days, and the window of a night
	night := []load.Load{l("a/db", 130), l("b/db", 6), l("c/db", 5)}

	if loads, shifts := m.Rebased(night, []shift.Shift{s}, monday.Add(time.Hour)); loads[1].Erlangs.Target != 6 ||
		shifts[0].LoadsAt != 0 {
		t.Error("no switch was set yet, and the loads are not those of now")
	}
	m = m.After(state.Event{Kind: state.Acted, At: monday.Add(time.Hour), Action: &state.Action{Kind: state.ShiftTraffic,
		Traffic: &shift.TrafficChange{Shift: s.ID(), From: 0, To: 50}}})
	s.At, s.LoadsAt = 50, 50
	loads, shifts := m.Rebased(night, []shift.Shift{s}, monday.Add(2*time.Hour))
	if loads[0].Erlangs.Target != 130 || loads[1].Erlangs.Target != 3 || loads[2].Erlangs.Target != 5 ||
		shifts[0].LoadsAt != 0 || shifts[0].At != 50 {
		t.Errorf("%+v %+v", loads, shifts)
	}
	m = m.After(state.Event{Kind: state.RunBegan, At: monday.Add(2 * time.Hour), Goal: &sizing.Goal{},
		Baselines: []learn.Baseline{learn.BaselineOf(s, 0, monday.Add(2*time.Hour), loads)}})
	if !m.Baselines[0].At.Equal(monday) {
		t.Errorf("a base that is taken over becomes younger: %v", m.Baselines[0].At)
	}
	if loads, shifts := m.Rebased(night, []shift.Shift{s}, monday.Add(8*24*time.Hour)); loads[1].Erlangs.Target != 6 ||
		shifts[0].LoadsAt != 50 {
		t.Error("an old base is still gone by")
	}
	other := shift.Shift{From: "a/db", To: "d/db"}
	if loads, _ := m.Rebased(night, []shift.Shift{s, other}, monday.Add(2*time.Hour)); loads[1].Erlangs.Target != 6 {
		t.Error("of two shifts of one pool, a base is gone by")
	}
}
