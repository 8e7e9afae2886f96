package bouncer

import (
	"cmp"
	"slices"

	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
)

// outgrown says why the goal no longer is what should be gone to: asked where a step would begin, or the run would be
// done.
func (w *run) outgrown(s control.State, act state.Action) string {
	arrived := act.Kind == state.Stop && act.Outcome == state.Done && s.Over == "" &&
		(w.Steps == 0 || w.memory.Steps < w.Steps)
	shrunk := w.Replans && w.memory.Step == nil && w.memory.RollTo == 0 && control.Outsized(s.Fleet, w.goal) != ""
	if !w.Replans || act.Kind != state.BeginStep && !arrived && !shrunk {
		return ""
	}
	lately, err := Loads(w.recent) // without history: that is what it was planned by
	if err != nil {
		return "" // nothing can be said of the loads: the plan stands
	}
	if shrunk { // what was planned no longer fits
		return cmp.Or(s.OverBudget(), control.Outsized(s.Fleet, w.goal))
	}
	return control.Outgrown(control.LoadsOf(s.Fleet), lately)
}

// replan plans for the loads as they are now. Where that is the same plan, act stands; else the next sample decides
// where to go. Where something needed for a plan cannot be read, nothing moves; where no plan can carry the loads, the
// run ends.
func (w *run) replan(s control.State, act state.Action, why string) (state.Action, error) {
	e := w.recent
	e.History = w.Evidence.History
	if len(w.Traffic) > 0 { // it is about times when the switches said something else
		e.History = load.History{}
	}
	lately, err := Loads(e)
	if err != nil {
		return state.Action{}, err
	}
	loads := control.Renewed(control.LoadsOf(s.Fleet), lately)
	fleet, _, err := w.pipeline().Modelled(s.Sample.At, w.Evidence.WithCPU(w.recent), loads, nil)
	if err != nil {
		return s.Hold(why + "; it cannot be planned for: " + err.Error()), nil
	}
	for i, x := range s.Shifts { // from here on they are those of where the switches stand now
		w.loadsAt[i] = x.At
	}
	// the next step is planned from them
	if slices.ContainsFunc(s.Shifts, func(x shift.Shift) bool { return x.At != x.Until }) {
		w.Loads, w.recent = loads, load.Evidence{}
		return state.Action{Kind: state.Wait, Reason: why, For: w.Policy.Every},
			w.record(state.Event{Kind: state.Noted, Reason: why})
	}
	planned, err := Survey{Fleet: fleet}.Planned(sizing.Options{})
	if err != nil {
		return state.Action{Kind: state.Stop, Outcome: state.Held, Reason: why + "; for these loads there is no plan: " +
			err.Error()}, nil
	}
	same := planned.Goal.SameSizes(w.goal)
	w.goal, w.Loads, w.recent = planned.Goal, loads, load.Evidence{}
	if same {
		return act, nil
	}
	return state.Action{Kind: state.Wait, Reason: why, For: w.Policy.Every},
		w.record(state.Event{Kind: state.Replanned, Goal: &w.goal, Reason: why})
}
