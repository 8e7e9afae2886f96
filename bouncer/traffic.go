package bouncer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/learn"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// Traffic is a shift with the switch that makes it. Of the shift, Fraction is the estimate before any
// soak, and At what the switch is taken to say where neither it nor the journal tells.
type Traffic struct {
	shift.Shift
	Switch Switch
	Stays  bool // the switch keeps its percentage, whichever that is: Until counts for nothing
}

// Readings asks every switch, all at once: one that takes long does not keep the others waiting. One that does not tell
// is where the journal has it, else where it is taken to be.
func Readings(ctx context.Context, traffic []Traffic, m state.JournalState) []state.Reading {
	out := make([]state.Reading, len(traffic))
	var all sync.WaitGroup
	for i, t := range traffic {
		all.Go(func() { out[i] = t.reading(ctx, m) })
	}
	all.Wait()
	return out
}

// reading asks the switch.
func (t Traffic) reading(ctx context.Context, m state.JournalState) state.Reading {
	x, said, err := t.Switch.Get(ctx)
	r := state.Reading{X: x, Said: said}
	if known, ok := m.Switch(t.ID()); !said || err != nil {
		r.X, r.Said = t.At, false
		if ok {
			r.X = known.X
		}
	}
	r.Err = err
	return r
}

// standing is the shift where its switch stands, with what soaks have taught of its fraction; loadsAt is what the
// switch said while the loads were measured.
func (t Traffic) standing(r state.Reading, loadsAt int, m state.JournalState) shift.Shift {
	s := t.Shift
	s.At, s.LoadsAt = r.X, loadsAt
	if t.Stays {
		s.Until = s.At
	}
	s.Fraction = learn.Learn(t.Fraction, m.SoaksOf(t.ID())).Fraction
	return s
}

// shifts are the run's shifts with what their switches say, and with what has been learnt.
func (w *run) shifts(readings []state.Reading) []shift.Shift {
	var out []shift.Shift
	for i, t := range w.Traffic {
		out = append(out, t.standing(readings[i], w.loadsAt[i], w.state))
	}
	return out
}

// began is the event that begins the run, with what the samples before it saw of the shifts.
func (w *run) began(ctx context.Context) state.Event {
	e := state.Event{Kind: state.RunBegan, By: w.By, Next: w.Again, Reviewed: w.Reviewed, Goal: &w.goal,
		To: w.RollTo, Servers: w.origins(), Seen: state.SeenIn(w.Evidence.Last)}
	if w.Watch {
		e.Reason = verdict.Of(verdict.Watches, "")
	}
	readings := Readings(ctx, w.Traffic, w.state)
	w.read = readings
	if len(w.Traffic) > 0 {
		w.older = w.Evidence
	}
	for i, t := range w.Traffic {
		w.loadsAt = append(w.loadsAt, t.LoadsAt)
		if w.elsewhere(t.ID(), readings[i]) {
			w.unsure = verdict.Of(verdict.SwitchWasUnknown, t.ID())
			continue
		}
		if readings[i].Err != nil { // the first sample says so
			continue
		}
		e.Switches = append(e.Switches, state.Switch{Shift: t.ID(), X: readings[i].X, Or: readings[i].X, At: w.Clock.Now()})
		if w.RollTo == 0 { // it may have no loads, or only those of now
			e.Baselines = append(e.Baselines, learn.BaselineOf(t.Shift, w.loadsAt[i], w.Clock.Now(), w.Loads))
		}
		if w.Evidence.Samples > 1 {
			e.Soaks = append(e.Soaks, learn.NewSoakResult(w.Evidence, t.Shift, readings[i].X, w.only(), w.state.SoaksOf(t.ID()),
				t.Fraction, nil))
		}
	}
	return e
}

// origins are the servers, with the direct connections that the run counts on.
func (w *run) origins() []state.Origin {
	out := state.OriginsOf(w.Evidence.Last)
	fleet, _, err := w.pipeline().Modelled(w.Evidence.To, w.Evidence, w.Loads, nil)
	if err != nil { // the first sample says so
		return out
	}
	for i := range out {
		for _, s := range fleet.Servers {
			if s.Name == out[i].Name {
				out[i].DirectConns = s.DirectConns()
			}
		}
	}
	return out
}

// only are the shifts without their switches.
func (w *run) only() []shift.Shift {
	var out []shift.Shift
	for _, t := range w.Traffic {
		out = append(out, t.Shift)
	}
	return out
}

