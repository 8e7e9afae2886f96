package planner

import (
	"fmt"
	"slices"
	"strings"
)

// bound counts a copy with what was declared of its user, where that is less than what its pool may open and no less
// than what is open.
func (c *Copy) bound(declared []UserMax, open, size, reserve int) {
	for _, m := range declared {
		if m.User == c.User && m.Conns < c.worst(size, reserve) && open <= m.Conns {
			c.FixedConns, c.MaybeConns, c.OwnSize, c.OwnReserve, c.Doubtful, c.Bounded = m.Conns, 0, false, 0, false, true
		}
	}
}

// disproved names the users that have more connections open than were declared: they are counted as if nothing had been.
func (d DeclaredPool) disproved(at []placed) (notes []string) {
	for _, x := range at {
		for _, g := range x.alias.Pools {
			for _, m := range d.UserMax {
				if open := g.slots(); m.User == g.User && open > m.Conns {
					notes = append(notes, fmt.Sprintf("%s: users: declares at most %d connections of %s, and %s has %d open: its strict line counts", d.ID, m.Conns, m.User, x.process.ID, open))
				}
			}
		}
	}
	return notes
}

// boundNotes names the users that are counted with fewer connections than their pools may open.
func (p FleetPool) boundNotes() []string {
	users, processes := map[string]int{}, map[string]int{}
	var order []string
	free := p
	free.Copies = slices.Clone(p.Copies)
	for i, c := range p.Copies {
		if !c.Bounded {
			continue
		}
		if processes[c.User] == 0 {
			order = append(order, c.User)
		}
		users[c.User], processes[c.User] = c.FixedConns, processes[c.User]+1
		free.Copies[i].FixedConns = 0
	}
	if len(order) == 0 || len(p.Sizes) == 0 {
		return nil
	}
	free.tally()
	var parts []string
	for _, u := range order {
		parts = append(parts, fmt.Sprintf("%s with %d in each of %d %s", u, users[u], processes[u], plural(processes[u], "process", "processes")))
	}
	return []string{fmt.Sprintf("accepted risk: %s counts %s, as declared: %d connections; the strict line would be %d", p.ID, strings.Join(parts, ", "), p.WorstConns, free.WorstConns)}
}

// unfollowed says why no copy of a pool follows its line; empty: some do.
func (p FleetPool) unfollowed() string {
	if p.sized() > 0 || len(p.Copies) == 0 {
		return ""
	}
	var users []string
	for _, c := range p.Copies {
		if name := fmt.Sprintf("%s %d", c.User, c.fixed(p.ReserveConns)); !slices.Contains(users, name) {
			users = append(users, name)
		}
	}
	return fmt.Sprintf("the pool_size %d of its line has no effect: each user has its own, with its reserve (%s)", p.largestSize(), strings.Join(users, ", "))
}

// doubtful reports whether sizes of users on a server may be those of other users, or a limit that would bind is not
// known to be in force.
func (f Fleet) doubtful(server string) bool {
	at := placesOf(f.Pools)
	return f.sizesInDoubt(server) || slices.ContainsFunc(f.Limits, func(l Limit) bool {
		here := false
		l.members(f.Pools, at, func(p *FleetPool, _ int) { here = here || p.On(server) })
		return here && l.Unproved && l.use(f.Pools, at) > l.Conns
	})
}

// sizesInDoubt reports whether sizes of users on a server may be those of other users.
func (f Fleet) sizesInDoubt(server string) bool {
	return slices.ContainsFunc(f.Pools, func(p FleetPool) bool {
		return p.On(server) && slices.ContainsFunc(p.Copies, func(c Copy) bool { return c.MaybeConns > 0 || c.Doubtful })
	})
}

// doubt says of a certificate that it counts sizes which may be those of other users.
func (i *Infeasible) doubt() {
	i.Text += "; not proved: sizes or limits of users are in doubt, and the larger ones are counted"
	i.cure = "write config: with the path of each process's pgbouncer.ini, which settles the sizes of [users]; or see the least bad plan with --best-effort"
}
