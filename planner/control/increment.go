package control

import (
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// shiftStep is the next step on the path of a shift: sizes towards those of the furthest jump, and as much traffic as
// they serve then; with the goal that it goes towards. blocked says why there is none.
func (s State) shiftStep(sh shift.Shift) (state.Step, *sizing.Goal, verdict.Reason) {
	f := s.AsMeasured
	for _, other := range s.Shifts {
		if other.ID() != sh.ID() {
			f = other.Loaded(f, other.At)
		}
	}
	if err := sh.Check(f, 1); err != nil {
		return state.Step{Kind: state.Forward}, nil, noPath(sh, nil, err)
	}
	if why := s.later(sh); why.Any() {
		return state.Step{Kind: state.Forward}, nil, why
	}
	if s.Journal.RollTo > 0 { // it takes back what was moved, and moves nothing else
		f.Pools = slices.Clone(f.Pools)
		for i, p := range f.Pools {
			if _, back := s.Target.Pool(p.ID); !back && p.ID != sh.From && p.ID != sh.To && !p.Frozen.Any() {
				f.Pools[i].Frozen = verdict.Print(verdict.SwitchUnchanged, "")
			}
		}
	}
	r := shift.NewRoute(f, sh)
	limit := r.Limit(sh.At, s.Journal.MostIncrement(sh.ID(), s.Policy))
	jump, blocked, err := r.Furthest(sh.At, limit)
	if s.Journal.RollTo > 0 { // what was there before is gone back to over sizes that still stand, where they serve it
		// those of the newest step were made to serve its undo, too
		if n := len(s.Journal.Past); n > 0 && limit != sh.At {
			if t := s.Journal.Past[n-1].Step.Traffic; t != nil && t.Shift == sh.ID() && t.To == sh.At &&
				s.stands(s.Journal.Past[n-1].Step) {
				back := t.Back()
				return state.Step{Kind: state.Forward, Traffic: &back}, nil, verdict.Reason{}
			}
		}
		if y := r.Reach(f, sh.At, limit); y != sh.At {
			return state.Step{Kind: state.Forward, Traffic: &shift.TrafficChange{Shift: sh.ID(), From: sh.At, To: y}}, nil,
				verdict.Reason{}
		}
	}
	if err != nil {
		return state.Step{Kind: state.Forward}, nil, noPath(sh, blocked, err)
	}
	goal := sizing.GoalOf(jump.Plan)
	f = sh.Loaded(f, jump.To)
	step, why := s.towards(f, goal)
	if step.Kind == state.Equalise {
		return step, &goal, why
	}
	// what is held on another server holds nothing here
	step.Changes = slices.DeleteFunc(step.Changes, func(x fleet.SettingChange) bool {
		server := s.server(x.Pool())
		return server != s.server(sh.From) && s.forbidden([]fleet.SettingChange{x}).any()
	})
	if y := r.Reach(f.With(step.Changes), sh.At, jump.To); y != sh.At {
		step.Traffic = &shift.TrafficChange{Shift: sh.ID(), From: sh.At, To: y}
		why = verdict.Reason{}
	}
	return step, &goal, why
}

// later says which other shift from the same pool is past this one: its fraction is of what this one leaves, so this
// one moves no more. None: none is, or all of them go back.
func (s State) later(sh shift.Shift) verdict.Reason {
	i := slices.IndexFunc(s.Shifts, func(x shift.Shift) bool { return x.ID() == sh.ID() })
	for _, x := range s.Shifts[i+1:] {
		if x.From == sh.From && x.At != 0 && s.Journal.RollTo == 0 {
			return verdict.Of(verdict.LaterShift, x.ID(), x.At, sh.ID())
		}
	}
	return verdict.Reason{}
}

// shift returns a shift of the state with what its switch says.
func (s State) shift(id string) (shift.Shift, state.Reading, bool) {
	i := slices.IndexFunc(s.Shifts, func(x shift.Shift) bool { return x.ID() == id })
	if i < 0 {
		return shift.Shift{}, state.Reading{}, false
	}
	if i >= len(s.Readings) { // nobody has asked its switch
		return s.Shifts[i], state.Reading{}, true
	}
	return s.Shifts[i], s.Readings[i], true
}

// Shifting reports whether a switch is still to be set.
func (s State) Shifting() bool {
	_, shifting := s.shifting()
	return shifting
}

// shifting is the shift whose switch is next to be set: the first that is not where it goes.
func (s State) shifting() (shift.Shift, bool) {
	all := s.Shifts
	if s.Journal.RollTo > 0 { // the last that was made goes back first
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	i := slices.IndexFunc(all, func(x shift.Shift) bool { return x.At != x.Until })
	if i < 0 {
		return shift.Shift{}, false
	}
	return all[i], true
}

// unreadSwitch says which switch that is still to be set could not be asked; none: each could.
func (s State) unreadSwitch() verdict.Reason {
	step := s.Journal.Step
	for i, r := range s.Readings {
		moves := s.Shifts[i].At != s.Shifts[i].Until || step != nil && step.Traffic != nil &&
			step.Traffic.Shift == s.Shifts[i].ID()
		if r.Err != nil && moves {
			return verdict.Of(verdict.SwitchUnknown, s.Shifts[i].ID(), r.Err)
		}
	}
	return verdict.Reason{}
}

// switchDrift says which switch says what the journal does not explain: somebody else set it.
func (s State) switchDrift() verdict.Reason {
	step := s.Journal.Step
	if step != nil && step.Traffic != nil {
		if _, _, there := s.shift(step.Traffic.Shift); !there {
			return verdict.Of(verdict.ShiftGone, step.Traffic.Shift)
		}
	}
	for i, r := range s.Readings {
		id := s.Shifts[i].ID()
		known, ok := s.Journal.Switch(id)
		if !ok || !r.Said || r.X == known.X || known.Any {
			continue
		}
		if in := s.Journal.Intent; in != nil && in.Traffic != nil && in.Traffic.Shift == id && (r.X == in.Traffic.From ||
			r.X == in.Traffic.To) {
			continue // nobody knows whether it was made
		}
		ours := step != nil && step.Traffic != nil && step.Traffic.Shift == id
		if r.X == known.Or && ours {
			continue // it was told, and does not say so yet
		}
		if s.Shifts[i].ByHand && ours && r.X == step.Traffic.To {
			if step.Kind == state.Backward || s.stands(*step) {
				continue
			}
			return verdict.Of(verdict.SwitchEarly, id, r.X, known.X)
		}
		return verdict.Of(verdict.SwitchChanged, id, r.X, known.X)
	}
	return verdict.Reason{}
}

// stands reports whether every line of a step is as the step makes it.
func (s State) stands(step state.Step) bool {
	if s.unseen { // as far as the journal knows
		return !slices.ContainsFunc(step.Changes, func(x fleet.SettingChange) bool {
			return s.Journal.LineUnsettled(x,
				x.To)
		})
	}
	return !slices.ContainsFunc(step.Changes, func(x fleet.SettingChange) bool { at, _ := s.at(x); return at != x.To })
}

// shifted reports whether the step's traffic has moved, or may have: the switch was set, or says so.
func (s State) shifted(step state.Step) bool {
	return step.Traffic != nil && (s.told(step.Traffic.Shift) == step.Traffic.To ||
		s.says(step.Traffic.Shift) == step.Traffic.To)
}

// told is what a switch was set to last, in percent, as far as the journal knows.
func (s State) told(shift string) int {
	if known, ok := s.Journal.Switch(shift); ok {
		return known.X
	}
	return s.says(shift)
}

// says is what a switch says, in percent, which may be what it was set to before.
func (s State) says(shift string) int {
	x, _, _ := s.shift(shift)
	return x.At
}

// trafficDue is what is due for a step's traffic change, if anything is: to make it, to wait for the person who makes
// it, or to wait until the switch says what it was set to.
func (s State) trafficDue(t shift.TrafficChange) (a state.Action, due bool) {
	shift, reading, _ := s.shift(t.Shift)
	told := s.told(t.Shift)
	switch {
	case shift.ByHand && shift.At == t.To && told != t.To:
		return state.ShiftOf(t, verdict.Of(verdict.ByHand, "")), true
	case shift.ByHand && shift.At != t.To:
		if s.Now.Sub(s.Journal.SettledAt) >= s.Policy.SwitchFor {
			return state.StopWith(state.Held, verdict.Of(verdict.SwitchNotSet, t.Shift, t.To, s.Policy.SwitchFor)), true
		}
		return state.HoldBecause(verdict.Of(verdict.SetSwitchNow, t.Shift, shift.At, t.To), s.Policy.Every), true
	case told != t.To:
		t.From = told
		return state.ShiftOf(t, verdict.Reason{}), true
	case reading.Said && reading.X != t.To:
		why := verdict.Of(verdict.StillSays, t.Shift, t.To, reading.X)
		if known, _ := s.Journal.Switch(t.Shift); s.Now.Sub(known.At) >= s.Policy.Stale {
			return s.Hold(why), true
		}
		return state.WaitBecause(why, s.Policy.Every), true
	}
	return a, false
}

// trafficForbidden says why traffic may not be shifted now: a signal of its server, or a pool that waits and would get
// more. What goes back in a rollback is held by nothing.
func (s State) trafficForbidden(t *shift.TrafficChange) obstacle {
	if t == nil || s.Journal.RollTo > 0 {
		return obstacle{}
	}
	shift, _, _ := s.shift(t.Shift)
	if why := s.Guard.Held(s.server(shift.From)); why.Any() {
		return obstacle{why: why}
	}
	if t.To < t.From {
		return s.suffers(shift.From, time.Time{})
	}
	return s.suffers(shift.To, time.Time{})
}
