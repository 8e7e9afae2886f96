package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// mostForecast bounds the steps of Forecast. chosen: a path of more steps is as good as one without an end.
const mostForecast = 10000

// ForecastStep is a step that is still to come.
type ForecastStep struct {
	Step state.Step
	// once the step is done: its sizes in force, what they release drained, the loads that the switches make then
	After budget.Fleet
}

// Forecast returns the steps that are still to come from where a fleet is, and where the step in hand brings it, to its
// goal, over the shifts that are not where they go, if nothing else happens: every release drains, no load changes,
// and every fraction is as estimated. blocked says why they do not lead there; none: they do.
func (s State) Forecast() (path []ForecastStep, blocked verdict.Reason) {
	s.Shifts = slices.Clone(s.Shifts)
	if s.AsMeasured.Pools == nil {
		s.AsMeasured = s.Fleet
	}
	inHand := s.InHand()
	s.foreseen, s.Guard, s.Recent = true, SaturationGuard{}, RecentSamples{}
	if s.Journal.Step != nil {
		s = s.after(inHand)
		s.Journal.Step, s.Journal.Unwind, s.Journal.Intent = nil, false, nil
	}
	for len(path) < mostForecast {
		_, shifting := s.shifting()
		step, goal, why := s.NextStep()
		if step.Empty() && !shifting && !why.Any() && s.Journal.GoalOfStep && s.Journal.RollTo == 0 {
			plan, err := sizing.Solve(s.Fleet, sizing.Options{})
			if err != nil {
				return path, unplanned(verdict.NoPlan, plan, err)
			}
			s.Goal, s.Journal.GoalOfStep = sizing.GoalOf(plan), false
			continue
		}
		if step.Empty() {
			return path, why
		}
		if goal != nil {
			s.Journal.GoalOfStep = true
		}
		s = s.after(step)
		path = append(path, ForecastStep{step, s.Fleet})
	}
	return path, verdict.Reason{}
}

// after is the state once a step is done. Its shifts are written to.
func (s State) after(step state.Step) State {
	s.AsMeasured = s.AsMeasured.With(step.Changes).Drained()
	for i, x := range s.Shifts {
		if step.Traffic != nil && x.ID() == step.Traffic.Shift {
			s.Shifts[i].At = step.Traffic.To
		}
	}
	s.Fleet = s.AsMeasured
	for _, x := range s.Shifts {
		s.Fleet = x.Loaded(s.Fleet, x.At)
	}
	return s
}

// InHand is what the step in hand comes to: itself, or its undo where that comes first. Empty: none is in hand.
func (s State) InHand() state.Step {
	if s.Journal.Step == nil {
		return state.Step{}
	}
	return s.Back()
}

// Left is what of a step is still to be done, action by action.
type Left struct {
	Releases, Grants  []fleet.SettingChange
	Released, Granted bool                 // something of it is done already
	Drains            bool                 // a release is still to be seen to drain
	Traffic           *shift.TrafficChange // nil: no traffic is to be shifted, or it was
	Shifted           bool                 // the traffic change is made
	Soak              time.Duration        // 0: it ends without one
	// connections, by server: the worst case now, the highest during the step, and after it
	Before, Most, Then map[string]int
}

// Left says what of a step is left to do as things stand. A soak that was begun by another run is made anew.
func (s State) Left(step state.Step) Left {
	l := Left{Soak: s.Policy.Soak, Before: map[string]int{}, Most: map[string]int{}, Then: map[string]int{}}
	if state.Back(&step) || step.Empty() {
		l.Soak = 0
	}
	for _, x := range s.there(step.Changes) {
		at, _ := s.at(x)
		again := state.Back(&step) && s.Journal.LineUnsettled(x, x.To)
		switch {
		case at == x.To && !again && x.To < x.From:
			p, _ := s.Fleet.Pool(x.Pool())
			l.Released, l.Drains = true, l.Drains || p.OverConns > 0
		case at == x.To && !again:
			l.Granted = true
		case x.To < x.From:
			l.Releases, l.Drains = append(l.Releases, x), true
		default:
			l.Grants = append(l.Grants, x)
		}
	}
	if t := step.Traffic; t != nil && s.told(t.Shift) == t.To && s.says(t.Shift) == t.To {
		l.Shifted = true
	} else {
		l.Traffic = t
	}
	then := s.Fleet.With(slices.Concat(l.Releases, l.Grants)).Drained()
	for _, x := range s.Fleet.Servers {
		l.Before[x.Name], l.Then[x.Name] = s.Fleet.WorstConns(x.Name), then.WorstConns(x.Name)
		l.Most[x.Name] = max(l.Before[x.Name], l.Then[x.Name]) // a grant waits for the drain
	}
	return l
}

// actionsTake is how long the actions of a step take beside its soak, about. chosen: a sample before, two for the
// drain, one after.
const actionsTake = 4

// Takes is how long a number of steps takes, about, if nothing holds them.
func Takes(p state.Policy, steps int) time.Duration {
	return time.Duration(steps) * (p.Soak + actionsTake*p.Every)
}

// leastRecent is the least time of samples that may call a load other than planned. chosen: half of the window of a
// plan.
const leastRecent = 30 * time.Second

// Outgrown says which load has left the interval that a plan was made for upwards: what was seen lately is more in all
// it may be than what was planned for. None: none has, or too little was seen. The same pools carry the same names in
// both.
func Outgrown(planned, lately []load.Load) verdict.Reason {
	for _, now := range lately {
		i := slices.IndexFunc(planned, func(l load.Load) bool { return l.Pool == now.Pool })
		if i < 0 || now.Unknown.Any() || planned[i].Unknown.Any() || now.Window < leastRecent {
			continue
		}
		if planned[i].ByDay { // an hour may ask for more than the day
			continue
		}
		was, is := planned[i].Erlangs, now.Erlangs
		// one that has fallen may rise again: what was planned for it stays
		if is.Lower > was.Upper && now.Xacts >= load.LeastXacts {
			return verdict.Of(verdict.LoadGrown, now.Pool, is.Target, is.Lower, is.Upper, was.Target, was.Lower, was.Upper)
		}
	}
	return verdict.Reason{}
}

// LoadsOf are the loads of a fleet's pools, spread over the pools of each line as they are there.
func LoadsOf(f budget.Fleet) []load.Load {
	var out []load.Load
	for _, p := range f.Pools {
		l := p.Load
		if l.Pool, l.LinePools = p.ID, nil; l.Erlangs.Target > 0 {
			for _, c := range p.LinePools {
				l.LinePools = append(l.LinePools, load.LinePoolShare{Process: c.Process, User: c.User, Share: c.Share})
			}
		}
		out = append(out, l)
	}
	return out
}

// Renewed are the planned loads with those that were seen lately in their place, where they are more: what a step has
// made full hides its load, and a quiet hour is none of a day's peak.
func Renewed(planned, lately []load.Load) []load.Load {
	out := slices.Clone(planned)
	for i, l := range out {
		for _, now := range lately {
			if now.Pool == l.Pool && !l.ByDay && !now.Unknown.Any() && now.Window >= leastRecent &&
				now.Xacts >= load.LeastXacts && now.Erlangs.Target > l.Erlangs.Target {
				out[i] = now
			}
		}
	}
	return out
}
