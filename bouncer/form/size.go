package form

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// Size is what a pool of a group is to have, in each of its processes.
type Size struct {
	Group, Alias string
	Key          fleet.Key // KeySize or KeyReserve
	Conns        int       // connections of each pool of the line
	Processes    int       // of the group
}

// SizesOf are the sizes that changes come to, sorted; processes says how many each group has. The error, of KindDrift,
// is about processes of a group that are to differ: no tool writes that.
func SizesOf(changes []fleet.SettingChange, processes map[string]int) ([]Size, error) {
	var out []Size
	for _, x := range changes {
		group, _, _ := strings.Cut(x.Process, "/")
		s := Size{Group: group, Alias: x.Alias, Key: x.Key, Conns: x.To, Processes: processes[group]}
		i := slices.IndexFunc(out, func(y Size) bool { return y.Group == s.Group && y.Alias == s.Alias && y.Key == s.Key })
		switch {
		case i < 0:
			out = append(out, s)
		case out[i].Conns != s.Conns:
			return nil, &operr.Error{Kind: operr.KindDrift, Subject: group + "/" + x.Alias,
				Err: fmt.Errorf("%s is to be %d in one process and %d in another, and a form has one number for the group", x.Key,
					out[i].Conns, s.Conns),
				Hint: "make the processes of the group equal first: --emit patch shows the lines of each"}
		}
	}
	slices.SortFunc(out, func(a, b Size) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Alias, b.Alias), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
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
