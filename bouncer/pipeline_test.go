package bouncer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

func TestUsersWhoCameOnceAreCountedForEveryPurpose(t *testing.T) {
	m := state.JournalState{SettingsWritten: state.SettingsWritten{Seen: []state.Seen{{Process: "main/1",
		Console: "h:6432", Alias: "app", Users: []string{"u1", "u2"}}}}}
	for _, to := range everything {
		p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}
		alone := good(t, p, &pools{}, to).Fleet.WorstConns("pg")
		p.Journal = m
		if got := good(t, p, &pools{}, to).Fleet.WorstConns("pg"); alone != 25 || got != 40 {
			t.Errorf("purpose %d: worst case %d, with the journal %d; want 25 and 40", to, alone, got)
		}
	}
}

func TestHistoryIsCountedForEveryPurpose(t *testing.T) {
	for _, to := range everything {
		p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}
		alone := good(t, p, &pools{}, to)
		p.History = busy()
		with := good(t, p, &pools{}, to)
		if a, b := alone.Fleet.Servers[0].BudgetConns, with.Fleet.Servers[0].BudgetConns; a-b != 28 {
			t.Errorf("purpose %d: budget %d, with 30 direct connections in the history %d; want 28 less", to, a, b)
		}
		if a, b := erlangs(alone, "main/app"), erlangs(with, "main/app"); !(b > a+2) {
			t.Errorf("purpose %d: load %g, with the history %g", to, a, b)
		}
	}
}

func erlangs(s bouncer.Survey, pool string) float64 {
	p, _ := s.Fleet.Pool(pool)
	return p.Load.Erlangs.Target
}

func TestOnlyAPlanNeedsTheHistory(t *testing.T) {
	away := &operr.Error{Kind: operr.KindUnreachable, Err: errors.New("prometheus is away")}
	p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}, History: past{err: away}}
	p.Journal.Servers = []state.Origin{{Name: "pg", DirectConns: 30}}
	for _, to := range everything {
		s, err := surveyed(t, p, &pools{}, to)
		switch {
		case to == bouncer.ToPlan && operr.KindOf(err) != operr.KindUnreachable:
			t.Errorf("a plan without its history: %v", err)
		case to != bouncer.ToPlan && (err != nil || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "prometheus is away")):
			t.Errorf("purpose %d: %v, notes %q", to, err, s.Notes)
		case to != bouncer.ToPlan && (s.Fleet.Servers[0].BudgetConns != 65 || len(s.Declared.Lines) != 1):
			t.Errorf("purpose %d: budget %d with %+v; want 100 - 30 direct - 5 headroom", to,
				s.Fleet.Servers[0].BudgetConns, s.Declared.Lines)
		}
	}
	if len(p.Declared.Lines) != 0 {
		t.Errorf("the pipeline has changed: %+v", p.Declared.Lines)
	}
}

func TestOnlyAPlanNeedsSignalsAndLoads(t *testing.T) {
	deaf := func(o *fleet.Observation) {
		o.Signals = []fleet.Signal{{Name: fleet.SignalCPU, Server: "pg", Value: fleet.Unknown(), Error: "no such series"}}
		for i := range o.Processes[0].Aliases {
			o.Processes[0].Aliases[i].Counters = fleet.Counters{Assignments: -1}
			o.Processes[0].Aliases[i].Paused = true
		}
	}
	p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}
	for to, notes := range map[bouncer.Purpose]int{bouncer.ToPlan: 0, bouncer.ToCount: 0, bouncer.ToGoBack: 2} {
		s, err := surveyed(t, p, &pools{edit: deaf}, to)
		if (operr.KindOf(err) == operr.KindEvidence) != (to == bouncer.ToPlan) || len(s.Notes) != notes {
			t.Errorf("purpose %d: %v, notes %q", to, err, s.Notes)
		}
		if worst := s.Fleet.WorstConns("pg"); to != bouncer.ToPlan && worst != 25 {
			t.Errorf("purpose %d: worst case %d, want 25", to, worst)
		}
	}
	only := func(o *fleet.Observation) {
		o.Signals = []fleet.Signal{{Name: fleet.SignalCPU, Server: "pg", Value: fleet.Unknown(), Error: "no such series"}}
	}
	if _, err := surveyed(t, p, &pools{edit: only}, bouncer.ToPlan); operr.KindOf(err) != operr.KindEvidence {
		t.Errorf("a plan whose signal cannot be read: %v", err)
	}
	p.WithoutSignals = true
	good(t, p, &pools{edit: only}, bouncer.ToPlan)
}

