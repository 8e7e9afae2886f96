package control

import (
	"regexp"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Scales are those of tiny and of large fleets.
var Scales = []float64{1e-6, 1e-3, 1, 1e3, 1e6, 1e8}

// NoExponent fails where a text is empty or writes a number with an exponent.
func NoExponent(t *testing.T, what string, scale float64, text string) {
	t.Helper()
	if text == "" || Exponent.MatchString(text) {
		t.Errorf("%s, × %g: %q", what, scale, text)
	}
}

// PinnedState is a fleet of one pool, released from 7 to 4, of which open connections are still there after xacts
// transactions.
func PinnedState(t *testing.T, xacts int64, open int) State {
	t.Helper()
	begun := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	pool := budget.FleetPool{ID: "main/app", Group: "main", Alias: "app", Server: "pg",
		Sizes:     []budget.Size{{Process: "main/1", Conns: 4, CapConns: 0}},
		LinePools: []budget.LinePool{{Process: "main/1", User: "u", SeenConns: open}},
		Load:      load.Load{Erlangs: load.Range{Lower: 2, Target: 3, Upper: 3.5}},
		Rules:     budget.Rules{MaxWaitMean: time.Second}}
	pool.Tally()
	f := budget.Fleet{At: begun.Add(6 * time.Second), Servers: []budget.FleetServer{{Name: "pg", BudgetConns: 20}},
		Pools: []budget.FleetPool{pool}}
	before := f
	before.At = begun.Add(5 * time.Second)
	s := State{Samples: Samples{Now: begun.Add(6 * time.Second), Fleet: f, Before: before}, Policy: state.DefaultPolicy(),
		RunGoal: RunGoal{Goal: sizing.Goal{Pools: []sizing.GoalPool{{Pool: "main/app", Server: "pg", Size: 4, Reserve: 0,
			MeanWait: fleet.Unknown()}}}}}
	for i := range int64(4) {
		s.Sample = fleet.Observation{At: begun.Add(time.Duration(3+i) * time.Second),
			Processes: []fleet.Process{{ID: "main/1", Group: "main", Aliases: []fleet.Alias{{Name: "app",
				SizeConns: 4, Lifetime: time.Hour, Server: "pg", Counters: fleet.Counters{Xacts: i * xacts / 3},
				Pools: []fleet.PoolGauges{{User: "u", ServersActive: open}}}}}}}
		s.Recent = s.Recent.Add(s.Sample)
	}
	step := state.Step{Kind: state.Forward, Changes: []fleet.SettingChange{{Process: "main/1", Alias: "app",
		Key: fleet.KeySize, From: 7, To: 4}}}
	action := state.Action{Kind: state.Release, Changes: step.Changes}
	for i, e := range []state.Event{{Kind: state.RunBegan, Goal: &s.Goal}, {Kind: state.StepBegan, Step: &step},
		{Kind: state.Intended, Action: &action}, {Kind: state.Acted, Action: &action}} {
		e.Seq, e.At = int64(i+1), begun.Add(2*time.Second)
		s.Journal = s.Journal.After(e)
	}
	return s
}

// TwoPools is a small fleet by hand: one server, pools a/db and b/db in one process each, one user.
type TwoPools struct {
	Now      time.Time
	Journal  state.JournalState
	Recent   RecentSamples
	Guard    SaturationGuard
	Policy   state.Policy
	Goal     sizing.Goal
	Before   budget.Fleet
	Fleet    budget.Fleet
	Sample   fleet.Observation
	Headroom int

	Shifts   []shift.Shift
	Readings []state.Reading
	Soak     *learn.SoakResult
}

// Noon is when the stories begin.
var Noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// NewTwoPools wants a/db from 20 to 16 and b/db from 10 to 14, with 60 + 3 connections: 30 are granted, spare is the
// rest.
func NewTwoPools(spare int) *TwoPools {
	s := &TwoPools{Now: Noon, Policy: state.DefaultPolicy(), Headroom: 60 - 30 - spare}
	s.Policy.Percent = 100
	s.Goal = sizing.Goal{Pools: []sizing.GoalPool{{Pool: "a/db", Server: "pg", Size: 16, Reserve: 0, MeanWait: 0.001},
		{Pool: "b/db", Server: "pg", Size: 14, Reserve: 0, MeanWait: 0.001}}}
	return s
}

// Observe takes a sample once a second has passed: sizes and open connections of a and b, as changed.
func (s *TwoPools) Observe(sizeA, openA, sizeB, openB int, change ...func(*fleet.Observation)) {
	s.Now = s.Now.Add(time.Second)
	o := fleet.Observation{At: s.Now, Servers: []fleet.Server{{Name: "pg", MaxConns: 63, SuperuserReservedConns: 3}}}
	for _, x := range []struct {
		group      string
		size, open int
	}{{"a", sizeA, openA}, {"b", sizeB, openB}} {
		o.Processes = append(o.Processes, fleet.Process{ID: x.group + "/1", Group: x.group, Version: "1.24",
			Settings: fleet.Settings{ReserveTimeout: 5 * time.Second},
			Aliases: []fleet.Alias{{Name: "db", SizeConns: x.size, Server: "pg", PoolMode: "transaction",
				Counters: fleet.Counters{Xacts: 1000 + 100*int64(s.Now.Sub(Noon)/time.Second), Assignments: -1},
				Pools:    []fleet.PoolGauges{{User: "app", ServersIdle: x.open}}}}})
	}
	for _, f := range change {
		f(&o)
	}
	e, err := load.Evidence{}.Add(o)
	if err != nil {
		panic(err)
	}
	loads := []load.Load{GroupLoad("a"), GroupLoad("b")}
	f, err := budget.Model(o.At, budget.Declared{SizeAll: true,
		Servers: []budget.DeclaredServer{{Name: "pg", HeadroomConns: &s.Headroom, DirectCount: budget.CountHighest}}}, e,
		loads)
	if err != nil {
		panic(err)
	}
	s.Before, s.Fleet, s.Sample = s.Fleet, f, o
	s.Recent = s.Recent.Add(o)
}

// Next is the next action, by what the switches say now.
func (s *TwoPools) Next() state.Action {
	measured := s.Fleet
	for i := range s.Shifts {
		if s.Shifts[i].At = s.Readings[i].X; !s.Readings[i].Said {
			if known, ok := s.Journal.Switch(s.Shifts[i].ID()); ok {
				s.Shifts[i].At = known.X
			}
		}
		s.Fleet = s.Shifts[i].Loaded(s.Fleet, s.Shifts[i].At)
	}
	defer func() { s.Fleet = measured }()
	return Next(State{Samples: Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before, Sample: s.Sample, Recent: s.Recent,
		Guard: s.Guard}, TrafficNow: TrafficNow{AsMeasured: measured, Shifts: s.Shifts, Readings: s.Readings, Soak: s.Soak},
		Journal: s.Journal, RunGoal: RunGoal{Goal: s.Goal}, Policy: s.Policy})
}

