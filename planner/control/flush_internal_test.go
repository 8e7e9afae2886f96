package control

import (
	"fmt"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored takes one release through its drain: nothing at first, then a flush
// of the process that has too many, then its end once they are gone.
func TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored(t *testing.T) {
	s := PinnedState(t, 40, 7)
	if a := Next(s); a.Kind != state.Wait {
		t.Fatalf("%+v so soon after the release", a)
	}
	s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
	flush := Next(s)
	want := fleet.SettingChange{Process: "main/1", Alias: "app", Key: fleet.KeyLifetime, From: 3600, To: 1}
	if flush.Kind != state.Flush || len(flush.Changes) != 1 || flush.Changes[0] != want ||
		!flush.Reason.Is(verdict.TurnoverPins) || fmt.Sprint(flush.Reason.Numbers) != "[3 7]" {
		t.Fatalf("%+v, want a flush of %+v", flush, want)
	}
	s.Journal = s.Journal.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Action: &flush})
	if a := Next(s); a.Kind != state.Restore || a.Changes[0] != want.Back() {
		t.Errorf("a flush of unknown fate: %+v", a)
	}
	s.Journal = s.Journal.After(state.Event{Seq: 91, At: s.Now, Kind: state.Acted, Action: &flush})
	s.Sample.Processes[0].Aliases[0].Lifetime = time.Second
	if a := Next(s); a.Kind != state.Wait {
		t.Fatalf("%+v while it is flushed", a)
	}
	late := s
	late.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor)
	if a := Next(late); a.Kind != state.Restore {
		t.Errorf("%+v at the deadline", a)
	}
	drained := PinnedState(t, 40, 4)
	drained.Journal, drained.Now = s.Journal, s.Now
	back := Next(drained)
	if back.Kind != state.Restore || back.Changes[0] != want.Back() {
		t.Fatalf("%+v once they are gone", back)
	}
	drained.Journal = drained.Journal.After(state.Event{Seq: 92, At: s.Now, Kind: state.Intended,
		Action: &back}).After(state.Event{Seq: 93, At: s.Now, Kind: state.Acted, Action: &back})
	if left := drained.Journal.Flushed(); len(left) > 0 {
		t.Errorf("%v still flushed", left)
	}
	if a := Next(drained); a.Kind == state.Restore || a.Kind == state.Flush {
		t.Errorf("%+v once it has been given back", a)
	}
	gone := s
	gone.Journal = s.Journal.After(state.Event{Seq: 94, Kind: state.Accepted})
	gone.Sample = fleet.Observation{At: s.Sample.At}
	if a := Next(gone); a.Kind == state.Restore {
		t.Errorf("%+v, and the line is gone", a)
	}
	unsure := gone
	unsure.Journal = s.Journal.After(state.Event{Seq: 94, Kind: state.Intended, Action: &flush})
	unsure.Journal.Step = nil
	if a := Next(unsure); a.Kind != state.Restore || len(a.Changes) != 0 {
		t.Errorf("%+v, of a flush of unknown fate whose line is gone: want it settled with nothing to do", a)
	}
	if m := s.Journal.After(state.Event{Seq: 94, Kind: state.Accepted}); len(m.Flushed()) != 1 {
		t.Error("accept forgets a flush")
	}
}

