package bouncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// Pipeline is the one path from a config and samples to a plan:
//
//	Gather    samples → Evidence, Recent, Guard
//	Estimate  Evidence, history → Loads → Shifts → Measured, Fleet
//	Planned   Fleet → Plan, Goal (of Survey)
//
// The commands plan, step, run, status and rollback, the Rebalancer and the simulator's driver take it. Where one of
// them differs, the difference is a field or an argument here. A Pipeline is a value; the zero Pipeline sizes no pool.
type Pipeline struct {
	Declared budget.Declared    // by the config: limits, floors, ledger lines, which pools are sized
	Journal  state.JournalState // users who came once, soak results, baselines; zero: a fleet without a journal
	Traffic  []Traffic          // the shifts of the config, in order; none: sizes alone
	History  HistorySource      // nil: the samples alone

	// Signals, Thresholds and Stale are what a step is held by; without Thresholds nothing is judged.
	Signals    SignalSource
	Thresholds []control.Threshold
	Stale      time.Duration

	// WithoutSignals leaves the signals of samples out of what is counted: the saturation guard of a run judges them,
	// and one that cannot be read holds and is no error.
	WithoutSignals bool
}

// Purpose says what a Survey is for, and with the purpose, which facts may be missing.
type Purpose int

// The purposes.
const (
	// ToPlan: sizes are planned by the survey. A signal, a history or a load that cannot be had is an error, and so is a
	// switch of which neither the switch nor the journal tells where it stands.
	ToPlan Purpose = iota
	// ToCount: worst cases and budgets are counted, and nothing is planned. Signals are left out, loads may be unknown.
	// Without the history that the config names, direct connections count as the last run saw them; a note says so.
	ToCount
	// ToGoBack: sizes of before are written again. As ToCount; each missing fact is a note. A switch that no step has
	// set keeps its percentage, and a declared pool that no console shows is left out; see Survey.Gone.
	ToGoBack
)

// Add returns evidence with one more sample: with the users who came once and may come again. The error is that of
// Evidence.Add.
func (p Pipeline) Add(e load.Evidence, o fleet.Observation) (load.Evidence, error) {
	if o = p.Journal.Recall(o); p.WithoutSignals {
		o.Signals = nil
	}
	return e.Add(o)
}

// Gather samples the fleet as Watch does. each is called with every sample; nil: nobody is told. On an error, the
// Survey has what was gathered before it.
func (p Pipeline) Gather(ctx context.Context, clock Clock, f Fleet, every, window time.Duration,
	each func(fleet.Observation)) (Survey, error) {
	var s Survey
	err := Watch(ctx, clock, f, every, window, func(o fleet.Observation) error {
		if each != nil {
			each(o)
		}
		s.Recent = s.Recent.Add(p.Journal.Recall(o))
		if len(p.Thresholds) > 0 {
			var servers []string
			for _, x := range o.Servers {
				servers = append(servers, x.Name)
			}
			s.Guard = s.Guard.Add(signalsOf(ctx, p.Signals, p.Thresholds), p.Thresholds, servers, p.Stale, clock.Now())
		}
		var err error
		s.Evidence, err = p.Add(s.Evidence, o)
		return err
	})
	return s, err
}

// Assume is the survey of a fleet that nobody observes: limits, pools and loads are declared. The error is that of
// budget.Model, such as KindUsage for a pool that lacks a key.
func (p Pipeline) Assume(at time.Time) (Survey, error) {
	s := Survey{Declared: p.Declared}
	s.Evidence.To = at
	return s, s.model()
}

