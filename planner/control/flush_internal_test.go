package control

import (
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored takes one release through its drain: nothing at first, then a flush of the
// process that has too many, then its end once they are gone.
func TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored(t *testing.T) {
	s := PinnedSituation(t, 40, 7)
	if a := Next(s); a.Verb != state.Wait {
		t.Fatalf("%+v so soon after the release", a)
	}
	s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
	flush := Next(s)
	want := fleet.Set{Process: "main/1", Alias: "app", Key: fleet.KeyLifetime, From: 3600, To: 1}
	if flush.Verb != state.Flush || len(flush.Sets) != 1 || flush.Sets[0] != want || !strings.Contains(flush.Reason, "3 of 7") {
		t.Fatalf("%+v, want a flush of %+v", flush, want)
	}
	s.Memory = s.Memory.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Act: &flush})
	if a := Next(s); a.Verb != state.Restore || a.Sets[0] != want.Back() {
		t.Errorf("a flush of unknown fate: %+v", a)
	}
	s.Memory = s.Memory.After(state.Event{Seq: 91, At: s.Now, Kind: state.Acted, Act: &flush})
	s.Look.Processes[0].Aliases[0].Lifetime = time.Second
	if a := Next(s); a.Verb != state.Wait {
		t.Fatalf("%+v while it is flushed", a)
	}
	late := s
	late.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor)
	if a := Next(late); a.Verb != state.Restore {
		t.Errorf("%+v at the deadline", a)
	}
	drained := PinnedSituation(t, 40, 4)
	drained.Memory, drained.Now = s.Memory, s.Now
	back := Next(drained)
	if back.Verb != state.Restore || back.Sets[0] != want.Back() {
		t.Fatalf("%+v once they are gone", back)
	}
	drained.Memory = drained.Memory.After(state.Event{Seq: 92, At: s.Now, Kind: state.Intended, Act: &back}).After(state.Event{Seq: 93, At: s.Now, Kind: state.Acted, Act: &back})
	if left := drained.Memory.Flushed(); len(left) > 0 {
		t.Errorf("%v still flushed", left)
	}
	if a := Next(drained); a.Verb == state.Restore || a.Verb == state.Flush {
		t.Errorf("%+v once it has been given back", a)
	}
	gone := s
	gone.Memory = s.Memory.After(state.Event{Seq: 94, Kind: state.Accepted})
	gone.Look = fleet.Observation{At: s.Look.At}
	if a := Next(gone); a.Verb == state.Restore {
		t.Errorf("%+v, and the line is gone", a)
	}
	unsure := gone
	unsure.Memory = s.Memory.After(state.Event{Seq: 94, Kind: state.Intended, Act: &flush})
	unsure.Memory.Step = nil
	if a := Next(unsure); a.Verb != state.Restore || len(a.Sets) != 0 {
		t.Errorf("%+v, of a flush of unknown fate whose line is gone: want it settled with nothing to do", a)
	}
	if m := s.Memory.After(state.Event{Seq: 94, Kind: state.Accepted}); len(m.Flushed()) != 1 {
		t.Error("forget forgets a flush")
	}
}

