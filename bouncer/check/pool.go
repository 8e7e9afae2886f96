package check

import (
	"fmt"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/words"
)

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
