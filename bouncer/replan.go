package bouncer

import (
	"cmp"
	"slices"

	"github.com/pgbudget/pgbudget/planner"
)

// outgrown says why the goal no longer is what should be gone to: asked where a step would begin, or the run would be done.
func (w *run) outgrown(s planner.Situation, act planner.Act) string {
	arrived := act.Verb == planner.Stop && act.Outcome == planner.Done && s.Over == "" && (w.Steps == 0 || w.memory.Steps < w.Steps)
	shrunk := w.Replans && w.memory.Step == nil && w.memory.RollTo == 0 && planner.Outsized(s.Fleet, w.goal) != ""
	if !w.Replans || act.Verb != planner.Open && !arrived && !shrunk {
		return ""
	}
	lately, err := planner.Estimate(w.recent) // without history: that is what it was planned by
	if err != nil {
		return "" // nothing can be said of the loads: the plan stands
	}
	if shrunk { // what was planned no longer fits
		return cmp.Or(s.OverBudget(), planner.Outsized(s.Fleet, w.goal))
	}
	return planner.Outgrown(planner.LoadsOf(s.Fleet), lately)
}

// replan plans for the loads as they are now. Where that is the same plan, act stands; else the next look decides where to
// go. Where something needed for a plan cannot be read, nothing moves; where no plan can carry the loads, the run ends.
func (w *run) replan(s planner.Situation, act planner.Act, why string) (planner.Act, error) {
	e := w.recent
	e.History = w.Evidence.History
	if len(w.Traffic) > 0 { // it is about times when the switches said something else
		e.History = planner.History{}
	}
	lately, err := planner.Estimate(e)
	if err != nil {
		return planner.Act{}, err
	}
	loads := planner.Renewed(planner.LoadsOf(s.Fleet), lately)
	fleet, err := planner.Model(s.Look.At, w.Declared, w.Evidence.WithCPU(w.recent), loads)
	if err != nil {
		return s.Hold(why + "; it cannot be planned for: " + err.Error()), nil
	}
	for i, x := range s.Shifts { // from here on they are those of where the switches stand now
		w.loadsAt[i] = x.At
	}
	if slices.ContainsFunc(s.Shifts, func(x planner.Shift) bool { return x.At != x.Until }) { // the next step is planned from them
		w.Loads, w.recent = loads, planner.Evidence{}
		return planner.Act{Verb: planner.Wait, Reason: why, For: w.Policy.Every}, w.record(planner.Event{Kind: planner.Noted, Reason: why})
	}
	plan, err := planner.Solve(fleet, planner.Options{})
	if err != nil {
		return planner.Act{Verb: planner.Stop, Outcome: planner.Held, Reason: why + "; for these loads there is no plan: " + err.Error()}, nil
	}
	goal := planner.GoalOf(plan)
	same := goal.SameSizes(w.goal)
	w.goal, w.Loads, w.recent = goal, loads, planner.Evidence{}
	if same {
		return act, nil
	}
	return planner.Act{Verb: planner.Wait, Reason: why, For: w.Policy.Every}, w.record(planner.Event{Kind: planner.Replanned, Goal: &w.goal, Reason: why})
}
