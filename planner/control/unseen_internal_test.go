package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestGrantsGoBackThoughNothingIsSeen, what may have been granted among them, and nothing that makes a line larger.
func TestGrantsGoBackThoughNothingIsSeen(t *testing.T) {
	for _, done := range []bool{true, false} { // false: the grant is in hand, and nobody knows how far
		s, paused := NewTwoPools(0), verdict.Reason{}
		step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}}}
		release, grant := state.Action{Kind: state.Release, Changes: step.Changes[:1]}, state.Action{Kind: state.Grant,
			Changes: step.Changes[1:]}
		s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, At: s.Now, Goal: &s.Goal})
		s.Journal = s.Journal.After(state.Event{Kind: state.StepBegan, Step: step, At: s.Now})
		s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &release, At: s.Now})
		s.Journal = s.Journal.After(state.Event{Kind: state.Acted, Action: &release, At: s.Now})
		s.Observe(16, 9, 10, 9)
		unseen := func() (state.Action, bool) {
			return Unseen(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Guard: s.Guard}, Journal: s.Journal,
				Policy: s.Policy,
				Bars:   Bars{Paused: paused}})
		}
		s.Saturated()
		if a, due := unseen(); due {
			t.Fatalf("nothing was granted, and %+v is due", a)
		}
		s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &grant, At: s.Now})
		if done {
			s.Journal = s.Journal.After(state.Event{Kind: state.Acted, Action: &grant, At: s.Now})
		}
		begun := s.Guard
		s.Guard = SaturationGuard{}
		if a, due := unseen(); due {
			t.Fatalf("no signal says so, and %+v is due", a)
		}
		s.Guard, paused = begun, verdict.Of(verdict.PausedBy, "somebody")
		if a, due := unseen(); due {
			t.Fatalf("it is paused, and %+v is due", a)
		}
		paused = verdict.Reason{}
		abort, due := unseen()
		if !due || abort.Kind != state.AbortStep || len(abort.Step.Changes) != 2 || !abort.Reason.Is(verdict.SignalAborts) {
			t.Fatalf("%v %+v", due, abort)
		}
		s.Journal = s.Journal.After(state.Event{Kind: state.StepAbort, Step: abort.Step, Reason: abort.Reason, At: s.Now})
		retreat, due := unseen()
		if want := (fleet.SettingChange{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10}); !due ||
			retreat.Kind != state.Retreat || len(retreat.Changes) != 1 || retreat.Changes[0] != want {
			t.Fatalf("%v %+v", due, retreat)
		}
		s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &retreat, At: s.Now})
		failed := s.Journal.After(state.Event{Kind: state.Failed, Action: &retreat, At: s.Now, Outcome: state.Blind})
		for outcome, again := range map[state.Outcome]bool{state.Blind: true, state.Held: true, state.Drifted: false,
			state.LockLost: false} {
			m := s.Journal.After(state.Event{Kind: state.Failed, Action: &retreat, At: s.Now, Outcome: outcome})
			if a, due := Unseen(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Guard: s.Guard}, Journal: m}); due {
				t.Errorf("%s: %+v is due at once", outcome, a)
			}
			if a, due := Unseen(State{Samples: Samples{Now: s.Now.Add(retryAfter), Fleet: s.Fleet, Guard: s.Guard},
				Journal: m}); due != again {
				t.Errorf("%s: %v %+v", outcome, due, a)
			}
		}
		for _, m := range []state.JournalState{s.Journal, failed} { // and once it is seen, whatever became of it
			s.Journal, s.Now = m, s.Now.Add(retryAfter)
			for range 3 {
				s.Observe(16, 9, 14, 9)
			}
			if a := s.Next(); a.Kind != state.Retreat || a.Changes[0].To != 10 {
				t.Fatalf("%+v", a)
			}
		}
		s.Journal = s.Journal.After(state.Event{Kind: state.Acted, Action: &retreat, At: s.Now})
		if a, due := unseen(); due {
			t.Fatalf("all has gone back that may unseen, and %+v is due", a)
		}
		for range 3 {
			s.Observe(16, 9, 10, 9)
		}
		if a := s.Next(); a.Kind != state.Grant || a.Changes[0] != (fleet.SettingChange{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: 16, To: 20}) {
			t.Fatalf("%+v", a)
		}
	}
}

// TestAnIncrementOfUnknownFateGoesBackBeforeTheStepDoes where nothing is seen: else traffic would stay where nobody
// watches it.
func TestAnIncrementOfUnknownFateGoesBackBeforeTheStepDoes(t *testing.T) {
	s := Shifting()
	increment := s.Due(t, state.ShiftTraffic)
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &increment, At: s.Now})
	unseen := func() (state.Action, bool) {
		s.Now = s.Now.Add(retryAfter)
		return Unseen(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Guard: s.Guard}, Journal: s.Journal,
			Policy:     s.Policy,
			TrafficNow: TrafficNow{Shifts: s.Shifts, Readings: s.Readings}})
	}
	if a, due := unseen(); due {
		t.Fatalf("nothing says so, and %+v is due", a)
	}
	s.Saturated()
	back, due := unseen()
	if !due || back.Kind != state.ShiftTraffic || back.Traffic.To != 0 || back.Traffic.From != 50 {
		t.Fatalf("%v %+v", due, back)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.Intended, Action: &back, At: s.Now})
	s.Journal = s.Journal.After(state.Event{Kind: state.Failed, Action: &back, At: s.Now, Outcome: state.Held})
	// it is repeated as it is
	if again, due := unseen(); !due || again.Kind != state.ShiftTraffic || again.Traffic.To != 0 {
		t.Fatalf("%v %+v", due, again)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.Acted, Action: &back, At: s.Now})
	abort, due := unseen()
	if !due || abort.Kind != state.AbortStep || abort.Step.Traffic != nil || len(abort.Step.Changes) == 0 {
		t.Fatalf("%v %+v", due, abort)
	}
	s.Journal = s.Journal.After(state.Event{Kind: state.StepAbort, Step: abort.Step, At: s.Now})
	if x, _ := s.Journal.Switch("a/db:b/db"); x.X != 0 {
		t.Errorf("the journal has the switch at %d %%", x.X)
	}
	if a, due := unseen(); !due || a.Kind != state.Retreat {
		t.Errorf("%v %+v", due, a)
	}
}

