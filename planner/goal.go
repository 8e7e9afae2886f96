package planner

import (
	"cmp"
	"slices"
)

// Goal is where a run goes: the sizes of a Plan, frozen.
type Goal struct {
	Pools []GoalPool `json:"pools"` // sorted by id
}

// GoalPool is one pool's size to be.
type GoalPool struct {
	Pool     string `json:"pool"`
	Server   string `json:"server"`
	Size     int    `json:"size"`
	Reserve  int    `json:"reserve"`
	MeanWait Float  `json:"mean_wait_seconds"` // modelled there, at target load
}

// GoalOf returns a plan's sizes, those of pools that it leaves alone apart.
func GoalOf(p Plan) Goal {
	var g Goal
	for _, x := range p.Pools {
		if x.Frozen == "" {
			g.Pools = append(g.Pools, GoalPool{x.ID, x.Server, x.ToSize, x.ReserveSize, x.Wait.Mean})
		}
	}
	return g
}

// SameSizes reports whether two goals are the same, waits apart.
func (g Goal) SameSizes(h Goal) bool {
	return slices.EqualFunc(g.Pools, h.Pools, func(a, b GoalPool) bool {
		return a.Pool == b.Pool && a.Size == b.Size && a.Reserve == b.Reserve
	})
}

// Pool returns one pool's part.
func (g Goal) Pool(id string) (GoalPool, bool) {
	i, found := slices.BinarySearchFunc(g.Pools, id, func(p GoalPool, id string) int { return cmp.Compare(p.Pool, id) })
	if !found {
		return GoalPool{}, false
	}
	return g.Pools[i], true
}
