package main

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/state"
)

// asked is what a person is asked to agree to before a run; empty: nothing, it ends at its first sample with nothing
// moved. A run that can move nothing yet waits until it can, and opens its steps without another question.
func asked(c course, policy state.Policy, m state.JournalState, step state.Step, blocked, paused string) string {
	const later = "; steps are taken once that is gone"
	turning := slices.ContainsFunc(c.shifts, func(x shift.Shift) bool { return x.At != x.Until })
	switch over := c.situation(policy, m).OverBudget(); {
	case !step.Empty():
		what := "first step: "
		if m.Step != nil {
			what = "the step in hand goes on first: "
		}
		if held := c.heldNow(policy, m, step); held != "" {
			return what + step.Text() + "; it is held now: " + held + later
		}
		return what + step.Text()
	case blocked != "":
		return "no step can begin now: " + blocked + later
	case paused != "":
		return "no step can begin now: " + paused + later
	case over != "":
		return "no step can begin now: " + over + later
	case turning:
		return "no step can begin now: traffic is on its way, and today's sizes serve no further percentage" + later
	case m.Intent != nil:
		return "an action that was begun is done again: nobody knows what became of it"
	}
	return ""
}
