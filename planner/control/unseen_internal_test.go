package control

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestGrantsGoBackThoughNothingIsSeen, what may have been granted among them, and nothing that makes a line larger.
func TestGrantsGoBackThoughNothingIsSeen(t *testing.T) {
	for _, done := range []bool{true, false} { // false: the grant is in hand, and nobody knows how far
		s, paused := NewStage(0), ""
		step := &state.Step{Kind: state.Forward, Sets: []fleet.Set{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}}}
		release, grant := state.Act{Verb: state.Release, Sets: step.Sets[:1]}, state.Act{Verb: state.Grant, Sets: step.Sets[1:]}
		s.Memory = s.Memory.After(state.Event{Kind: state.RunBegan, At: s.Now, Goal: &s.Goal})
		s.Memory = s.Memory.After(state.Event{Kind: state.StepBegan, Step: step, At: s.Now})
		s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Act: &release, At: s.Now})
		s.Memory = s.Memory.After(state.Event{Kind: state.Acted, Act: &release, At: s.Now})
		s.See(16, 9, 10, 9)
		unseen := func() (state.Act, bool) {
			return Unseen(Situation{Now: s.Now, Fleet: s.Fleet, Gate: s.Gate, Memory: s.Memory, Policy: s.Policy, Paused: paused})
		}
		s.Saturated()
		if a, due := unseen(); due {
			t.Fatalf("nothing was granted, and %+v is due", a)
		}
		s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Act: &grant, At: s.Now})
		if done {
			s.Memory = s.Memory.After(state.Event{Kind: state.Acted, Act: &grant, At: s.Now})
		}
		open := s.Gate
		s.Gate = Gate{}
		if a, due := unseen(); due {
			t.Fatalf("no signal says so, and %+v is due", a)
		}
		s.Gate, paused = open, "paused by somebody"
		if a, due := unseen(); due {
			t.Fatalf("it is paused, and %+v is due", a)
		}
		paused = ""
		abort, due := unseen()
		if !due || abort.Verb != state.Abort || len(abort.Step.Sets) != 2 || abort.Reason == "" {
			t.Fatalf("%v %+v", due, abort)
		}
		s.Memory = s.Memory.After(state.Event{Kind: state.StepAbort, Step: abort.Step, Reason: abort.Reason, At: s.Now})
		retreat, due := unseen()
		if want := (fleet.Set{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10}); !due || retreat.Verb != state.Retreat || len(retreat.Sets) != 1 || retreat.Sets[0] != want {
			t.Fatalf("%v %+v", due, retreat)
		}
		s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Act: &retreat, At: s.Now})
		failed := s.Memory.After(state.Event{Kind: state.Failed, Act: &retreat, At: s.Now, Outcome: state.Blind})
		for outcome, again := range map[state.Outcome]bool{state.Blind: true, state.Held: true, state.Drifted: false, state.LockLost: false} {
			m := s.Memory.After(state.Event{Kind: state.Failed, Act: &retreat, At: s.Now, Outcome: outcome})
			if a, due := Unseen(Situation{Now: s.Now, Fleet: s.Fleet, Gate: s.Gate, Memory: m}); due {
				t.Errorf("%s: %+v is due at once", outcome, a)
			}
			if a, due := Unseen(Situation{Now: s.Now.Add(retryAfter), Fleet: s.Fleet, Gate: s.Gate, Memory: m}); due != again {
				t.Errorf("%s: %v %+v", outcome, due, a)
			}
		}
		for _, m := range []state.Memory{s.Memory, failed} { // and once it is seen, whatever became of it
			s.Memory, s.Now = m, s.Now.Add(retryAfter)
			for range 3 {
				s.See(16, 9, 14, 9)
			}
			if a := s.Next(); a.Verb != state.Retreat || a.Sets[0].To != 10 {
				t.Fatalf("%+v", a)
			}
		}
		s.Memory = s.Memory.After(state.Event{Kind: state.Acted, Act: &retreat, At: s.Now})
		if a, due := unseen(); due {
			t.Fatalf("all has gone back that may unseen, and %+v is due", a)
		}
		for range 3 {
			s.See(16, 9, 10, 9)
		}
		if a := s.Next(); a.Verb != state.Grant || a.Sets[0] != (fleet.Set{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 16, To: 20}) {
			t.Fatalf("%+v", a)
		}
	}
}

// TestATurnOfUnknownFateGoesBackBeforeTheStepDoes where nothing is seen: else traffic would stay where nobody looks for it.
func TestATurnOfUnknownFateGoesBackBeforeTheStepDoes(t *testing.T) {
	s := Shifting()
	flip := s.Due(t, state.Flip)
	s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Act: &flip, At: s.Now})
	unseen := func() (state.Act, bool) {
		s.Now = s.Now.Add(retryAfter)
		return Unseen(Situation{Now: s.Now, Fleet: s.Fleet, Gate: s.Gate, Memory: s.Memory, Policy: s.Policy, Shifts: s.Shifts, Readings: s.Readings})
	}
	if a, due := unseen(); due {
		t.Fatalf("nothing says so, and %+v is due", a)
	}
	s.Saturated()
	back, due := unseen()
	if !due || back.Verb != state.Flip || back.Turn.To != 0 || back.Turn.From != 50 {
		t.Fatalf("%v %+v", due, back)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.Intended, Act: &back, At: s.Now})
	s.Memory = s.Memory.After(state.Event{Kind: state.Failed, Act: &back, At: s.Now, Outcome: state.Held})
	if again, due := unseen(); !due || again.Verb != state.Flip || again.Turn.To != 0 { // it is repeated as it is
		t.Fatalf("%v %+v", due, again)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.Acted, Act: &back, At: s.Now})
	abort, due := unseen()
	if !due || abort.Verb != state.Abort || abort.Step.Turn != nil || len(abort.Step.Sets) == 0 {
		t.Fatalf("%v %+v", due, abort)
	}
	s.Memory = s.Memory.After(state.Event{Kind: state.StepAbort, Step: abort.Step, At: s.Now})
	if x, _ := s.Memory.Switch("a/db:b/db"); x.X != 0 {
		t.Errorf("the journal has the switch at %d %%", x.X)
	}
	if a, due := unseen(); !due || a.Verb != state.Retreat {
		t.Errorf("%v %+v", due, a)
	}
}

