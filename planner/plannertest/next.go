package plannertest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// TwoPools is a small fleet by hand: one server, pools a/db and b/db in one process each, one user.
type TwoPools struct {
	Now      time.Time
	Journal  state.JournalState
	Recent   control.RecentSamples
	Guard    control.SaturationGuard
	Policy   state.Policy
	Goal     sizing.Goal
	Before   budget.Fleet
	Fleet    budget.Fleet
	Sample   fleet.Observation
	Headroom int

	Shifts   []shift.Shift
	Readings []state.Reading
	Soak     *learn.SoakResult
	Watch    bool   // the run begins no step
	Throttle string // the pool that is meant to queue
	Cap      int    // of both pools together; 0: none
	Bars     control.Bars
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
	d := budget.Declared{SizeAll: true,
		Servers: []budget.DeclaredServer{{Name: "pg", HeadroomConns: &s.Headroom, DirectCount: budget.CountHighest}}}
	if s.Throttle != "" {
		p, _ := d.Pool(s.Throttle)
		p.Throttle = true
		d.Pools = append(d.Pools, p)
	}
	if s.Cap > 0 {
		d.Caps = []budget.DeclaredCap{{Pools: []string{"a/db", "b/db"}, Conns: s.Cap}}
	}
	f, err := budget.Model(o.At, d, e, loads)
	if err != nil {
		panic(err)
	}
	s.Before, s.Fleet, s.Sample = s.Fleet, f, o
	s.Recent = s.Recent.Add(o)
}

// GroupLoad is a load of 8 Erlangs for the pool GROUP/db.
func GroupLoad(group string) load.Load {
	return load.Load{Pool: group + "/db", Erlangs: load.Range{Lower: 8, Target: 8, Upper: 8},
		MeanHold: 10 * time.Millisecond, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1, DayErlangs: 8,
		Method: load.MethodCounters, LinePools: []load.LinePoolShare{{Process: group + "/1", User: "app", Share: 1}}}
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
	return control.Next(control.State{Samples: control.Samples{Now: s.Now, Fleet: s.Fleet, Before: s.Before,
		Sample: s.Sample, Recent: s.Recent, Guard: s.Guard}, TrafficNow: control.TrafficNow{AsMeasured: measured,
		Shifts: s.Shifts, Readings: s.Readings, Soak: s.Soak}, Journal: s.Journal, RunGoal: control.RunGoal{Goal: s.Goal,
		Watch: s.Watch}, Policy: s.Policy, Bars: s.Bars})
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
		state.ShiftTraffic: {state.Intended, state.Acted}, state.SetGoal: {state.Replanned},
		state.ConfirmStep: {state.StepConfirmed}, state.ProlongStep: {state.StepProlonged},
		state.ReopenStep: {state.StepReopened}}
	var until time.Time
	if s.Policy.ConfirmAfter > 0 && !state.Back(s.Journal.Step) { // as a run says it
		until = s.Now.Add(s.Policy.ConfirmAfter)
	}
	for _, k := range kinds[a.Kind] {
		s.Journal = s.Journal.After(state.Event{Seq: s.Journal.Seq + 1, At: s.Now, Kind: k, Step: a.Step, Action: &a,
			Goal: a.Goal, Soak: a.Soak, Reason: a.Reason, Until: until})
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

// Record writes an event into the journal.
func (s *TwoPools) Record(e state.Event) {
	e.Seq, e.At = s.Journal.Seq+1, s.Now
	s.Journal = s.Journal.After(e)
}

// BlockSpan is how long a block is here.
const BlockSpan = 5 * time.Second

// FromToday is a what-if of two or three pools under max_db_connections whose sizes of today are all the same number.
func FromToday(r *rand.Rand, today int) budget.Declared {
	conns := 30 + r.IntN(40)
	d := budget.Declared{SizeAll: true, LeastGain: 0, Servers: []budget.DeclaredServer{{Name: "pg", MaxConns: &conns,
		DirectConns: new(int), HeadroomConns: new(int)}}}
	for i := range 2 + r.IntN(2) {
		p := budget.DeclaredPool{ID: fmt.Sprintf("g%d/db", i), Size: &today, LinePools: 1 + r.IntN(2), Users: []string{"u"},
			Weight: 1, Min: 1,
			Utilization: 0.95, MaxWaitMean: time.Second, MaxWaitP99: 10 * time.Second, Count: budget.CountWorst, Server: "pg"}
		if r.IntN(2) == 0 && p.LinePools == 1 {
			p.Users = []string{"u", "v"}
			p.LinePools = 2
		}
		if r.IntN(3) > 0 {
			limit := 3 + r.IntN(12)
			p.MaxDBConns = &limit
		}
		if r.IntN(2) == 0 {
			reserve := r.IntN(3)
			p.ReserveConns = &reserve
		}
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: 20 + 200*r.Float64(), MeanHold: 20 * time.Millisecond, ArrivalSCV: 1,
			HoldSCV: 1}
		d.Pools = append(d.Pools, p)
	}
	return d
}