// soakResult is what the samples since the traffic change of the step in hand have shown, once the soak is over; nil:
// the soak goes on, or there is no sample.
func (w *run) soakResult(shifts []shift.Shift) *learn.SoakResult {
	step := w.state.Step
	if step == nil || step.Traffic == nil || w.recent.Samples < 2 ||
		w.Clock.Now().Sub(w.state.SettledAt) < w.Policy.Soak {
		return nil
	}
	for i, s := range shifts {
		if s.ID() != step.Traffic.Shift || s.At != step.Traffic.To {
			continue
		}
		before := w.state.SoaksOf(s.ID())
		t := learn.ObservedChange{Before: w.beforeShift, After: learn.Blocks(w.recent, s), FromX: step.Traffic.From,
			ToX:      step.Traffic.To,
			Fraction: learn.Learn(w.Traffic[i].Fraction, before).Fraction}
		p := learn.NewSoakResult(w.recent, s, s.At, w.only(), before, w.Traffic[i].Fraction, &t)
		return &p
	}
	return nil
}

// shiftTraffic sets a switch: in the journal first. A person has set one that is ByHand.
func (w *run) shiftTraffic(ctx context.Context, action state.Action) error {
	i := slices.IndexFunc(w.Traffic, func(t Traffic) bool { return t.ID() == action.Traffic.Shift })
	// a step backward needs no consent
	if w.Ready != nil && (w.state.Step == nil || w.state.Step.Kind != state.Backward) {
		if err := w.Ready(); err != nil {
			return w.record(state.Event{Kind: state.Failed, Action: &action, Reason: verdict.Of(verdict.ActionFailed,
				err.Error()),
				Outcome: outcomeOf(err)})
		}
	}
	again := w.state.Intent != nil // nobody knows when the switch was set: no sample is surely from before
	if t := w.Traffic[i]; !t.ByHand {
		if err := w.record(state.Event{Kind: state.Intended, Action: &action}); err != nil {
			return err
		}
		if err := t.Switch.Set(context.WithoutCancel(ctx), action.Traffic.To); err != nil {
			return w.record(state.Event{Kind: state.Failed, Action: &action, Reason: verdict.Of(verdict.ActionFailed,
				err.Error()),
				Outcome: outcomeOf(err)})
		}
	}
	w.beforeShift = nil
	if !again {
		w.beforeShift = append(learn.Blocks(w.older, w.Traffic[i].Shift), learn.Blocks(w.recent, w.Traffic[i].Shift)...)
	}
	w.older, w.recent = load.Evidence{}, load.Evidence{}
	if i < len(w.read) { // what it said before says nothing any more
		w.read = slices.Clone(w.read)
		w.read[i] = state.Reading{X: action.Traffic.To}
	}
	return w.record(state.Event{Kind: state.Acted, Action: &action})
}

// age lets recent samples grow old: what is left of them covers a soak, and what was before it as much again.
func (w *run) age() {
	shifted := w.state.Step != nil && w.state.Step.Traffic != nil // its soak is observed as a whole
	if w.recent.To.Sub(w.recent.From) > max(w.Policy.Soak, recentFor) && !shifted {
		w.older, w.recent = w.recent, load.Evidence{}
	}
}

// elsewhere reports whether a switch may not have stood where it is taken to while the loads were measured: a change of
// unknown fate, or one that the switch does not report yet.
func (w *run) elsewhere(shift string, r state.Reading) bool {
	if in := w.state.Intent; in != nil && in.Traffic != nil && in.Traffic.Shift == shift && !r.Said {
		return true
	}
	known, ok := w.state.Switch(shift)
	step := w.state.Step
	return ok && r.Said && w.state.Intent == nil && step != nil && step.Traffic != nil && step.Traffic.Shift == shift &&
		r.X != known.X && r.X == known.Or
}

// shiftingBack is how long a run that sees nothing goes on because traffic is still to be shifted back.
func (w *run) shiftingBack() time.Duration {
	step := w.state.Step
	if step == nil || step.Kind != state.Backward || step.Traffic == nil {
		return 0
	}
	if known, ok := w.state.Switch(step.Traffic.Shift); ok && known.X == step.Traffic.To && w.state.Intent == nil {
		return 0
	}
	return control.GoBackFor
}
