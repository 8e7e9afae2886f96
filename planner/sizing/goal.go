package sizing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/words"
)

// Goal is where a run goes: the sizes of a Plan, frozen.
type Goal struct {
	Pools []GoalPool `json:"pools"` // sorted by id

	// Lines are those of pools that go there line by line: no other line of such a pool is moved. Sorted.
	Lines []GoalLine `json:"lines,omitempty"`
}

// GoalPool is one pool's size to be.
type GoalPool struct {
	Pool     string      `json:"pool"`
	Server   string      `json:"server"`
	Size     int         `json:"size"`              // pool_size, connections of each pool of the line
	Reserve  int         `json:"reserve"`           // reserve_pool_size, connections of each pool of the line
	MeanWait fleet.Float `json:"mean_wait_seconds"` // modelled there, at target load
}

// GoalOf returns a plan's sizes, those of pools that it leaves alone apart.
func GoalOf(p Plan) Goal {
	var g Goal
	for _, x := range p.Pools {
		if !x.Frozen.Any() {
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
		if !g.ByLine(p.Pool) {
			parts = append(parts, fmt.Sprintf("%s %d", p.Pool, p.Size))
			continue
		}
		var sets []fleet.SettingChange
		for _, l := range g.LinesOf(p.Pool) {
			sets = append(sets, l.Change())
		}
		for _, m := range fleet.MovesOf(sets) {
			what := ""
			if m.Key != fleet.KeySize {
				what = " " + string(m.Key)
			}
			parts = append(parts, fmt.Sprintf("%s%s %d (%s)", p.Pool, what, m.To, words.LinesText(m.In)))
		}
	}
	return strings.Join(parts, ", ")
}

// Pool returns the goal of the pool of that id; false: the goal leaves that pool alone.
func (g Goal) Pool(id string) (GoalPool, bool) {
	i, found := slices.BinarySearchFunc(g.Pools, id, func(p GoalPool, id string) int { return cmp.Compare(p.Pool, id) })
	if !found {
		return GoalPool{}, false
	}
	return g.Pools[i], true
}

// GoalLine is one setting of one line, where the processes of a pool are to differ, or not all of them are to be moved.
type GoalLine struct {
	Process string    `json:"process"`
	Alias   string    `json:"alias"`
	Key     fleet.Key `json:"key"`
	To      int       `json:"to"` // connections of each pool of the line, or seconds of a lifetime
}

// Change returns the line as a change from To to To, for everything that compares and sorts changes.
func (l GoalLine) Change() fleet.SettingChange {
	return fleet.SettingChange{Process: l.Process, Alias: l.Alias, Key: l.Key, From: l.To, To: l.To}
}

// CompareLines orders lines by process, alias and key, for slices.SortFunc.
func CompareLines(a, b GoalLine) int { return fleet.CompareChanges(a.Change(), b.Change()) }

// LinesOf returns the lines of one pool; none: the pool goes to one size, or is not in the goal.
func (g Goal) LinesOf(pool string) []GoalLine {
	var out []GoalLine
	for _, l := range g.Lines {
		if l.Change().Pool() == pool {
			out = append(out, l)
		}
	}
	return out
}

// ByLine reports whether a pool goes there line by line.
func (g Goal) ByLine(pool string) bool {
	return slices.ContainsFunc(g.Lines, func(l GoalLine) bool { return l.Change().Pool() == pool })
}

// Changes returns the changes that bring a pool from today's sizes to the goal's; nil where the goal leaves the pool
// alone.
func (g Goal) Changes(p budget.FleetPool) []fleet.SettingChange {
	goal, ours := g.Pool(p.ID)
	if !ours {
		return nil
	}
	lines, byLine := g.LinesOf(p.ID), g.ByLine(p.ID)
	var out []fleet.SettingChange
	for _, s := range p.Sizes {
		for _, x := range []fleet.SettingChange{{Process: s.Process, Alias: p.Alias, Key: fleet.KeySize, From: s.Conns,
			To: goal.Size}, {Process: s.Process, Alias: p.Alias, Key: fleet.KeyReserve,
			From: p.ReserveConns, To: goal.Reserve}} {
			i := slices.IndexFunc(lines, func(l GoalLine) bool { return l.Change().Same(x) })
			if i >= 0 {
				x.To = lines[i].To
			}
			if i >= 0 || !byLine {
				out = append(out, x)
			}
		}
	}
	return out
}