// TestTransactionsAreNotFlushed names the cases in which a flush would only reconnect.
func TestTransactionsAreNotFlushed(t *testing.T) {
	for name, change := range map[string]func(*State){
		"nothing was given back":         func(s *State) { *s = PinnedState(t, 2, 7) },
		"the load is above the new size": func(s *State) { s.Fleet.Pools[0].Load.Erlangs.Target = 4 },
		"the load hides":                 func(s *State) { s.Fleet.Pools[0].Load.AtLeast = true },
		"its lifetime is not known":      func(s *State) { s.Sample.Processes[0].Aliases[0].Lifetime = 0 },
		"somebody is idle in transaction": func(s *State) {
			s.Sample.Servers = []fleet.Server{{Name: "pg", IdleInTransaction: []fleet.IdleInTransaction{{Pool: "main/app"}}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := PinnedState(t, 40, 7)
			change(&s)
			s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
			if a := Next(s); a.Kind != state.Wait {
				t.Errorf("%+v", a)
			}
		})
	}
}

// pinnedBack is PinnedState on an undo: the line was given more, and goes back to what it had.
func pinnedBack(t *testing.T, xacts int64, open int) State {
	s := PinnedState(t, xacts, open)
	step, at := state.Step{Kind: state.Backward, Changes: s.Journal.Step.Changes}, s.Journal.ReleasedAt
	action := state.Action{Kind: state.Retreat, Changes: step.Changes}
	for i, e := range []state.Event{{Kind: state.StepAbort, Step: &step, Reason: verdict.Of(verdict.Note, "cpu")},
		{Kind: state.Intended, Action: &action}, {Kind: state.Acted, Action: &action}} {
		e.Seq, e.At = int64(i+5), at
		s.Journal = s.Journal.After(e)
	}
	return s
}

// TestAnUndoIsFlushedByTheSameRules: as a step is, and no sooner, later or longer.
func TestAnUndoIsFlushedByTheSameRules(t *testing.T) {
	soon := func(s *State) { s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor / flushAfter) }
	s := pinnedBack(t, 40, 7)
	if a := Next(s); a.Kind != state.Wait {
		t.Fatalf("%+v so soon after the release", a)
	}
	soon(&s)
	flush := Next(s)
	if flush.Kind != state.Flush || len(flush.Changes) != 1 || flush.Changes[0].Key != fleet.KeyLifetime {
		t.Fatalf("%+v, want a flush", flush)
	}
	for name, change := range map[string]func(*State){
		"nothing was given back":     func(s *State) { *s = pinnedBack(t, 2, 7); soon(s) },
		"the load is above the size": func(s *State) { s.Fleet.Pools[0].Load.Erlangs.Target = 4 },
		"it is late":                 func(s *State) { s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor) },
		"a flush has failed":         func(s *State) { s.Journal.Unflushable = true },
		"its clients wait for too long": func(s *State) {
			s.Sample.Processes[0].Aliases[0].Pools[0].MaxWait = time.Minute
			s.Sample.Processes[0].Aliases[0].Pools[0].ClientsWaiting = 5
			for range 3 {
				s.Sample.At = s.Sample.At.Add(time.Second)
				s.Recent = s.Recent.Add(s.Sample)
			}
		},
	} {
		s := pinnedBack(t, 40, 7)
		soon(&s)
		if change(&s); Next(s).Kind == state.Flush {
			t.Errorf("%s: %+v", name, Next(s))
		}
	}
	again := s
	again.Journal.Unflushable = true // the next run tries again
	begun := state.Event{Seq: 90, At: s.Journal.ReleasedAt, Kind: state.RunBegan, Goal: &s.Goal, To: 2}
	if again.Journal = again.Journal.After(begun); Next(again).Kind != state.Flush {
		t.Errorf("%+v in the run after one whose flush failed", Next(again))
	}
	s.Journal = s.Journal.After(state.Event{Seq: 90, At: s.Now, Kind: state.Intended, Action: &flush})
	s.Journal = s.Journal.After(state.Event{Seq: 91, At: s.Now, Kind: state.Acted, Action: &flush})
	s.Sample.Processes[0].Aliases[0].Lifetime = time.Second
	if a := Next(s); a.Kind != state.Wait {
		t.Fatalf("%+v while it is flushed", a)
	}
	for name, change := range map[string]func(*State){
		"it is late":      func(s *State) { s.Now = s.Journal.ReleasedAt.Add(s.Policy.DrainFor) },
		"somebody pauses": func(s *State) { s.Paused = verdict.Of(verdict.Note, "paused") },
		"it has drained": func(s *State) {
			drained := pinnedBack(t, 40, 4)
			drained.Journal, drained.Now = s.Journal, s.Now
			*s = drained
		},
		"a retreat failed": func(s *State) {
			action := state.Action{Kind: state.Retreat, Changes: s.Journal.Step.Changes}
			for i, e := range []state.Event{{Kind: state.Intended, Action: &action},
				{Kind: state.Failed, Action: &action, Outcome: state.Held}} {
				e.Seq, e.At = int64(92+i), s.Now.Add(-retryAfter)
				s.Journal = s.Journal.After(e)
			}
		},
	} {
		late := s
		if change(&late); Next(late).Kind != state.Restore {
			t.Errorf("%s: %+v, want the lifetime given back", name, Next(late))
		}
	}
}
