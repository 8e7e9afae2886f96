package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestSomebodyIsWaitedForNoLongerThanWithin, whatever a run may be held for.
func TestSomebodyIsWaitedForNoLongerThanWithin(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	lacks := verdict.Noted("ci/1 is 5")
	for _, c := range []struct {
		hand HandNow
		late bool
	}{
		{HandNow{}, false},
		{HandNow{ByHand: true, Within: time.Minute}, false},
		{HandNow{ByHand: true, Within: time.Minute, Since: now.Add(-59 * time.Second), Lacks: lacks}, false},
		{HandNow{ByHand: true, Within: time.Minute, Since: now.Add(-time.Minute), Lacks: lacks}, true},
	} {
		why := State{Samples: Samples{Now: now}, HandNow: c.hand}.late()
		if why.Any() != c.late || c.late && why.Text() != "nobody has made the change everywhere within 1m0s: ci/1 is 5" {
			t.Errorf("%+v: %q", c.hand, why.Text())
		}
	}
}

// TestWhatWasCalledOffIsCountedWithEveryGrant, as the larger of what was asked for and what is.
func TestWhatWasCalledOffIsCountedWithEveryGrant(t *testing.T) {
	p := NewTwoPools(4)
	p.Observe(20, 18, 10, 10)
	change := func(group string, from, to int) fleet.SettingChange {
		return fleet.SettingChange{Process: group + "/1", Alias: "db", Key: fleet.KeySize, From: from, To: to}
	}
	s := State{Samples: Samples{Fleet: p.Fleet, Sample: p.Sample}}
	s.Journal.Requests.Open = []state.Request{{Number: 3, Called: Noon,
		Action: state.GrantOf([]fleet.SettingChange{change("b", 10, 13)}, verdict.Reason{})}}
	for _, c := range []struct {
		changes []fleet.SettingChange
		broken  bool
	}{
		{[]fleet.SettingChange{change("a", 20, 21)}, false},
		{[]fleet.SettingChange{change("a", 20, 22)}, true},
		{[]fleet.SettingChange{change("b", 10, 14)}, false}, // its own line: the larger counts
		{[]fleet.SettingChange{change("a", 20, 21), change("b", 10, 11)}, false},
		{[]fleet.SettingChange{change("a", 20, 22), change("b", 10, 11)}, true},
		{[]fleet.SettingChange{change("a", 20, 12)}, false},
	} {
		why := s.broken(c.changes)
		if why.Is(verdict.MayBeMade) != c.broken || why.Any() != c.broken {
			t.Errorf("%v: %q", c.changes, why.Text())
		}
	}
	s.Journal.Requests.Open[0].Called = time.Time{} // it is what is done
	if why := s.broken([]fleet.SettingChange{change("a", 20, 22)}); why.Any() {
		t.Error(why.Text())
	}
}

// TestAGrantThatIsMadeBeforeItIsAskedFor is drift where the budget is exceeded by it, and is written down elsewhere.
func TestAGrantThatIsMadeBeforeItIsAskedFor(t *testing.T) {
	for spare, want := range map[int]bool{0: true, 4: false} {
		p := NewTwoPools(spare)
		p.Observe(20, 18, 14, 10)
		step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}}}
		s := State{Samples: Samples{Fleet: p.Fleet, Sample: p.Sample}, HandNow: HandNow{ByHand: true}}
		s.Journal.Step = &step
		if why := s.Drift(); why.Is(verdict.LineEarly) != want {
			t.Errorf("%d spare: %q", spare, why.Text())
		}
		if made := s.madeEarly(step); len(made) != 1 || made[0].Process != "b/1" {
			t.Errorf("made early: %v", made)
		}
	}
}

// TestAReleaseIsUndoneBesideNothingThatMayBeMade: the step goes back, and waits until that is closed.
func TestAReleaseIsUndoneBesideNothingThatMayBeMade(t *testing.T) {
	p := NewTwoPools(0)
	p.Observe(18, 18, 10, 10)
	s := State{Samples: Samples{Fleet: p.Fleet, Sample: p.Sample, Now: p.Now}}
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
		Key: fleet.KeySize, From: 20, To: 18}}}
	s.Journal.Step = &step
	for made, want := range map[int]state.ActionKind{10: state.Undo, 11: state.AbortStep} {
		s.Journal.Requests.Open = []state.Request{{Number: 3, Called: Noon, Action: state.GrantOf(
			[]fleet.SettingChange{{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 9, To: made}}, verdict.Reason{})}}
		if a := s.undoPool("a/db", step, step.Changes, verdict.Noted("it waits")); a.Kind != want {
			t.Errorf("b may be %d: %s, want %s", made, a.Kind, want)
		}
	}
}
