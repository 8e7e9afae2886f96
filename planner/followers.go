package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Followers lists the pools (group/alias) of a group that have, in each process that has them, what their process gives
// to a line without numbers of its own, sorted. No console tells which of them have a line at all: those that have none
// live by the line of *. Where they are gathered already (Gather), it is empty.
func Followers(o Observation, group string) []string {
	follows := map[string]bool{}
	for _, p := range o.Processes {
		if p.Group != group {
			continue
		}
		for _, a := range p.Aliases {
			id := group + "/" + a.Name
			before, seen := follows[id]
			follows[id] = p.defaults(a) && (before || !seen)
		}
	}
	if _, gathered := follows[group+"/"+AutoDB]; gathered {
		return nil
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(follows)) {
		if follows[id] {
			out = append(out, id)
		}
	}
	return out
}

// defaults reports whether an alias has what its process gives to a line without numbers of its own.
func (p Process) defaults(a Alias) bool {
	s := p.Settings
	return a.SizeConns == s.DefaultPoolConns && a.ReserveConns == s.DefaultReserveConns && (a.mode() == "" || a.mode() == s.PoolMode)
}

// mode is the pool mode of an alias's line, whatever its users have.
func (a Alias) mode() string { return cmp.Or(a.LinePoolMode, a.PoolMode) }

// markFollowers marks pools of ours whose size follows default_pool_size, for all that a console tells, and says group by
// group what that means.
func markFollowers(o Observation, pools []FleetPool) (notes []string) {
	for i, proc := range o.Processes {
		if i > 0 && o.Processes[i-1].Group == proc.Group {
			continue
		}
		var ids []string
		all := Followers(o, proc.Group)
		for j, p := range pools {
			if _, follows := slices.BinarySearch(all, p.ID); follows && p.Frozen == "" {
				pools[j].Follows = true
				ids = append(ids, p.ID)
			}
		}
		if len(ids) > 0 {
			notes = append(notes, fmt.Sprintf("%s %s default_pool_size, %d: a line without a size of its own needs one before it can change alone; a database without a line lives by the line of *, "+
				"and is sized with all such: list %s/%s in its place; the ledger then has the users and databases that "+
				"were seen or are declared, and none that may yet come",
				strings.Join(ids, ", "), plural(len(ids), "has", "have"), proc.Settings.DefaultPoolConns, proc.Group, AutoDB))
		}
	}
	return notes
}
