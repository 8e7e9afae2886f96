package planner

import (
	"testing"
	"time"
)

// TestGrantsGoBackThoughNothingIsSeen, what may have been granted among them, and nothing that makes a line larger.
func TestGrantsGoBackThoughNothingIsSeen(t *testing.T) {
	for _, done := range []bool{true, false} { // false: the grant is in hand, and nobody knows how far
		s, paused := newStage(0), ""
		step := &Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}, {"b/1", "db", KeySize, 10, 14}}}
		release, grant := Act{Verb: Release, Sets: step.Sets[:1]}, Act{Verb: Grant, Sets: step.Sets[1:]}
		s.memory = s.memory.After(Event{Kind: RunBegan, At: s.now, Goal: &s.goal})
		s.memory = s.memory.After(Event{Kind: StepBegan, Step: step, At: s.now})
		s.memory = s.memory.After(Event{Kind: Intended, Act: &release, At: s.now})
		s.memory = s.memory.After(Event{Kind: Acted, Act: &release, At: s.now})
		s.see(16, 9, 10, 9)
		unseen := func() (Act, bool) {
			return Unseen(Situation{Now: s.now, Fleet: s.fleet, Gate: s.gate, Memory: s.memory, Policy: s.policy, Paused: paused})
		}
		s.saturated()
		if a, due := unseen(); due {
			t.Fatalf("nothing was granted, and %+v is due", a)
		}
		s.memory = s.memory.After(Event{Kind: Intended, Act: &grant, At: s.now})
		if done {
			s.memory = s.memory.After(Event{Kind: Acted, Act: &grant, At: s.now})
		}
		open := s.gate
		s.gate = Gate{}
		if a, due := unseen(); due {
			t.Fatalf("no signal says so, and %+v is due", a)
		}
		s.gate, paused = open, "paused by somebody"
		if a, due := unseen(); due {
			t.Fatalf("it is paused, and %+v is due", a)
		}
		paused = ""
		abort, due := unseen()
		if !due || abort.Verb != Abort || len(abort.Step.Sets) != 2 || abort.Reason == "" {
			t.Fatalf("%v %+v", due, abort)
		}
		s.memory = s.memory.After(Event{Kind: StepAbort, Step: abort.Step, Reason: abort.Reason, At: s.now})
		retreat, due := unseen()
		if want := (Set{"b/1", "db", KeySize, 14, 10}); !due || retreat.Verb != Retreat || len(retreat.Sets) != 1 || retreat.Sets[0] != want {
			t.Fatalf("%v %+v", due, retreat)
		}
		s.memory = s.memory.After(Event{Kind: Intended, Act: &retreat, At: s.now})
		failed := s.memory.After(Event{Kind: Failed, Act: &retreat, At: s.now, Outcome: Blind})
		for outcome, again := range map[Outcome]bool{Blind: true, Held: true, Drifted: false, LockLost: false} {
			m := s.memory.After(Event{Kind: Failed, Act: &retreat, At: s.now, Outcome: outcome})
			if a, due := Unseen(Situation{Now: s.now, Fleet: s.fleet, Gate: s.gate, Memory: m}); due {
				t.Errorf("%s: %+v is due at once", outcome, a)
			}
			if a, due := Unseen(Situation{Now: s.now.Add(retryAfter), Fleet: s.fleet, Gate: s.gate, Memory: m}); due != again {
				t.Errorf("%s: %v %+v", outcome, due, a)
			}
		}
		for _, m := range []Memory{s.memory, failed} { // and once it is seen, whatever became of it
			s.memory, s.now = m, s.now.Add(retryAfter)
			for range 3 {
				s.see(16, 9, 14, 9)
			}
			if a := s.next(); a.Verb != Release || a.Sets[0].To != 10 {
				t.Fatalf("%+v", a)
			}
		}
		s.memory = s.memory.After(Event{Kind: Acted, Act: &retreat, At: s.now})
		if a, due := unseen(); due {
			t.Fatalf("all has gone back that may unseen, and %+v is due", a)
		}
		for range 3 {
			s.see(16, 9, 10, 9)
		}
		if a := s.next(); a.Verb != Grant || a.Sets[0] != (Set{"a/1", "db", KeySize, 16, 20}) {
			t.Fatalf("%+v", a)
		}
	}
}

// TestTheWayBackIsNotTakenBackUnseen: a rollback's own turn stays, whatever signals say.
func TestTheWayBackIsNotTakenBackUnseen(t *testing.T) {
	s := shifting()
	s.until(t, Flip)
	s.readings[0].X, s.shifts[0].At = 50, 50
	s.memory.RollTo = 1
	s.saturated()
	if a, due := Unseen(Situation{Now: s.now.Add(time.Second), Fleet: s.fleet, Gate: s.gate, Memory: s.memory, Policy: s.policy, Shifts: s.shifts, Readings: s.readings}); due {
		t.Errorf("%+v", a)
	}
}
