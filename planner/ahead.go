package planner

import (
	"slices"
	"time"
)

// mostAhead bounds how far Ahead looks. chosen: a way of more steps is as good as one without an end.
const mostAhead = 10000

// Waystation is a step that is still to come.
type Waystation struct {
	Step  Step
	After Fleet // once the step is done: its sizes in force, what they release drained, the loads that the switches make then
}

// Ahead returns the steps that are still to come from where a fleet is to its goal, over the shifts that are not where they go,
// if nothing else happens: every release drains, no load changes, and what is believed of fractions is true. blocked says why
// they do not lead there; empty: they do.
func (s Situation) Ahead() (way []Waystation, blocked string) {
	s.Shifts = slices.Clone(s.Shifts)
	if s.AsMeasured.Pools == nil {
		s.AsMeasured = s.Fleet
	}
	s.foreseen, s.Gate, s.Trail = true, Gate{}, Trail{}
	for len(way) < mostAhead {
		shift, turning := s.turning()
		step, goal, why := s.NextStep()
		if step.Empty() && !turning && why == "" && s.Memory.Leg && s.Memory.RollTo == 0 {
			plan, err := Solve(s.Fleet, Options{})
			if err != nil {
				return way, err.Error()
			}
			s.Goal, s.Memory.Leg = GoalOf(plan), false
			continue
		}
		if step.Empty() {
			return way, why
		}
		if goal != nil {
			s.Memory.Leg = true
		}
		s.AsMeasured = s.AsMeasured.With(step.Sets).Drained()
		if step.Turn != nil {
			i := slices.IndexFunc(s.Shifts, func(x Shift) bool { return x.ID() == shift.ID() })
			s.Shifts[i].At = step.Turn.To
		}
		s.Fleet = s.AsMeasured
		for _, x := range s.Shifts {
			s.Fleet = x.Loaded(s.Fleet, x.At)
		}
		way = append(way, Waystation{step, s.Fleet})
	}
	return way, ""
}

// Drained returns the fleet without the connections that are open beyond what its settings allow.
func (f Fleet) Drained() Fleet {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		f.Pools[i].drain()
	}
	return f
}

// drain takes off a pool what is open beyond what its settings allow.
func (p *FleetPool) drain() {
	own := false // its copies: until then they are those of the fleet that it is of
	for _, s := range p.Sizes {
		for j, c := range p.Copies {
			if c.Process != s.Process {
				continue
			}
			most := c.worst(s.Conns, p.ReserveConns)
			if c.SeenConns <= most {
				continue
			}
			if !own {
				p.Copies, own = slices.Clone(p.Copies), true
			}
			p.Copies[j].SeenConns = most
		}
	}
	if own {
		p.tally()
	}
}

// actsTake is how long the acts of a step take beside its soak, about. chosen: a look before, two for the drain, one after.
const actsTake = 4

// Takes is how long a number of steps takes, about, if nothing holds them.
func (p Policy) Takes(steps int) time.Duration {
	return time.Duration(steps) * (p.Soak + actsTake*p.Every)
}
