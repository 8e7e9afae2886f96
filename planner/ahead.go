package planner

import (
	"slices"
	"time"
)

// mostAhead bounds how far Ahead looks. chosen: a way of more steps is as good as one without an end.
const mostAhead = 10000

// Ahead returns the steps that are still to come from where a fleet is to its goal, if nothing else happens: every release
// drains, and no load changes.
func Ahead(f Fleet, g Goal, policy Policy) []Step {
	var steps []Step
	for len(steps) < mostAhead {
		step := Equal(f, g, policy, nil)
		if len(step.Sets) == 0 {
			step, _ = Waypoint(f, roomFirst(f, g), policy, nil)
		}
		if len(step.Sets) == 0 {
			break
		}
		steps = append(steps, step)
		f = f.With(step.Sets).drained()
	}
	return steps
}

// drained returns the fleet without the connections that are open beyond what its settings allow.
func (f Fleet) drained() Fleet {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			for _, s := range p.Sizes {
				if c := &p.Copies[j]; c.Process == s.Process {
					c.SeenConns = min(c.SeenConns, c.worst(s.Conns+p.ReserveConns))
				}
			}
		}
		p.tally()
	}
	return f
}

// actsTake is how long the acts of a step take beside its soak, about. chosen: a look before, two for the drain, one after.
const actsTake = 4

// Takes is how long a number of steps takes, about, if nothing holds them.
func (p Policy) Takes(steps int) time.Duration {
	return time.Duration(steps) * (p.Soak + actsTake*p.Every)
}
