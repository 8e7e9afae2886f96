package plannertest

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// CpuFacts are the sources from which a server's CPU may be known: all of a transaction's, by a fit, by today's ratio.
var CpuFacts = map[string]func(f *budget.Fleet){
	"declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores = 8
		f.Pools[0].Load.CPUPerXact, f.Pools[1].Load.CPUPerXact = 4*time.Millisecond, 40*time.Millisecond
	},
	"fitted, cores unknown": func(f *budget.Fleet) {
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, Base: 0.1, Mean: 0.0003, MaxPerSec: 1e6,
			Demands: []load.CPUCost{{Pool: f.Pools[0].ID, RatioPerTPS: 0.0005}, {Pool: f.Pools[1].ID, RatioPerTPS: 0.0001}}}
	},
	"fitted, the receiving pool for nothing": func(f *budget.Fleet) {
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, MaxPerSec: 1e6,
			Demands: []load.CPUCost{{Pool: f.Pools[0].ID, RatioPerTPS: 0.0005}, {Pool: f.Pools[1].ID, RatioPerTPS: 0}}}
	},
	"fitted, one pool declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores = 8
		f.Servers[0].CPU.Fit = load.CPUFit{Samples: 100, Mean: 0.0003, MaxPerSec: 1e6}
		f.Pools[0].Load.CPUPerXact = 5 * time.Millisecond
	},
	"today's, one pool declared": func(f *budget.Fleet) {
		f.Servers[0].CPU.Cores, f.Servers[0].CPU.Now, f.Servers[0].CPU.NowPerSec = 8, 0.4, 1000
		f.Pools[1].Load.CPUPerXact = 5 * time.Millisecond
	},
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
func (s *TwoPools) Due(t *testing.T, want state.ActionKind) (none state.Action) {
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
	return none
}

// Until takes actions up to one of that kind, and has the switch say what it was set to.
func (s *TwoPools) Until(t *testing.T, want state.ActionKind) (none state.Action) {
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
	return none
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
			[]control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.8, Resume: 0.7, Abort: 0.9}}, []string{"pg"}, time.Minute,
			s.Now)
	}
}