// Do takes the next action, wants its kind, and writes it into the journal as done.
func (s *TwoPools) Do(t *testing.T, want state.ActionKind) state.Action {
	t.Helper()
	a := s.Next()
	if a.Kind != want {
		t.Fatalf("%v at %v: %s; want %s", a.Kind, s.Now.Sub(Noon), a.Reason.Text(), want)
	}
	kinds := map[state.ActionKind][]state.EventKind{state.BeginStep: {state.StepBegan}, state.AbortStep: {state.StepAbort},
		state.TrimStep: {state.StepTrimmed}, state.CompleteStep: {state.StepEnded},
		state.Release: {state.Intended, state.Acted}, state.Retreat: {state.Intended, state.Acted},
		state.Grant: {state.Intended, state.Acted}, state.Undo: {state.Intended, state.Acted},
		state.ShiftTraffic: {state.Intended, state.Acted}, state.SetGoal: {state.Replanned}}
	for _, k := range kinds[a.Kind] {
		s.Journal = s.Journal.After(state.Event{Seq: s.Journal.Seq + 1, At: s.Now, Kind: k, Step: a.Step, Action: &a,
			Goal: a.Goal, Soak: a.Soak, Reason: a.Reason})
	}
	return a
}

// Begin takes three samples, and begins the step that is decided then.
func (s *TwoPools) Begin(t *testing.T) {
	t.Helper()
	for range 2 {
		s.Observe(20, 18, 10, 10)
		s.Do(t, state.Wait)
	}
	s.Observe(20, 18, 10, 10)
	s.Do(t, state.BeginStep)
}

// Waits has three clients wait in the pool of a group, the oldest of them for so long.
func Waits(group string, d time.Duration) func(*fleet.Observation) {
	return func(o *fleet.Observation) {
		for i := range o.Processes {
			if o.Processes[i].Group == group {
				o.Processes[i].Aliases[0].Pools[0].ClientsWaiting = 3
				o.Processes[i].Aliases[0].Pools[0].MaxWait = d
			}
		}
	}
}

