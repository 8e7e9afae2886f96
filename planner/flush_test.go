package planner

import (
	"strings"
	"testing"
	"time"
)

// TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored takes one release through its drain: nothing at first, then a flush of the
// process that has too many, then its end once they are gone.
func TestPoolThatOnlyTurnoverPinsIsFlushedAndRestored(t *testing.T) {
	s := pinnedSituation(t, 40, 7)
	if a := Next(s); a.Verb != Wait {
		t.Fatalf("%+v so soon after the release", a)
	}
	s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
	flush := Next(s)
	want := Set{"main/1", "app", KeyLifetime, 3600, 1}
	if flush.Verb != Flush || len(flush.Sets) != 1 || flush.Sets[0] != want || !strings.Contains(flush.Reason, "3 of 7") {
		t.Fatalf("%+v, want a flush of %+v", flush, want)
	}
	s.Memory = s.Memory.After(Event{Seq: 90, At: s.Now, Kind: Intended, Act: &flush})
	if a := Next(s); a.Verb != Restore || a.Sets[0] != want.Back() {
		t.Errorf("a flush of unknown fate: %+v", a)
	}
	s.Memory = s.Memory.After(Event{Seq: 91, At: s.Now, Kind: Acted, Act: &flush})
	s.Look.Processes[0].Aliases[0].Lifetime = time.Second
	if a := Next(s); a.Verb != Wait {
		t.Fatalf("%+v while it is flushed", a)
	}
	late := s
	late.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor)
	if a := Next(late); a.Verb != Restore {
		t.Errorf("%+v at the deadline", a)
	}
	drained := pinnedSituation(t, 40, 4)
	drained.Memory, drained.Now = s.Memory, s.Now
	back := Next(drained)
	if back.Verb != Restore || back.Sets[0] != want.Back() {
		t.Fatalf("%+v once they are gone", back)
	}
	drained.Memory = drained.Memory.After(Event{Seq: 92, At: s.Now, Kind: Intended, Act: &back}).After(Event{Seq: 93, At: s.Now, Kind: Acted, Act: &back})
	if left := drained.Memory.Flushed(); len(left) > 0 {
		t.Errorf("%v still flushed", left)
	}
	if a := Next(drained); a.Verb == Restore || a.Verb == Flush {
		t.Errorf("%+v once it has been given back", a)
	}
	gone := s
	gone.Memory = s.Memory.After(Event{Seq: 94, Kind: Accepted})
	gone.Look = Observation{At: s.Look.At}
	if a := Next(gone); a.Verb == Restore {
		t.Errorf("%+v, and the line is gone", a)
	}
	unsure := gone
	unsure.Memory = s.Memory.After(Event{Seq: 94, Kind: Intended, Act: &flush})
	unsure.Memory.Step = nil
	if a := Next(unsure); a.Verb != Restore || len(a.Sets) != 0 {
		t.Errorf("%+v, of a flush of unknown fate whose line is gone: want it settled with nothing to do", a)
	}
	if m := s.Memory.After(Event{Seq: 94, Kind: Accepted}); len(m.Flushed()) != 1 {
		t.Error("forget forgets a flush")
	}
}

// TestTransactionsAreNotFlushed names the cases in which a flush would only reconnect.
func TestTransactionsAreNotFlushed(t *testing.T) {
	for name, change := range map[string]func(*Situation){
		"nothing was given back":          func(s *Situation) { *s = pinnedSituation(t, 2, 7) },
		"the load is above the new size":  func(s *Situation) { s.Fleet.Pools[0].Load.Erlangs.Target = 4 },
		"the load hides":                  func(s *Situation) { s.Fleet.Pools[0].Load.AtLeast = true },
		"its lifetime is not known":       func(s *Situation) { s.Look.Processes[0].Aliases[0].Lifetime = 0 },
		"somebody is idle in transaction": func(s *Situation) { s.Look.Servers = []Server{{Name: "pg", Holders: []Holder{{Pool: "main/app"}}}} },
	} {
		t.Run(name, func(t *testing.T) {
			s := pinnedSituation(t, 40, 7)
			change(&s)
			s.Now = s.Memory.ReleasedAt.Add(s.Policy.DrainFor / flushAfter)
			if a := Next(s); a.Verb != Wait {
				t.Errorf("%+v", a)
			}
		})
	}
}

// pinnedSituation is a fleet of one pool, released from 7 to 4, of which open connections are still there after xacts
// transactions.
func pinnedSituation(t *testing.T, xacts int64, open int) Situation {
	t.Helper()
	begun := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	pool := FleetPool{ID: "main/app", Group: "main", Alias: "app", Server: "pg", Sizes: []Size{{"main/1", 4, 0}},
		Copies: []Copy{{Process: "main/1", User: "u", SeenConns: open}}, Load: Load{Erlangs: Range{2, 3, 3.5}}, Rules: Rules{MaxWaitMean: time.Second}}
	pool.tally()
	fleet := Fleet{At: begun.Add(6 * time.Second), Servers: []FleetServer{{Name: "pg", BudgetConns: 20}}, Pools: []FleetPool{pool}}
	before := fleet
	before.At = begun.Add(5 * time.Second)
	s := Situation{Now: begun.Add(6 * time.Second), Fleet: fleet, Before: before, Policy: DefaultPolicy(), Goal: Goal{Pools: []GoalPool{{"main/app", "pg", 4, 0, Unknown()}}}}
	for i := range int64(4) {
		s.Look = Observation{At: begun.Add(time.Duration(3+i) * time.Second), Processes: []Process{{ID: "main/1", Group: "main", Aliases: []Alias{{Name: "app",
			SizeConns: 4, Lifetime: time.Hour, Server: "pg", Counters: Counters{Xacts: i * xacts / 3}, Pools: []PoolGauges{{User: "u", ServersActive: open}}}}}}}
		s.Trail = s.Trail.Add(s.Look)
	}
	step := Step{Kind: Forward, Sets: []Set{{"main/1", "app", KeySize, 7, 4}}}
	act := Act{Verb: Release, Sets: step.Sets}
	for i, e := range []Event{{Kind: RunBegan, Goal: &s.Goal}, {Kind: StepBegan, Step: &step}, {Kind: Intended, Act: &act}, {Kind: Acted, Act: &act}} {
		e.Seq, e.At = int64(i+1), begun.Add(2*time.Second)
		s.Memory = s.Memory.After(e)
	}
	return s
}
