package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Goal is where a run goes: the sizes of a Plan, frozen.
type Goal struct {
	Pools []GoalPool `json:"pools"` // sorted by id

	// Lines are those of pools that go there line by line: no other line of such a pool is moved. Sorted.
	Lines []GoalLine `json:"lines,omitempty"`
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
	return slices.Equal(g.Lines, h.Lines) && slices.EqualFunc(g.Pools, h.Pools, func(a, b GoalPool) bool {
		return a.Pool == b.Pool && a.Size == b.Size && a.Reserve == b.Reserve
	})
}

// Text is the goal in words: "main/app 36, ci/app 8". Where a pool goes there line by line, it says which: "main/app 6
// (main/1, main/3), main/app 4 (main/2)".
func (g Goal) Text() string {
	var parts []string
	for _, p := range g.Pools {
		if !g.byLine(p.Pool) {
			parts = append(parts, fmt.Sprintf("%s %d", p.Pool, p.Size))
			continue
		}
		var sets []Set
		for _, l := range g.linesOf(p.Pool) {
			sets = append(sets, l.set())
		}
		for _, m := range movesOf(sets) {
			what := ""
			if m.Key != KeySize {
				what = " " + string(m.Key)
			}
			parts = append(parts, fmt.Sprintf("%s%s %d (%s)", p.Pool, what, m.To, linesText(m.in)))
		}
	}
	return strings.Join(parts, ", ")
}

// Pool returns one pool's part.
func (g Goal) Pool(id string) (GoalPool, bool) {
	i, found := slices.BinarySearchFunc(g.Pools, id, func(p GoalPool, id string) int { return cmp.Compare(p.Pool, id) })
	if !found {
		return GoalPool{}, false
	}
	return g.Pools[i], true
}
