package planner

import (
	"testing"
	"time"
)

// TestRunsAfterATurnGoByTheLoadsFromBeforeIt: the lookback's percentiles are those of another traffic.
func TestRunsAfterATurnGoByTheLoadsFromBeforeIt(t *testing.T) {
	load := func(pool string, erlangs float64) Load {
		return Load{Pool: pool, Erlangs: Range{erlangs, erlangs, erlangs}}
	}
	before := []Load{load("a/db", 130), load("b/db", 3), load("c/db", 9)}
	s := Shift{From: "a/db", To: "b/db", Until: 100}
	monday := noon
	var m Memory
	m = m.After(Event{Kind: RunBegan, At: monday, Goal: &Goal{}, Turned: []Switch{{Shift: s.ID()}}, Bases: []Base{BaseOf(s, 0, monday, before)}})
	night := []Load{load("a/db", 130), load("b/db", 6), load("c/db", 5)} // of a lookback of seven days, and the window of a night

	if loads, shifts := m.Rebased(night, []Shift{s}, monday.Add(time.Hour)); loads[1].Erlangs.Target != 6 || shifts[0].LoadsAt != 0 {
		t.Error("nothing was turned yet, and the loads are not those of now")
	}
	m = m.After(Event{Kind: Acted, At: monday.Add(time.Hour), Act: &Act{Verb: Flip, Turn: &Turn{s.ID(), 0, 50}}})
	s.At, s.LoadsAt = 50, 50
	loads, shifts := m.Rebased(night, []Shift{s}, monday.Add(2*time.Hour))
	if loads[0].Erlangs.Target != 130 || loads[1].Erlangs.Target != 3 || loads[2].Erlangs.Target != 5 || shifts[0].LoadsAt != 0 || shifts[0].At != 50 {
		t.Errorf("%+v %+v", loads, shifts)
	}
	m = m.After(Event{Kind: RunBegan, At: monday.Add(2 * time.Hour), Goal: &Goal{}, Bases: []Base{BaseOf(s, 0, monday.Add(2*time.Hour), loads)}})
	if !m.Bases[0].At.Equal(monday) {
		t.Errorf("a base that is taken over becomes younger: %v", m.Bases[0].At)
	}
	if loads, shifts := m.Rebased(night, []Shift{s}, monday.Add(8*24*time.Hour)); loads[1].Erlangs.Target != 6 || shifts[0].LoadsAt != 50 {
		t.Error("an old base is still gone by")
	}
	other := Shift{From: "a/db", To: "d/db"}
	if loads, _ := m.Rebased(night, []Shift{s, other}, monday.Add(2*time.Hour)); loads[1].Erlangs.Target != 6 {
		t.Error("of two shifts of one pool, a base is gone by")
	}
}
