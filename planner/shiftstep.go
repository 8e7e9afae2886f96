package planner

import (
	"fmt"
	"slices"
)

// shiftStep is the next step on the way of a shift: sizes towards those of the furthest jump, and as much traffic as they
// serve then; with the goal that it goes towards. blocked says why there is none.
func (s Situation) shiftStep(shift Shift) (Step, *Goal, string) {
	f := s.AsMeasured
	for _, other := range s.Shifts {
		if other.ID() != shift.ID() {
			f = other.Loaded(f, other.At)
		}
	}
	if err := shift.check(f, 1); err != nil {
		return Step{Kind: Forward}, nil, err.Error()
	}
	if why := s.later(shift); why != "" {
		return Step{Kind: Forward}, nil, why
	}
	if s.Memory.RollTo > 0 { // it takes back what was moved, and moves nothing else
		f.Pools = slices.Clone(f.Pools)
		for i, p := range f.Pools {
			if _, back := s.Target.Pool(p.ID); !back && p.ID != shift.From && p.ID != shift.To && p.Frozen == "" {
				f.Pools[i].Frozen = "a rollback leaves it as it is"
			}
		}
	}
	r := newRoute(f, shift)
	limit := r.limit(shift.At, s.Memory.points(shift.ID(), s.Policy))
	jump, blocked, err := r.furthest(shift.At, limit)
	if s.Memory.RollTo > 0 { // what was there before is gone back to over sizes that still stand, where they serve it
		if n := len(s.Memory.Past); n > 0 && limit != shift.At { // those of the newest step were made to serve its way back, too
			if t := s.Memory.Past[n-1].Step.Turn; t != nil && t.Shift == shift.ID() && t.To == shift.At && s.stands(s.Memory.Past[n-1].Step) {
				back := t.Back()
				return Step{Kind: Forward, Turn: &back}, nil, ""
			}
		}
		if y := r.reach(f, shift.At, limit); y != shift.At {
			return Step{Kind: Forward, Turn: &Turn{shift.ID(), shift.At, y}}, nil, ""
		}
	}
	if err != nil {
		why := err.Error()
		if blocked != nil {
			why += "; what would do: " + blocked.Cures()
		}
		return Step{Kind: Forward}, nil, why
	}
	goal := GoalOf(jump.Plan)
	f = shift.Loaded(f, jump.To)
	step, why := s.towards(f, goal)
	if step.Kind == Equalise {
		return step, &goal, why
	}
	step.Sets = slices.DeleteFunc(step.Sets, func(x Set) bool { // what is held on another server holds nothing here
		server := s.server(x.Pool())
		return server != s.server(shift.From) && s.forbidden([]Set{x}).any()
	})
	if y := r.reach(f.With(step.Sets), shift.At, jump.To); y != shift.At {
		step.Turn = &Turn{shift.ID(), shift.At, y}
		why = ""
	}
	return step, &goal, why
}

// later says which other shift from the same pool is past this one: its fraction is of what this one leaves, so this one moves
// no more. Empty: none is, or all of them go back.
func (s Situation) later(shift Shift) string {
	i := slices.IndexFunc(s.Shifts, func(x Shift) bool { return x.ID() == shift.ID() })
	for _, x := range s.Shifts[i+1:] {
		if x.From == shift.From && x.At != 0 && s.Memory.RollTo == 0 {
			return fmt.Sprintf("traffic of %s stands at %d %%, and its fraction is of what %s leaves: bring it back to 0 %% first", x.ID(), x.At, shift.ID())
		}
	}
	return ""
}

// points is how far a step may turn a switch: half as far after each soak that was not what was expected, until one is.
func (m Memory) points(shift string, policy Policy) int {
	most := policy.Points()
	for _, p := range slices.Backward(m.Points) {
		if p.Shift != shift || p.Survey {
			continue
		}
		if p.Surprise() == "" && p.Useless == "" {
			break
		}
		most = max(1, most/2)
	}
	return most
}

// PointsOf are those of one shift.
func (m Memory) PointsOf(shift string) []Point {
	return slices.DeleteFunc(slices.Clone(m.Points), func(p Point) bool { return p.Shift != shift })
}