// Sample is what a sample shows of one pool: how many transactions were done since the sample before, how many wait and
// are open, how old the head of the queue is.
type Sample struct {
	Done, Waiting, Open int
	Head                time.Duration
}

// Paced are samples of one pool at 100 transactions a second, every half second.
func Paced(samples []Sample) (t RecentSamples) {
	at, arrived := Noon, int64(1000)
	var before Sample
	for _, x := range samples {
		at = at.Add(500 * time.Millisecond)
		arrived += int64(x.Done + x.Waiting + x.Open - before.Waiting - before.Open)
		before = x
		t = t.Add(fleet.Observation{At: at, Processes: []fleet.Process{{ID: "a/1", Group: "a",
			Aliases: []fleet.Alias{{Name: "db", Server: "pg",
				Counters: fleet.Counters{Xacts: arrived}, Pools: []fleet.PoolGauges{{User: "app", ClientsWaiting: x.Waiting,
					ServersActive: x.Open, MaxWait: x.Head}}}}}}})
	}
	return t
}

// Shifting is a fleet with 40 % of a/db's 8 Erlangs to be shifted to b/db, which carries as many already; 20 of its 40
// connections are spare.
func Shifting() *TwoPools {
	s := NewTwoPools(10)
	s.Policy.Percent, s.Policy.Soak = 50, 10*time.Second
	s.Shifts = []shift.Shift{{From: "a/db", To: "b/db", Fraction: load.Range{Lower: 0.4, Target: 0.4, Upper: 0.4},
		Until: 100}}
	s.Readings = []state.Reading{{X: 0, Said: true}}
	s.Journal = s.Journal.After(state.Event{Kind: state.RunBegan, Seq: 1, At: s.Now,
		Switches: []state.Switch{{Shift: "a/db:b/db"}}})
	return s
}

// ObserveWritten takes a sample with the sizes that the journal has.
func (s *TwoPools) ObserveWritten() {
	a, b := 20, 10
	for _, w := range s.Journal.Written {
		if w.Process == "a/1" {
			a = w.To
		} else {
			b = w.To
		}
	}
	s.Observe(a, min(a, 9), b, min(b, 9))
}

// Due takes actions until one of that kind is due, and does not take it.
func (s *TwoPools) Due(t *testing.T, want state.ActionKind) state.Action {
	t.Helper()
	for range 100 {
		s.ObserveWritten()
		a := s.Next()
		if a.Kind == want {
			return a
		}
		s.Do(t, a.Kind)
	}
	t.Fatalf("%s never comes", want)
	return state.Action{}
}

// Until takes actions up to one of that kind, and has the switch say what it was set to.
func (s *TwoPools) Until(t *testing.T, want state.ActionKind) state.Action {
	t.Helper()
	for range 100 {
		s.ObserveWritten()
		a := s.Next()
		if a.Kind == want {
			return s.Do(t, want)
		}
		if a.Kind == state.Stop {
			t.Fatalf("%s: %s; want %s", a.Outcome, a.Reason.Text(), want)
		}
		s.Do(t, a.Kind)
		if a.Kind == state.ShiftTraffic {
			s.Readings[0].X = a.Traffic.To
		}
	}
	t.Fatalf("%s never comes: %+v", want, s.Next())
	return state.Action{}
}

// Size is the size that the journal has of the pool of a group.
func (s *TwoPools) Size(group string) int {
	size := map[string]int{"a": 20, "b": 10}[group]
	for _, w := range s.Journal.Written {
		if w.Process == group+"/1" {
			size = w.To
		}
	}
	return size
}

// Saturated has a signal of pg above its abort level.
func (s *TwoPools) Saturated() {
	for range 2 {
		s.Now = s.Now.Add(time.Millisecond)
		s.Guard = s.Guard.Add([]fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.97, At: s.Now}},
			[]Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute, s.Now)
	}
}

// Exponent finds a number with an exponent, which people do not read.
var Exponent = regexp.MustCompile(`\de[+-]\d`)

// GroupLoad is a load of 8 Erlangs for the pool GROUP/db.
func GroupLoad(group string) load.Load {
	return load.Load{Pool: group + "/db", Erlangs: load.Range{Lower: 8, Target: 8, Upper: 8},
		MeanHold: 10 * time.Millisecond, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1,
		Method: load.MethodCounters, LinePools: []load.LinePoolShare{{Process: group + "/1", User: "app", Share: 1}}}
}