// TestTransactionsAreNotFlushed names the cases in which a flush would only reconnect.
func TestTransactionsAreNotFlushed(t *testing.T) {
	for name, change := range map[string]func(*Situation){
		"nothing was given back":         func(s *Situation) { *s = PinnedSituation(t, 2, 7) },
		"the load is above the new size": func(s *Situation) { s.Fleet.Pools[0].Load.Erlangs.Target = 4 },
		"the load hides":                 func(s *Situation) { s.Fleet.Pools[0].Load.AtLeast = true },
		"its lifetime is not known":      func(s *Situation) { s.Look.Processes[0].Aliases[0].Lifetime = 0 },
		"somebody is idle in transaction": func(s *Situation) {
			s.Look.Servers = []fleet.Server{{Name: "pg", Holders: []fleet.Holder{{Pool: "main/app"}}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := PinnedSituation(t, 40, 7)
			change(&s)
			s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
			if a := Next(s); a.Verb != state.Wait {
				t.Errorf("%+v", a)
			}
		})
	}
}

// pinnedBack is PinnedSituation on a way back: the line was given more, and goes back to what it had.
func pinnedBack(t *testing.T, xacts int64, open int) Situation {
	s := PinnedSituation(t, xacts, open)
	step, at := state.Step{Kind: state.Backward, Sets: s.Memory.Step.Sets}, s.Memory.ReleasedAt
	act := state.Act{Verb: state.Retreat, Sets: step.Sets}
	for i, e := range []state.Event{{Kind: state.StepAbort, Step: &step, Reason: "cpu"},
		{Kind: state.Intended, Act: &act}, {Kind: state.Acted, Act: &act}} {
		e.Seq, e.At = int64(i+5), at
		s.Memory = s.Memory.After(e)
	}
	return s
}

// TestAWayBackIsFlushedByTheSameRules: as a step is, and no sooner, later or longer.
func TestAWayBackIsFlushedByTheSameRules(t *testing.T) {
	soon := func(s *Situation) { s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter) }
	s := pinnedBack(t, 40, 7)
	if a := Next(s); a.Verb != state.Wait {
		t.Fatalf("%+v so soon after the release", a)
	}
	soon(&s)
	flush := Next(s)
	if flush.Verb != state.Flush || len(flush.Sets) != 1 || flush.Sets[0].Key != fleet.KeyLifetime {
		t.Fatalf("%+v, want a flush", flush)
	}
	for name, change := range map[string]func(*Situation){
		"nothing was given back":     func(s *Situation) { *s = pinnedBack(t, 2, 7); soon(s) },
		"the load is above the size": func(s *Situation) { s.Fleet.Pools[0].Load.Erlangs.Target = 4 },
		"it is late":                 func(s *Situation) { s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor) },
		"a flush has failed":         func(s *Situation) { s.Memory.Unflushable = true },
		"its clients wait for too long": func(s *Situation) {
			s.Look.Processes[0].Aliases[0].Pools[0].MaxWait = time.Minute
			s.Look.Processes[0].Aliases[0].Pools[0].ClientsWaiting = 5
			for range 3 {
				s.Look.At = s.Look.At.Add(time.Second)
				s.Trail = s.Trail.Add(s.Look)
			}
		},
	} {
		s := pinnedBack(t, 40, 7)
		soon(&s)
		if change(&s); Next(s).Verb == state.Flush {
			t.Errorf("%s: %+v", name, Next(s))
		}
	}
	again := s
	again.Memory.Unflushable = true // the next run tries again
	begun := state.Event{Seq: 90, At: s.Memory.ReleasedAt, Kind: state.RunBegan, Goal: &s.Goal, To: 2}
	if again.Memory = again.Memory.After(begun); Next(again).Verb != state.Flush {
		t.Errorf("%+v in the run after one whose flush failed", Next(again))
	}
	s.Memory = s.Memory.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Act: &flush})
	s.Memory = s.Memory.After(state.Event{Seq: 91, At: s.Now, Kind: state.Acted, Act: &flush})
	s.Look.Processes[0].Aliases[0].Lifetime = time.Second
	if a := Next(s); a.Verb != state.Wait {
		t.Fatalf("%+v while it is flushed", a)
	}
	for name, change := range map[string]func(*Situation){
		"it is late":      func(s *Situation) { s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor) },
		"somebody pauses": func(s *Situation) { s.Paused = "paused" },
		"it has drained": func(s *Situation) {
			drained := pinnedBack(t, 40, 4)
			drained.Memory, drained.Now = s.Memory, s.Now
			*s = drained
		},
		"a retreat failed": func(s *Situation) {
			act := state.Act{Verb: state.Retreat, Sets: s.Memory.Step.Sets}
			for i, e := range []state.Event{{Kind: state.Intended, Act: &act},
				{Kind: state.Failed, Act: &act, Outcome: state.Held}} {
				e.Seq, e.At = int64(92+i), s.Now.Add(-retryAfter)
				s.Memory = s.Memory.After(e)
			}
		},
	} {
		late := s
		if change(&late); Next(late).Verb != state.Restore {
			t.Errorf("%s: %+v, want the lifetime given back", name, Next(late))
		}
	}
}