// split is a quarter of main/app's load, shifting to main/ci.
func split(sw bouncer.Switch) []bouncer.Traffic {
	return []bouncer.Traffic{{Switch: sw, Shift: shift.Shift{From: "main/app", To: "main/ci", Until: 100,
		Fraction: load.Range{Lower: 0.25, Target: 0.25, Upper: 0.25}}}}
}

func TestLoadsFromBeforeTheNewestTrafficChangeAreCarriedToWhereTheSwitchStands(t *testing.T) {
	before := good(t, bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}, &pools{}, bouncer.ToPlan)
	for i := range before.Loads {
		before.Loads[i].Erlangs = load.Range{Lower: 10, Target: 10, Upper: 10}
	}
	m := state.JournalState{
		TrafficSwitches: state.TrafficSwitches{Switches: []state.Switch{{Shift: "main/app:main/ci", X: 40, Or: 40,
			At: epoch.Add(-time.Hour)}}},
		Learned: state.Learned{Baselines: []learn.Baseline{learn.BaselineOf(split(nil)[0].Shift, 0, epoch.Add(-2*time.Hour),
			before.Loads)}},
	}
	for _, to := range []bouncer.Purpose{bouncer.ToPlan, bouncer.ToGoBack} {
		p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}, Journal: m, Traffic: split(switchAt{x: 40}),
			History: busy()}
		s := good(t, p, &pools{}, to)
		if s.Shifts[0].LoadsAt != 0 || s.Traffic[0].LoadsAt != 0 || s.Shifts[0].At != 40 {
			t.Fatalf("purpose %d: the shift stands at %+v", to, s.Shifts[0])
		}
		measured, _ := s.Measured.Pool("main/app")
		if from, moved := erlangs(s, "main/app"), erlangs(s, "main/ci"); measured.Load.Erlangs.Target != 10 || from != 9 ||
			moved != 11 {
			t.Errorf("purpose %d: %g measured, %g and %g at 40 %%; want 10, 9 and 11", to, measured.Load.Erlangs.Target, from,
				moved)
		}
		p.History = nil
		if s := good(t, p, &pools{}, to); s.Shifts[0].LoadsAt != 40 || s.Traffic[0].LoadsAt != 40 {
			t.Errorf("purpose %d: samples of now are taken to be of before: %+v", to, s.Shifts[0])
		}
	}
}

func TestASwitchThatReportsNothingStandsWhereTheJournalHasIt(t *testing.T) {
	mute := split(switchAt{err: errors.New("ci_pool: no answer")})
	p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}, Traffic: mute}
	if _, err := surveyed(t, p, &pools{}, bouncer.ToPlan); operr.KindOf(err) != operr.KindUnreachable {
		t.Errorf("a plan: %v", err)
	}
	if s := good(t, p, &pools{}, bouncer.ToGoBack); len(s.Notes) != 1 ||
		!strings.Contains(s.Notes[0], "keeps its percentage") {
		t.Errorf("a rollback: %q", s.Notes)
	}
	p.Journal.Switches = []state.Switch{{Shift: "main/app:main/ci", X: 15, Or: 15}}
	if s := good(t, p, &pools{}, bouncer.ToPlan); len(s.Notes) != 1 || s.Shifts[0].At != 15 ||
		!strings.Contains(s.Notes[0], "the journal has the switch at 15 %") {
		t.Errorf("one that the journal knows: %q, %+v", s.Notes, s.Shifts)
	}
}

