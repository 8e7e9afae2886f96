package bouncer

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// sample takes one sample of fleet and signals, and gathers what the next action is decided from.
func (w *run) sample(ctx context.Context) (control.State, error) {
	var o fleet.Observation
	var err error
	again := false
	readings, before := w.read, w.state
	undone, failed := w.beside(ctx, func() {
		readings = Readings(ctx, w.Traffic, before) // before the sample: what is decided by it is not to wait for them
		if o, err = w.Fleet.Observe(ctx); err == nil && w.Alone != nil {
			again, err = w.Alone(ctx)
		}
	}, nil)
	if failed == nil && again {
		failed = w.record(state.Event{Kind: state.Relocked,
			Reason: verdict.Of(verdict.LockTaken, "")})
	}
	if failed == nil && w.Recordable != nil { // who waits records nothing, and would not hear of it
		failed = unrecordable(w.Recordable())
	}
	if failed != nil {
		w.broken = failed
		return control.State{}, failed
	}
	if undone || again { // somebody else may have moved what was seen before the lock was held again
		return control.State{}, errOld
	}
	switch w.read = readings; {
	case err != nil:
		return control.State{}, err
	}
	if came := w.state.New(o); len(came) > 0 { // who comes during a run may come again after a restart, too
		if w.broken = w.record(state.Event{Kind: state.Noted, Seen: came, Reason: state.Came(came)}); w.broken != nil {
			return control.State{}, w.broken
		}
	}
	o = w.state.Recall(o)
	withCPU := o
	o.Signals = nil
	pipeline := w.pipeline()
	evidence, err := pipeline.Add(w.Evidence, o)
	if err != nil {
		return control.State{}, err
	}
	w.Evidence = evidence
	w.age()
	if w.recent, err = w.recent.Add(withCPU); err != nil {
		return control.State{}, err
	}
	shifts := w.shifts(readings)
	measured, fleet, err := pipeline.Modelled(o.At, evidence, w.Loads, shifts)
	if err != nil {
		return control.State{}, err
	}
	w.blind = time.Time{}
	now := w.Clock.Now()
	if w.Signals != nil || len(w.Thresholds) > 0 {
		w.guard = w.guard.Add(signalsOf(ctx, w.Signals, w.Thresholds), w.Thresholds, serverNames(fleet), w.Policy.Stale, now)
	}
	w.samples = w.samples.Add(o)
	w.peaked(now)
	if w.broken = w.adjusted(); w.broken != nil {
		return control.State{}, w.broken
	}
	s := control.State{Samples: control.Samples{Now: now, Fleet: fleet, Before: w.before, Sample: o, Recent: w.samples,
		Guard: w.guard}, Journal: w.state,
		RunGoal:    control.RunGoal{Goal: w.goal, Target: w.target, Steps: w.Steps, Watch: w.Watch},
		HandNow:    w.hand(),
		Policy:     w.Policy,
		TrafficNow: control.TrafficNow{Shifts: shifts, Readings: readings, AsMeasured: measured, Soak: w.soakResult(shifts)},
		Bars:       control.Bars{Unsure: w.unsure, Unasked: w.Unasked}}
	if w.Closed != nil {
		s.Closed = w.Closed(now)
	}
	if w.Over != nil {
		s.Over = w.Over(now)
	}
	if w.Paused != nil {
		s.Paused = w.Paused()
	}
	if w.Aborted != nil {
		s.Aborted = w.Aborted()
	}
	w.before = fleet
	if in := s.Journal.Intent; in == nil || in.Kind == state.Flush || in.Kind == state.Restore {
		if lost := s.Lost(); len(lost) > 0 {
			gone := state.RestoreOf(lost, verdict.Of(verdict.LineLost, ""))
			if w.broken = w.record(state.Event{Kind: state.Acted, Action: &gone}); w.broken != nil {
				return s, w.broken
			}
			s.Journal = w.state
		}
	}
	return s, nil
}

// adjusted goes on with the policy that a person wants by now, and writes it down first.
func (w *run) adjusted() error {
	if w.Adjusted == nil {
		return nil
	}
	policy, why := w.Adjusted(w.Policy)
	switch {
	case !why.Any():
		return nil
	case why.Is(verdict.SettingsUnread) && why.Text() == w.unreadable: // it was said
		return nil
	case why.Is(verdict.SettingsUnread):
		w.unreadable = why.Text()
		return w.record(state.Event{Kind: state.Noted, Reason: why})
	}
	if err := w.record(state.Event{Kind: state.Adjusted, Reason: why}); err != nil {
		return err
	}
	w.Policy = policy
	return nil
}

// pipeline is the run's: what it counts of a sample is without the signals, which the guard judges.
func (w *run) pipeline() Pipeline {
	return Pipeline{Declared: w.Declared, Journal: w.state, Traffic: w.Traffic, WithoutSignals: true}
}

func serverNames(f budget.Fleet) []string {
	var names []string
	for _, s := range f.Servers {
		names = append(names, s.Name)
	}
	return names
}
