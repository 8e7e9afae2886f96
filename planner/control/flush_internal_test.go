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
