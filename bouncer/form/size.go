package form

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Size is what a pool of a group is to have, in each of its processes.
type Size struct {
	Group, Alias string
	Key          fleet.Key // KeySize or KeyReserve
	Conns        int       // connections of each pool of the line
	Processes    int       // of the group
	Stays        bool      // the step leaves it: it is told to tools that have one number for every database
}

// SizesOf are the sizes of all groups, once before and then changes are made to what the processes have now, sorted.
// The error, of KindDrift, is about processes of a group that would differ in what is changed: no tool writes that.
func SizesOf(changes, before []fleet.SettingChange, now []fleet.Process) ([]Size, error) {
	count := map[string]int{}
	for _, p := range now {
		count[p.Group]++
	}
	end := slices.Clone(changes)
	add := func(x fleet.SettingChange) {
		if !slices.ContainsFunc(end, x.Same) {
			end = append(end, x)
		}
	}
	for _, p := range now {
		for _, a := range p.Aliases {
			if a.Gone || a.Hidden {
				continue
			}
			for key, conns := range map[fleet.Key]int{fleet.KeySize: a.SizeConns, fleet.KeyReserve: a.ReserveConns} {
				x := fleet.SettingChange{Process: p.ID, Alias: a.Name, Key: key, To: conns}
				if i := slices.IndexFunc(before, x.Same); i >= 0 {
					x.To = before[i].To
				}
				add(x)
			}
		}
	}
	var out []Size
	for _, x := range end {
		s := Size{Group: x.Group(), Alias: x.Alias, Key: x.Key, Conns: x.To, Processes: count[x.Group()],
			Stays: !slices.ContainsFunc(changes, func(c fleet.SettingChange) bool {
				return c.Pool() == x.Pool() && c.Key == x.Key
			})}
		if slices.Contains(out, s) {
			continue
		}
		i := slices.IndexFunc(out, func(y Size) bool { return y.Group == s.Group && y.Alias == s.Alias && y.Key == s.Key })
		if i >= 0 && !s.Stays {
			return nil, &operr.Error{Kind: operr.KindDrift, Subject: x.Pool(),
				Err: fmt.Errorf("%s is to be %d in one process and %d in another, and a form has one number for the group", x.Key,
					out[i].Conns, s.Conns),
				Hint: "make the processes of the group equal first: --emit patch shows the lines of each"}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Size) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Key, b.Key),
			cmp.Compare(a.Conns, b.Conns))
	})
	return out, nil
}

// changed are the sizes that the step changes.
func changed(sizes []Size) []Size {
	return slices.DeleteFunc(slices.Clone(sizes), func(s Size) bool { return s.Stays })
}

// groups are the names in sizes, sorted.
func groups(sizes []Size) (names []string) {
	for _, s := range sizes {
		names = append(names, s.Group)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// of are the sizes of a group.
func of(group string, sizes []Size) (own []Size) {
	for _, s := range sizes {
		if s.Group == group {
			own = append(own, s)
		}
	}
	return own
}
