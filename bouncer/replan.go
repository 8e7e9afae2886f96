package bouncer

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// outgrown says why the goal no longer is what should be gone to: asked where a step would begin, or the run would be
// done.
func (w *run) outgrown(s control.State, action state.Action) verdict.Reason {
	arrived := action.Kind == state.Stop && action.Outcome == state.Done && !s.Over.Any() && !w.Fixed &&
		(w.Steps == 0 || w.state.Steps < w.Steps)
	asks := w.Replans || w.Fixed
	shrunk := asks && w.state.Step == nil && w.state.RollTo == 0 && control.Outsized(s.Fleet, w.goal).Any()
	if !asks || action.Kind != state.BeginStep && !arrived && !shrunk {
		return verdict.Reason{}
	}
	lately, err := Loads(w.recent) // without history: that is what it was planned by
	if err != nil {
		return verdict.Reason{} // nothing can be said of the loads: the plan stands
	}
	if shrunk { // what was planned no longer fits
		return verdict.Or(s.OverBudget(), control.Outsized(s.Fleet, w.goal))
	}
	return control.Outgrown(control.LoadsOf(s.Fleet), w.state.AtPeak(lately, s.Shifts, s.Now))
}

// replan plans for the loads as they are now. Where that is the same plan, the action stands; else the next sample
// decides where to go. Where something needed for a plan cannot be read, nothing moves; where no plan can carry the
// loads, the run ends.
func (w *run) replan(s control.State, action state.Action, why verdict.Reason) (state.Action, error) {
	e := w.recent
	e.History = w.Evidence.History
	if len(w.Traffic) > 0 { // it is about times when the switches said something else
		e.History = load.History{}
	}
	lately, err := Loads(e)
	if err != nil {
		return action, err
	}
	loads := control.Renewed(control.LoadsOf(s.Fleet), w.state.AtPeak(lately, s.Shifts, s.Now))
	fleet, _, err := w.pipeline().Modelled(s.Sample.At, w.Evidence.WithCPU(w.recent), loads, nil)
	if err != nil {
		return s.Hold(verdict.Of(verdict.NotPlanned, "", why, err)), nil
	}
	for i, x := range s.Shifts { // from here on they are those of where the switches stand now
		w.loadsAt[i] = x.At
	}
	// the next step is planned from them
	if slices.ContainsFunc(s.Shifts, func(x shift.Shift) bool { return x.At != x.Until }) {
		w.Loads, w.recent = loads, load.Evidence{}
		return state.WaitBecause(why, w.Policy.Every),
			w.record(state.Event{Kind: state.Noted, Reason: why})
	}
	planned, err := Survey{Fleet: fleet}.Planned(sizing.Options{})
	if err != nil {
		return state.StopWith(state.Held, verdict.Of(verdict.NoPlanForLoads, "", why, err)), nil
	}
	same := planned.Goal.SameSizes(w.goal)
	w.goal, w.Loads, w.recent = planned.Goal, loads, load.Evidence{}
	if same {
		return action, nil
	}
	return state.WaitBecause(why, w.Policy.Every),
		w.record(state.Event{Kind: state.Replanned, Goal: &w.goal, Reason: why})
}