func TestADeclaredPoolThatNoConsoleShowsKeepsNothingFromGoingBack(t *testing.T) {
	d := budget.Declared{}
	for _, id := range []string{"main/app", "main/gone"} {
		x, _ := d.Pool(id)
		d.Pools = append(d.Pools, x)
	}
	p := bouncer.Pipeline{Declared: d}
	if s := good(t, p, &pools{}, bouncer.ToGoBack); !slices.Equal(s.Gone, []string{"main/gone"}) ||
		len(s.Declared.Pools) != 1 {
		t.Errorf("gone %q, declared %+v", s.Gone, s.Declared.Pools)
	}
	if _, err := surveyed(t, p, &pools{}, bouncer.ToPlan); err == nil {
		t.Error("a plan sizes a pool that is not there")
	}
}

func TestGatherJudgesSignalsAsARunDoes(t *testing.T) {
	f := &pools{}
	p := bouncer.Pipeline{Signals: signals{f}, Stale: time.Minute,
		Thresholds: []control.Threshold{{Name: "cpu", Server: "pg", Hold: 0.85, Resume: 0.8, Abort: 0.95}}}
	if s := good(t, p, f, bouncer.ToCount); !s.Saturated().Any() || s.HasPlan() {
		t.Error("cpu 0.9 of three samples holds nothing")
	}
	p.Thresholds[0].Hold = 0.95
	if s := good(t, p, f, bouncer.ToCount); s.Saturated().Any() {
		t.Errorf("held: %s", s.Saturated().Text())
	}
}

// signals reads a CPU of 0.9 at every sample.
type signals struct{ clock bouncer.Clock }

func (s signals) Read(context.Context) ([]fleet.Signal, error) {
	return []fleet.Signal{{Name: "cpu", Server: "pg", Value: 0.9, At: s.clock.Now()}}, nil
}

func TestAPlanIsForWhereTheSwitchesStand(t *testing.T) {
	p := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}, Traffic: split(switchAt{x: 0})}
	s := good(t, p, &pools{}, bouncer.ToPlan)
	s, err := s.Planned(sizing.Options{})
	if err != nil || len(s.Goal.Pools) != 2 || !s.HasPlan() || !s.Shifting() {
		t.Fatalf("%v: %+v", err, s.Goal)
	}
	if notes, err := s.Passable(5); err != nil || len(notes) != 0 {
		t.Errorf("%v, %q", err, notes)
	}
	s.Measured.Servers[0].BudgetConns = 12
	if _, err := s.Passable(5); operr.KindOf(err) != operr.KindInfeasible {
		t.Errorf("no connections, and there is a path: %v", err)
	}
}

// TestAPlannedSurveyLearnsOfTrafficBeforeAStep: the next step moves traffic, too, so what would refuse it is judged
// with the shifts.
func TestAPlannedSurveyLearnsOfTrafficBeforeAStep(t *testing.T) {
	sizes := bouncer.Pipeline{Declared: budget.Declared{SizeAll: true}}
	planned, err := good(t, sizes, &pools{}, bouncer.ToPlan).Planned(sizing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := sizes
	p.Traffic = split(switchAt{x: 5})
	now := bouncer.Survey{Recent: planned.Recent}
	now.Evidence.Last.At = epoch.Add(time.Hour)
	s, err := p.Renewed(t.Context(), planned, now)
	if err != nil || len(s.Shifts) != 1 || s.Shifts[0].At != 5 || !s.Evidence.Last.At.Equal(epoch.Add(time.Hour)) {
		t.Errorf("%v: %+v at %v", err, s.Shifts, s.Evidence.Last.At)
	}
	p.Traffic = split(switchAt{err: errors.New("no answer")})
	if _, err := p.Renewed(t.Context(), planned, now); operr.KindOf(err) != operr.KindUnreachable {
		t.Errorf("a switch that does not tell: %v", err)
	}
	if _, err := p.Renewed(t.Context(), bouncer.Survey{}, now); err != nil {
		t.Errorf("without a plan: %v", err)
	}
}
