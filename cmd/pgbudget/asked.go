package main

import (
	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/state"
)

// asked is what a person is asked to agree to before a run; empty: nothing, it ends at its first sample with nothing
// moved. A run that can move nothing yet waits until it can, and opens its steps without another question.
func asked(c bouncer.Survey, policy state.Policy, m state.JournalState, step state.Step, blocked, paused string) string {
	const later = "; steps are taken once that is gone"
	switch over := c.State(policy, m).OverBudget(); {
	case !step.Empty():
		what := "first step: "
		if m.Step != nil {
			what = "the step in hand goes on first: "
		}
		if held := c.HeldNow(policy, m, step); held != "" {
			return what + step.Text() + "; it is held now: " + held + later
		}
		return what + step.Text()
	case blocked != "":
		return "no step can begin now: " + blocked + later
	case paused != "":
		return "no step can begin now: " + paused + later
	case over != "":
		return "no step can begin now: " + over + later
	case c.Turning():
		return "no step can begin now: traffic is on its way, and today's sizes serve no further percentage" + later
	case m.Intent != nil:
		return "an action that was begun is done again: nobody knows what became of it"
	}
	return ""
}
