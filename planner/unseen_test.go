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
			if a := s.next(); a.Verb != Retreat || a.Sets[0].To != 10 {
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

// TestATurnOfUnknownFateGoesBackBeforeTheStepDoes where nothing is seen: else traffic would stay where nobody looks for it.
func TestATurnOfUnknownFateGoesBackBeforeTheStepDoes(t *testing.T) {
	s := shifting()
	flip := s.due(t, Flip)
	s.memory = s.memory.After(Event{Kind: Intended, Act: &flip, At: s.now})
	unseen := func() (Act, bool) {
		s.now = s.now.Add(retryAfter)
		return Unseen(Situation{Now: s.now, Fleet: s.fleet, Gate: s.gate, Memory: s.memory, Policy: s.policy, Shifts: s.shifts, Readings: s.readings})
	}
	if a, due := unseen(); due {
		t.Fatalf("nothing says so, and %+v is due", a)
	}
	s.saturated()
	back, due := unseen()
	if !due || back.Verb != Flip || back.Turn.To != 0 || back.Turn.From != 50 {
		t.Fatalf("%v %+v", due, back)
	}
	s.memory = s.memory.After(Event{Kind: Intended, Act: &back, At: s.now})
	s.memory = s.memory.After(Event{Kind: Failed, Act: &back, At: s.now, Outcome: Held})
	if again, due := unseen(); !due || again.Verb != Flip || again.Turn.To != 0 { // it is repeated as it is
		t.Fatalf("%v %+v", due, again)
	}
	s.memory = s.memory.After(Event{Kind: Acted, Act: &back, At: s.now})
	abort, due := unseen()
	if !due || abort.Verb != Abort || abort.Step.Turn != nil || len(abort.Step.Sets) == 0 {
		t.Fatalf("%v %+v", due, abort)
	}
	s.memory = s.memory.After(Event{Kind: StepAbort, Step: abort.Step, At: s.now})
	if x, _ := s.memory.Switch("a/db:b/db"); x.X != 0 {
		t.Errorf("the journal has the switch at %d %%", x.X)
	}
	if a, due := unseen(); !due || a.Verb != Retreat {
		t.Errorf("%v %+v", due, a)
	}
}

// TestATurnByHandIsNoDriftWhereNothingIsSeen: the sizes for it stand as far as the journal knows.
func TestATurnByHandIsNoDriftWhereNothingIsSeen(t *testing.T) {
	s := shifting()
	s.shifts[0].ByHand, s.policy.FlipFor = true, time.Minute
	s.until(t, Grant)
	s.readings[0].X, s.shifts[0].At = 50, 50
	s.saturated()
	if a, due := Unseen(Situation{Now: s.now, Fleet: s.fleet, Gate: s.gate, Memory: s.memory, Policy: s.policy, Shifts: s.shifts, Readings: s.readings}); !due || a.Verb != Abort || a.Step.Turn == nil {
		t.Errorf("%v %+v", due, a)
	}
}

// TestALineOfUnknownFateIsWrittenOnItsWayBack though its process shows the size of before: its file may not.
func TestALineOfUnknownFateIsWrittenOnItsWayBack(t *testing.T) {
	for _, seen := range []bool{false, true} { // whether it was seen that the step has to go back
		s := newStage(0)
		step := &Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}, {"b/1", "db", KeySize, 10, 14}}}
		release, grant := Act{Verb: Release, Sets: step.Sets[:1]}, Act{Verb: Grant, Sets: step.Sets[1:]}
		for _, e := range []Event{{Kind: RunBegan, Goal: &s.goal}, {Kind: StepBegan, Step: step}, {Kind: Intended, Act: &release},
			{Kind: Acted, Act: &release}, {Kind: Intended, Act: &grant}} {
			e.At = s.now
			s.memory = s.memory.After(e)
		}
		back := Situation{Memory: s.memory, unseen: true}.wayBack(*step)
		if seen {
			s.see(16, 9, 10, 9) // the RELOAD did not come
			back = Situation{Memory: s.memory, Look: s.look, Fleet: s.fleet}.wayBack(*step)
		}
		s.memory = s.memory.After(Event{Kind: StepAbort, Step: &back, At: s.now})
		for range 4 {
			s.see(16, 9, 10, 9)
		}
		if a := s.act(t, Retreat); len(a.Sets) != 1 || a.Sets[0] != (Set{"b/1", "db", KeySize, 14, 10}) {
			t.Fatalf("seen %v: %+v", seen, a)
		}
		s.see(16, 9, 10, 9)
		s.see(16, 9, 10, 9)
		s.see(16, 9, 10, 9)
		s.act(t, Grant)
		s.see(20, 9, 10, 9)
		s.act(t, Close)
	}
}
