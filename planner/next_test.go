package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// stage is a small fleet by hand: one server, pools a/db and b/db in one process each, one user.
type stage struct {
	now    time.Time
	memory Memory
	trail  Trail
	gate   Gate
	policy Policy
	goal   Goal
	before Fleet
	fleet  Fleet
	look   Observation
	head   int

	shifts   []Shift
	readings []Reading
	point    *Point
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// newStage wants a/db from 20 to 16 and b/db from 10 to 14, with 60 + 3 connections: 30 are granted, spare is the rest.
func newStage(spare int) *stage {
	s := &stage{now: noon, policy: DefaultPolicy(), head: 60 - 30 - spare}
	s.policy.Percent = 100
	s.goal = Goal{Pools: []GoalPool{{"a/db", "pg", 16, 0, 0.001}, {"b/db", "pg", 14, 0, 0.001}}}
	return s
}

// see looks once a second has passed: sizes and open connections of a and b, and what they have waited.
func (s *stage) see(sizeA, openA, sizeB, openB int, change ...func(*Observation)) {
	s.now = s.now.Add(time.Second)
	o := Observation{At: s.now, Servers: []Server{{Name: "pg", MaxConns: 63, SuperuserReservedConns: 3}}}
	for _, x := range []struct {
		group      string
		size, open int
	}{{"a", sizeA, openA}, {"b", sizeB, openB}} {
		o.Processes = append(o.Processes, Process{ID: x.group + "/1", Group: x.group, Version: "1.24", Settings: Settings{ReserveTimeout: 5 * time.Second},
			Aliases: []Alias{{Name: "db", SizeConns: x.size, Server: "pg", PoolMode: "transaction",
				Counters: Counters{Xacts: 1000 + 100*int64(s.now.Sub(noon)/time.Second), Assignments: -1},
				Pools:    []PoolGauges{{User: "app", ServersIdle: x.open}}}}})
	}
	for _, f := range change {
		f(&o)
	}
	e, err := Evidence{}.Add(o)
	if err != nil {
		panic(err)
	}
	loads := []Load{stageLoad("a"), stageLoad("b")}
	f, err := Model(o.At, Declared{SizeAll: true, Servers: []DeclaredServer{{Name: "pg", HeadroomConns: &s.head, DirectCount: CountHighest}}}, e, loads)
	if err != nil {
		panic(err)
	}
	s.before, s.fleet, s.look = s.fleet, f, o
	s.trail = s.trail.Add(o)
}

func stageLoad(group string) Load {
	return Load{Pool: group + "/db", Erlangs: Range{8, 8, 8}, MeanHold: 10 * time.Millisecond, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1,
		Method: MethodCounters, Copies: []CopyShare{{Process: group + "/1", User: "app", Share: 1}}}
}

func (s *stage) next() Act {
	measured := s.fleet
	for i := range s.shifts {
		if s.shifts[i].At = s.readings[i].X; !s.readings[i].Said {
			if known, ok := s.memory.Switch(s.shifts[i].ID()); ok {
				s.shifts[i].At = known.X
			}
		}
		s.fleet = s.shifts[i].Loaded(s.fleet, s.shifts[i].At)
	}
	defer func() { s.fleet = measured }()
	return Next(Situation{Now: s.now, Fleet: s.fleet, AsMeasured: measured, Before: s.before, Look: s.look, Trail: s.trail, Gate: s.gate, Memory: s.memory, Goal: s.goal,
		Policy: s.policy, Shifts: s.shifts, Readings: s.readings, Point: s.point})
}

// act takes the next act, wants its verb, and writes it into memory as done.
func (s *stage) act(t *testing.T, want Verb) Act {
	t.Helper()
	a := s.next()
	if a.Verb != want {
		t.Fatalf("%v at %v: %s; want %s", a.Verb, s.now.Sub(noon), a.Reason, want)
	}
	kinds := map[Verb][]EventKind{Open: {StepBegan}, Abort: {StepAbort}, Cut: {StepCut}, Close: {StepEnded},
		Release: {Intended, Acted}, Retreat: {Intended, Acted}, Grant: {Intended, Acted}, Undo: {Intended, Acted}, Flip: {Intended, Acted}, Aim: {Replanned}}
	for _, k := range kinds[a.Verb] {
		s.memory = s.memory.After(Event{Seq: s.memory.Seq + 1, At: s.now, Kind: k, Step: a.Step, Act: &a, Goal: a.Goal, Point: a.Point, Reason: a.Reason})
	}
	return a
}

// open brings the stage to its open step: three looks, then the decision.
func (s *stage) open(t *testing.T) {
	t.Helper()
	for range 2 {
		s.see(20, 18, 10, 10)
		s.act(t, Wait)
	}
	s.see(20, 18, 10, 10)
	s.act(t, Open)
}

func TestNextReleasesSeesTheDrainOnTwoLooksGrantsAndSoaks(t *testing.T) {
	s := newStage(0)
	s.open(t)
	if a := s.act(t, Release); fmt.Sprint(a.Sets) != "[{a/1 db pool_size 20 16}]" {
		t.Fatal(a.Sets)
	}
	s.see(16, 18, 10, 10) // two are still busy
	s.act(t, Wait)
	s.see(16, 16, 10, 10)
	s.act(t, Wait) // seen once
	s.see(16, 16, 10, 10)
	if a := s.act(t, Grant); fmt.Sprint(a.Sets) != "[{b/1 db pool_size 10 14}]" {
		t.Fatal(a.Sets)
	}
	granted := s.now
	for s.now.Sub(granted) < s.policy.Soak-time.Second {
		s.see(16, 16, 14, 14)
		s.act(t, Wait)
	}
	s.see(16, 16, 14, 14)
	s.act(t, Close)
	if a := s.next(); a.Verb != Stop || a.Outcome != Done {
		t.Fatal(a)
	}
}

func TestNextUndoesAReleaseThatDoesNotDrain(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	released := s.now
	for s.now.Sub(released) < s.policy.DrainFor-time.Second {
		s.see(16, 17, 10, 10)
		s.act(t, Wait)
	}
	s.see(16, 17, 10, 10, func(o *Observation) {
		o.Servers[0].Holders = []Holder{{PID: 77, User: "app", Application: "cron", Age: time.Minute, Pool: "a/db"}}
	})
	a := s.act(t, Undo)
	if fmt.Sprint(a.Sets) != "[{a/1 db pool_size 16 20}]" || !strings.Contains(a.Reason, "backend 77 of app (cron)") {
		t.Fatal(a)
	}
	s.see(20, 17, 10, 10)
	s.act(t, Cut) // b's grant no longer fits
	for range int(s.policy.Soak / time.Second) {
		s.see(20, 17, 10, 10)
	}
	s.act(t, Close)
	s.see(20, 17, 10, 10)
	if a := s.next(); a.Verb != Stop || a.Outcome != Held || !strings.Contains(a.Reason, "a/db has 1 connections more open") {
		t.Fatal(a)
	}
}

func waits(group string, d time.Duration) func(*Observation) {
	return func(o *Observation) {
		for i := range o.Processes {
			if o.Processes[i].Group == group {
				o.Processes[i].Aliases[0].Pools[0].ClientsWaiting = 3
				o.Processes[i].Aliases[0].Pools[0].MaxWait = d
			}
		}
	}
}

func TestNextTakesTheStepBackWhereAReleaseCannotBeUndone(t *testing.T) {
	s := newStage(0)
	s.open(t)
	s.act(t, Release)
	s.see(16, 16, 10, 10)
	s.see(16, 16, 10, 10)
	s.act(t, Grant)
	s.see(16, 16, 14, 14, waits("a", 2*time.Second))
	if a := s.act(t, Abort); fmt.Sprint(a.Step.Sets) != "[{a/1 db pool_size 16 20} {b/1 db pool_size 14 10}]" {
		t.Fatal(a.Step.Sets)
	}
	s.see(16, 16, 14, 14)
	s.act(t, Retreat)
	s.see(16, 16, 10, 14)
	s.act(t, Wait)
	s.see(16, 16, 10, 10)
	s.act(t, Wait)
	s.see(16, 16, 10, 10)
	s.act(t, Grant)
	s.see(20, 16, 10, 10)
	s.act(t, Close)
	s.policy.Aborts = 1
	if a := s.next(); a.Verb != Stop || a.Outcome != Aborted || !strings.Contains(a.Reason, "has waited 2s > 1s") {
		t.Fatal(a)
	}
	s.policy.Aborts = 2
	if a := s.next(); a.Verb != Wait || !a.Held || !strings.Contains(a.Reason, "has waited 2s > 1s") {
		t.Fatal(a)
	}
	s.now = s.now.Add(s.policy.Soak)
	s.trail = Trail{}
	for range leastLooks { // half as large: of 30 connections 5 % instead of 10 %
		s.policy.Percent = 10
		s.see(20, 16, 10, 10)
	}
	if a := s.next(); a.Verb != Open || fmt.Sprint(a.Step.Sets) != "[{a/1 db pool_size 20 19} {b/1 db pool_size 10 11}]" {
		t.Fatal(a, a.Step)
	}
	s.memory.Aborts = 0 // a step that stands ends the row
	if a := s.next(); a.Verb != Open || fmt.Sprint(a.Step.Sets) != "[{a/1 db pool_size 20 17} {b/1 db pool_size 10 13}]" {
		t.Fatal(a, a.Step)
	}
}

func TestNextHoldsWhatCanHarmAndNothingElse(t *testing.T) {
	t.Run("a grant by its server's signals, not the release before it", func(t *testing.T) {
		s := newStage(0)
		s.open(t)
		rules := []Threshold{{Name: "cpu", Hold: 0.85, Resume: 0.8, Abort: 0.95}}
		read := func(v float64) {
			s.gate = s.gate.Add([]Signal{{Name: "cpu", Server: "pg", Value: Float(v), At: s.now}}, rules, []string{"pg"}, time.Minute, s.now)
		}
		read(0.9)
		s.act(t, Release)
		s.see(16, 16, 10, 10)
		s.see(16, 16, 10, 10)
		read(0.9)
		if a := s.act(t, Wait); !a.Held || a.Reason != "cpu 0.9 > 0.85 on pg" {
			t.Fatal(a)
		}
		for range 3 {
			s.see(16, 16, 10, 10)
			read(0.5)
		}
		s.act(t, Grant)
	})
	t.Run("a release by its pool's waiting", func(t *testing.T) {
		s := newStage(0)
		for range 3 {
			s.see(20, 20, 10, 10, waits("a", 3*time.Second))
		}
		if a := s.act(t, Wait); !a.Held || !strings.Contains(a.Reason, "a client of a/db in a/1 has waited 3s > 1s") {
			t.Fatal(a)
		}
	})
	t.Run("for as long as it may, and then it ends", func(t *testing.T) {
		s := newStage(0)
		for range 3 {
			s.see(20, 20, 10, 10, waits("a", 3*time.Second))
		}
		s.memory.HeldAt = s.now.Add(-s.policy.HoldFor)
		if a := s.next(); a.Verb != Stop || a.Outcome != Held {
			t.Fatal(a)
		}
	})
}

func TestNextStopsAtWhatItDidNotWrite(t *testing.T) {
	t.Run("in the step", func(t *testing.T) {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		s.see(18, 18, 10, 10)
		if a := s.next(); a.Verb != Stop || a.Outcome != Drifted || !strings.Contains(a.Reason, "pool_size of db in a/1 is 18: the step in hand takes it from 20 to 16") {
			t.Fatal(a)
		}
	})
	t.Run("after it", func(t *testing.T) {
		s := newStage(0)
		s.open(t)
		s.act(t, Release)
		s.memory = s.memory.After(Event{Kind: StepCut, Step: &Step{Kind: Forward, Sets: []Set{{"a/1", "db", KeySize, 20, 16}}}})
		s.memory = s.memory.After(Event{Kind: StepEnded})
		s.see(20, 18, 10, 10)
		if a := s.next(); a.Verb != Stop || a.Outcome != Drifted || !strings.Contains(a.Reason, "is 20, and was written as 16") {
			t.Fatal(a)
		}
	})
	t.Run("but not at an act of which it does not know whether it was done", func(t *testing.T) {
		for _, size := range []int{20, 16} {
			s := newStage(0)
			s.open(t)
			s.memory = s.memory.After(Event{Kind: Intended, Act: &Act{Verb: Release, Sets: []Set{{"a/1", "db", KeySize, 20, 16}}}})
			s.see(size, 16, 10, 10)
			if a := s.next(); a.Verb == Stop {
				t.Fatalf("at %d: %+v", size, a)
			}
		}
	})
}

func TestPromiseCountsWhatIsOpenAndNothingThatShrinks(t *testing.T) {
	s := newStage(2)
	s.see(20, 20, 10, 10)
	grant := func(to int) error { return Promise(s.fleet, []Set{{"b/1", "db", KeySize, 10, to}}) }
	if err := grant(12); err != nil {
		t.Error(err)
	}
	if err := grant(13); err == nil || !strings.Contains(err.Error(), "33 of 32 connections, 30 now") {
		t.Errorf("%v", err)
	}
	if err := Promise(s.fleet, []Set{{"a/1", "db", KeySize, 20, 10}, {"b/1", "db", KeySize, 10, 13}}); err == nil {
		t.Error("a release that has not been seen pays for a grant")
	}
	s.see(10, 19, 10, 10) // a was made smaller and has not drained
	if err := grant(13); err != nil {
		t.Error(err)
	}
	if err := grant(14); err == nil {
		t.Error("connections that are open do not count")
	}
}

func TestAnotherPostgreSQLIsNotTheOneOfTheJournal(t *testing.T) {
	at := func(id string) Observation { return Observation{Servers: []Server{{Name: "pg", SystemID: id}}} }
	m := Memory{}.After(Event{Kind: RunBegan, Goal: &Goal{}, Servers: Origins(at("7"))})
	m = m.After(Event{Kind: RunBegan, Goal: &Goal{}, Servers: Origins(at("8"))}) // the first one stays
	if m.Replaced(at("7")) != "" || m.Replaced(at("")) != "" || m.Replaced(Observation{}) != "" {
		t.Error("the same server, or one that does not say, is taken for another")
	}
	if why := m.Replaced(at("8")); !strings.Contains(why, "system identifier 8") {
		t.Errorf("%q", why)
	}
	if m = m.After(Event{Kind: Accepted}); m.Replaced(at("8")) != "" {
		t.Error("what a person has accepted is still refused")
	}
}