// TestALineOfUnknownFateIsWrittenAsItGoesBack though its process shows the size of before: its file may not.
func TestALineOfUnknownFateIsWrittenAsItGoesBack(t *testing.T) {
	for _, seen := range []bool{false, true} { // whether it was seen that the step has to go back
		s := NewTwoPools(0)
		step := &state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "a/1", Alias: "db",
			Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}}}
		release, grant := state.Action{Kind: state.Release, Changes: step.Changes[:1]}, state.Action{Kind: state.Grant,
			Changes: step.Changes[1:]}
		for _, e := range []state.Event{{Kind: state.RunBegan, Goal: &s.Goal}, {Kind: state.StepBegan, Step: step},
			{Kind: state.Intended, Action: &release},
			{Kind: state.Acted, Action: &release}, {Kind: state.Intended, Action: &grant}} {
			e.At = s.Now
			s.Journal = s.Journal.After(e)
		}
		back := State{Journal: s.Journal, unseen: true}.undoStep(*step)
		if seen {
			s.Observe(16, 9, 10, 9) // the RELOAD did not come
			back = State{Journal: s.Journal, Samples: Samples{Sample: s.Sample, Fleet: s.Fleet}}.undoStep(*step)
		}
		s.Journal = s.Journal.After(state.Event{Kind: state.StepAbort, Step: &back, At: s.Now})
		for range 4 {
			s.Observe(16, 9, 10, 9)
		}
		if a := s.Do(t, state.Retreat); len(a.Changes) != 1 ||
			a.Changes[0] != (fleet.SettingChange{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10}) {
			t.Fatalf("seen %v: %+v", seen, a)
		}
		s.Observe(16, 9, 10, 9)
		s.Observe(16, 9, 10, 9)
		s.Observe(16, 9, 10, 9)
		s.Do(t, state.Grant)
		s.Observe(20, 9, 10, 9)
		s.Do(t, state.CompleteStep)
	}
}

// TestAFlushEndsUnseen: where no sample shows the fleet it ends at once, over a retreat that fails too; one that could
// not be ended is tried again after a while, and what a sample must tell of stays known.
func TestAFlushEndsUnseen(t *testing.T) {
	s := PinnedState(t, 40, 7)
	if a, due := Unflush(s.Journal, s.Now); due {
		t.Errorf("%+v, and nothing is flushed", a)
	}
	s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
	flush := Next(s)
	m := s.Journal.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Action: &flush})
	restore := state.Action{Kind: state.Restore, Changes: []fleet.SettingChange{flush.Changes[0].Back()}}
	due := func(what string, m state.JournalState, at time.Time, want bool) {
		t.Helper()
		a, due := Unflush(m, at)
		if due != want || due && (a.Kind != state.Restore || len(a.Changes) != 1 || a.Changes[0] != restore.Changes[0]) {
			t.Errorf("%s: %v %+v, want %v", what, due, a, want)
		}
	}
	after := func(m state.JournalState, seq int64, e state.Event) state.JournalState {
		e.Seq, e.At = seq, s.Now
		return m.After(e)
	}
	due("a flush of unknown fate", m, s.Now, true)
	m = after(m, 91, state.Event{Kind: state.Acted, Action: &flush})
	due("a flush", m, s.Now, true)
	retreat := state.Action{Kind: state.Retreat, Changes: s.Journal.Step.Changes}
	fails := func(action *state.Action) state.JournalState {
		return after(after(m, 92, state.Event{Kind: state.Intended, Action: action}), 93,
			state.Event{Kind: state.Failed, Action: action, Outcome: state.Blind})
	}
	failing := fails(&retreat)
	due("a retreat that has just failed", failing, s.Now, true)
	failed := fails(&restore)
	due("one that has just failed", failed, s.Now, false)
	due("one that failed a while ago", failed, s.Now.Add(retryAfter), true)
	grant := state.Action{Kind: state.Grant, Changes: []fleet.SettingChange{s.Journal.Step.Changes[0].Back()}}
	due("a grant of unknown fate", after(m, 92, state.Event{Kind: state.Intended, Action: &grant}), s.Now, false)
	ended := after(after(m, 92, state.Event{Kind: state.Intended, Action: &restore}), 93,
		state.Event{Kind: state.Acted, Action: &restore})
	due("one that was ended", ended, s.Now, false)
}
