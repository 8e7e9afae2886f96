package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// broken says which part of the promise changes would break now, as Broken does, and whatever of what was asked for and
// called off is made all the same.
func (s State) broken(changes []fleet.SettingChange) verdict.Reason {
	if why := Broken(s.Fleet, changes); why.Any() {
		return why
	}
	return s.Strayed(s.Fleet, changes)
}

// Strayed says which part of the promise changes would break in a fleet once requests that were called off are made all
// the same; none: none, or nothing was called off.
func (s State) Strayed(f budget.Fleet, changes []fleet.SettingChange) verdict.Reason {
	stray := s.Journal.Requests.Stray()
	if len(stray) == 0 {
		return verdict.Reason{}
	}
	changes = slices.Clone(changes)
	for i, x := range changes { // the larger of what may come
		for _, y := range stray {
			if x.Grows() && y.Same(x) {
				changes[i].To = max(changes[i].To, y.To)
			}
		}
	}
	if why := Broken(f.With(above(f, stray)), changes); why.Any() {
		return verdict.Of(verdict.MayBeMade, "", calledOff(s.Journal.Requests), why)
	}
	return verdict.Reason{}
}

// strayed is Strayed of a step's grants, once its releases have drained.
func (s State) strayed(step state.Step) verdict.Reason {
	grants := slices.DeleteFunc(slices.Clone(step.Changes), func(x fleet.SettingChange) bool { return !x.Grows() })
	releases := slices.DeleteFunc(slices.Clone(step.Changes), fleet.SettingChange.Grows)
	return s.Strayed(s.Fleet.With(releases).Drained(), grants)
}

// above are the changes that make a line of the fleet larger than it is.
func above(f budget.Fleet, changes []fleet.SettingChange) []fleet.SettingChange {
	return slices.DeleteFunc(slices.Clone(changes), func(x fleet.SettingChange) bool {
		now, there := at(f, x)
		return !there || now >= x.To
	})
}

// calledOff names the requests that were called off and are open.
func calledOff(r state.Requests) string {
	var names []string
	for _, x := range r.Open {
		if !x.Wanted() {
			names = append(names, fmt.Sprintf("request %d (%s)", x.Number, state.Step{Changes: x.Action.Changes}.Text()))
		}
	}
	return strings.Join(names, ", ")
}

// byHand reports whether somebody else changes this fleet's sizes, or has.
func (s State) byHand() bool { return s.ByHand || s.Journal.Requested > 0 }

// changedByHand says that a line is not as it was asked for: a request that was called off was made, or another change.
func (s State) changedByHand(w state.Written, at int) verdict.Reason {
	when := w.Intent.Format(time.RFC3339)
	for _, r := range s.Journal.Requests.Open {
		if !r.Wanted() && slices.ContainsFunc(r.Action.Changes,
			func(x fleet.SettingChange) bool { return x.Same(w.SettingChange) && x.To == at }) {
			return verdict.Of(verdict.LineStray, w.Process, w.Key, w.Alias, at, w.To, when, r.Number,
				r.Called.Format(time.RFC3339))
		}
	}
	return verdict.Of(verdict.LineAsked, w.Process, w.Key, w.Alias, at, w.To, when)
}

// madeEarly are the lines of a step by hand that somebody has made larger before that was asked for.
func (s State) madeEarly(step state.Step) (made []fleet.SettingChange) {
	if !s.byHand() || state.Back(&step) {
		return nil
	}
	for _, x := range step.Changes {
		at, ok := s.at(x)
		_, known := s.Journal.Line(x)
		if ok && at == x.To && x.Grows() && (!known || !s.Journal.Wrote(x, at)) {
			made = append(made, x)
		}
	}
	return made
}

// tooEarly says which line of the step in hand somebody has made larger before that was asked for, where the server is
// over its budget with it; none: none.
func (s State) tooEarly() verdict.Reason {
	if s.Journal.Step == nil || s.Journal.GoesBack() {
		return verdict.Reason{}
	}
	for _, x := range s.madeEarly(*s.Journal.Step) {
		for _, srv := range s.Fleet.Servers {
			if worst := s.Fleet.WorstConns(srv.Name); srv.Name == s.server(x.Pool()) && worst > srv.BudgetConns {
				return verdict.Of(verdict.LineEarly, x.Process, x.Key, x.Alias, x.To, srv.Name, verdict.Conns(worst),
					srv.BudgetConns)
			}
		}
	}
	return verdict.Reason{}
}
