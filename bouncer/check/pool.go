package check

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/words"
)

// LimitsBelow says, a sentence each, of which of its processes max_db_connections is below what the pool may have there
// by its size and reserve: the size is then out of reach when every user needs it at once.
func LimitsBelow(p budget.FleetPool) (low []string) {
	for _, s := range p.Sizes {
		sum := 0
		for _, c := range p.LinePools {
			if c.Process == s.Process && !c.Shared {
				sum += c.Worst(s.Conns, p.ReserveConns)
			}
		}
		if s.CapConns > 0 && sum > s.CapConns {
			low = append(low, fmt.Sprintf("max_db_connections is %d in %s, and its pools there may have %d by their sizes",
				s.CapConns, s.Process, sum))
		}
	}
	return low
}

// OwnSizes says, a sentence each, which users of a pool that may be sized have a pool_size of their own, which beats
// that of the line: no step changes it. Each user is named once.
func OwnSizes(p budget.FleetPool) (own []string) {
	if p.Frozen.Any() && !p.FrozenByLoad() {
		return nil
	}
	conns, in := map[string]int{}, map[string][]string{}
	var users []string
	for _, c := range p.LinePools {
		if !c.OwnSize {
			continue
		}
		if conns[c.User] == 0 {
			users = append(users, c.User)
		}
		conns[c.User] = max(conns[c.User], c.FixedConns, c.MaybeConns)
		in[c.User] = append(in[c.User], c.Process)
	}
	for _, u := range users {
		own = append(own, fmt.Sprintf("%s has a pool_size of %d of its own in %s", u, conns[u], words.LinesText(in[u])))
	}
	return own
}