// Estimate goes on from evidence: history, loads, where the shifts stand, and the fleet. On an error, the Survey has
// what is known without the missing fact, and its Notes.
func (p Pipeline) Estimate(ctx context.Context, s Survey, to Purpose) (Survey, error) {
	s.Declared = p.Declared
	if to != ToPlan {
		s.dropSignals(to)
	}
	untold := p.past(ctx, &s)
	if untold != nil && to == ToPlan {
		return s, untold
	}
	if untold != nil {
		s.note("%v; direct connections count as the last run or this sample saw them, the larger number", untold)
	}
	var err error
	s.Loads, err = Loads(s.Evidence)
	switch {
	case err != nil && to == ToPlan:
		return s, err
	case err != nil && to == ToGoBack:
		s.note("%v; a rollback needs no loads", err)
	}
	var notes []string
	s.Shifts, s.Readings, notes, err = p.Standing(ctx, to)
	if s.Notes = append(s.Notes, notes...); err != nil {
		return s, err
	}
	if len(s.Evidence.History.Pools) > 0 && len(s.Loads) > 0 {
		s.Loads, s.Shifts = p.Journal.Rebased(s.Loads, s.Shifts, s.Evidence.To)
	}
	s.Loads = p.Journal.AtPeak(s.Loads, s.Shifts, s.Evidence.To)
	s.Traffic = slices.Clone(p.Traffic)
	for i, x := range s.Shifts {
		s.Traffic[i].LoadsAt = x.LoadsAt
	}
	if to == ToGoBack {
		s.dropGone()
	}
	if err := s.model(); err != nil || untold == nil {
		return s, err
	}
	s.Declared.Lines = append(slices.Clone(s.Declared.Lines), p.known(s.Fleet)...)
	return s, s.model()
}

// past reads the history of the newest sample's pools into the evidence.
func (p Pipeline) past(ctx context.Context, s *Survey) error {
	if p.History == nil {
		return nil
	}
	history, err := p.History.History(ctx, s.Evidence.Last)
	if err == nil {
		s.Evidence.History = history
	}
	return err
}

// Loads is the station from evidence to one load per pool; see load.Estimate. On an error, of KindEvidence, there are
// none.
func Loads(e load.Evidence) ([]load.Load, error) {
	return load.Estimate(e)
}

// Modelled is the station from evidence and loads to the fleet: measured has the loads as they are given, when each
// switch said its LoadsAt; loaded has those of where each switch stands now.
func (p Pipeline) Modelled(at time.Time, e load.Evidence, loads []load.Load, shifts []shift.Shift) (measured,
	loaded budget.Fleet, err error) {
	if measured, err = budget.Model(at, p.Declared, e, loads); err != nil {
		return budget.Fleet{}, budget.Fleet{}, err
	}
	loaded = measured
	for _, x := range shifts {
		loaded = x.Loaded(loaded, x.At)
	}
	return measured, loaded, nil
}

// Standing asks every switch: the shifts as they stand, with what has been learnt of their fractions, and loads taken
// to be those of now. A switch that does not tell stands where the journal has it; a note says so. Where the journal
// has none either, the error is of KindUnreachable, and a note ToGoBack: no step has set the switch, and none will.
func (p Pipeline) Standing(ctx context.Context, to Purpose) (shifts []shift.Shift, readings []state.Reading,
	notes []string, err error) {
	readings = Readings(ctx, p.Traffic, p.Journal)
	for i, t := range p.Traffic {
		r := readings[i]
		switch _, journalled := p.Journal.Switch(t.ID()); {
		case r.Err == nil:
		case !journalled && to == ToGoBack:
			notes = append(notes, r.Err.Error()+"; no step has set this switch, and it keeps its percentage")
		case !journalled:
			return nil, nil, notes, &operr.Error{Kind: operr.KindUnreachable, Err: r.Err,
				Hint: "run the command of get: by hand"}
		default:
			notes = append(notes, fmt.Sprintf("%s; the journal has the switch at %d %%", r.Err, r.X))
		}
		shifts = append(shifts, t.standing(r, r.X, p.Journal))
	}
	return shifts, readings, notes, nil
}

// known are lines for the direct connections that the newest run counted on and that these samples do not show.
func (p Pipeline) known(f budget.Fleet) (lines []budget.DeclaredLine) {
	for _, s := range f.Servers {
		if more := p.Journal.Direct(s.Name) - s.DirectConns(); more > 0 {
			lines = append(lines, budget.DeclaredLine{Server: s.Name, Name: "direct, as the last run knew", Conns: more})
		}
	}
	return lines
}

// signalsOf reads the signals; where they cannot be read at all, every threshold finds nothing, and holds.
func signalsOf(ctx context.Context, source SignalSource, thresholds []control.Threshold) []fleet.Signal {
	if source == nil {
		return nil
	}
	signals, err := source.Read(ctx)
	if err != nil {
		signals = nil
		for _, t := range thresholds {
			signals = append(signals, fleet.NoSignal(t.Name, t.Server, fleet.FaultSource, err.Error()))
		}
	}
	return signals
}