// TestALineOfUnknownFateIsWrittenOnItsWayBack though its process shows the size of before: its file may not.
func TestALineOfUnknownFateIsWrittenOnItsWayBack(t *testing.T) {
	for _, seen := range []bool{false, true} { // whether it was seen that the step has to go back
		s := NewStage(0)
		step := &state.Step{Kind: state.Forward, Sets: []fleet.Set{{Process: "a/1", Alias: "db", Key: fleet.KeySize, From: 20, To: 16}, {Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 10, To: 14}}}
		release, grant := state.Act{Verb: state.Release, Sets: step.Sets[:1]}, state.Act{Verb: state.Grant, Sets: step.Sets[1:]}
		for _, e := range []state.Event{{Kind: state.RunBegan, Goal: &s.Goal}, {Kind: state.StepBegan, Step: step}, {Kind: state.Intended, Act: &release},
			{Kind: state.Acted, Act: &release}, {Kind: state.Intended, Act: &grant}} {
			e.At = s.Now
			s.Memory = s.Memory.After(e)
		}
		back := Situation{Memory: s.Memory, unseen: true}.wayBack(*step)
		if seen {
			s.See(16, 9, 10, 9) // the RELOAD did not come
			back = Situation{Memory: s.Memory, Look: s.Look, Fleet: s.Fleet}.wayBack(*step)
		}
		s.Memory = s.Memory.After(state.Event{Kind: state.StepAbort, Step: &back, At: s.Now})
		for range 4 {
			s.See(16, 9, 10, 9)
		}
		if a := s.Act(t, state.Retreat); len(a.Sets) != 1 || a.Sets[0] != (fleet.Set{Process: "b/1", Alias: "db", Key: fleet.KeySize, From: 14, To: 10}) {
			t.Fatalf("seen %v: %+v", seen, a)
		}
		s.See(16, 9, 10, 9)
		s.See(16, 9, 10, 9)
		s.See(16, 9, 10, 9)
		s.Act(t, state.Grant)
		s.See(20, 9, 10, 9)
		s.Act(t, state.Close)
	}
}

// TestAFlushEndsUnseen: where no look shows the fleet it ends at once, over a retreat that fails too; one that could
// not be ended is tried again after a while, and what a look must tell of stays known.
func TestAFlushEndsUnseen(t *testing.T) {
	s := PinnedSituation(t, 40, 7)
	if a, due := Unflush(s.Memory, s.Now); due {
		t.Errorf("%+v, and nothing is flushed", a)
	}
	s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
	flush := Next(s)
	m := s.Memory.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Act: &flush})
	restore := state.Act{Verb: state.Restore, Sets: []fleet.Set{flush.Sets[0].Back()}}
	due := func(what string, m state.Memory, at time.Time, want bool) {
		t.Helper()
		a, due := Unflush(m, at)
		if due != want || due && (a.Verb != state.Restore || len(a.Sets) != 1 || a.Sets[0] != restore.Sets[0]) {
			t.Errorf("%s: %v %+v, want %v", what, due, a, want)
		}
	}
	after := func(m state.Memory, seq int64, e state.Event) state.Memory {
		e.Seq, e.At = seq, s.Now
		return m.After(e)
	}
	due("a flush of unknown fate", m, s.Now, true)
	m = after(m, 91, state.Event{Kind: state.Acted, Act: &flush})
	due("a flush", m, s.Now, true)
	retreat := state.Act{Verb: state.Retreat, Sets: s.Memory.Step.Sets}
	fails := func(act *state.Act) state.Memory {
		return after(after(m, 92, state.Event{Kind: state.Intended, Act: act}), 93,
			state.Event{Kind: state.Failed, Act: act, Outcome: state.Blind})
	}
	failing := fails(&retreat)
	due("a retreat that has just failed", failing, s.Now, true)
	failed := fails(&restore)
	due("one that has just failed", failed, s.Now, false)
	due("one that failed a while ago", failed, s.Now.Add(retryAfter), true)
	grant := state.Act{Verb: state.Grant, Sets: []fleet.Set{s.Memory.Step.Sets[0].Back()}}
	due("a grant of unknown fate", after(m, 92, state.Event{Kind: state.Intended, Act: &grant}), s.Now, false)
	ended := after(after(m, 92, state.Event{Kind: state.Intended, Act: &restore}), 93,
		state.Event{Kind: state.Acted, Act: &restore})
	due("one that was ended", ended, s.Now, false)
}
