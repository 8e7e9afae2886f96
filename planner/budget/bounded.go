package budget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// AtMost says why the worst case of a server's pools today may be more than PgBouncer can ever have open, each reason
// once; none: the worst case is exact, and no arithmetic on what was seen comes to less.
func (f Fleet) AtMost(server string) (reasons []verdict.Reason) {
	var maybe []verdict.Reason // reasons that matter only where the worst case is less without what is in doubt
	note := func(list *[]verdict.Reason, why verdict.Reason) {
		if !slices.ContainsFunc(*list, why.Same) {
			*list = append(*list, why)
		}
	}
	doubt, crossed := f.SizesInDoubt(server), false
	if doubt {
		note(&maybe, verdict.Of(verdict.SizesInDoubt, ""))
	}
	for _, p := range f.Pools {
		if p.On(server) && p.Uneven {
			note(&reasons, verdict.Of(verdict.ReservesDiffer, p.ID))
		}
		if p.On(server) && p.Guessed != "" {
			note(&reasons, verdict.Of(verdict.LineGuessed, p.ID, p.Guessed.Text()))
		}
	}
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.Kind != fleet.LimitUser || use(l, f.Pools, at) <= l.Conns {
			continue
		}
		here, several, open, limited, passed := false, false, 0, false, false
		members(l, f.Pools, at, func(p *FleetPool, i int) {
			here, several = here || p.On(server), several || p.On(server) && len(p.AlsoOn) > 0
			top := p.capIn(l.Process)
			open, limited, passed = open+p.LinePools[i].SeenConns, limited || top > 0, passed || top > 0 &&
				p.openIn(l.Process) > top
		})
		unproved := verdict.Of(verdict.LimitUnproved, l.Process, l.Kind)
		switch {
		case !here:
		case l.Unproved && several:
			note(&reasons, unproved)
		case l.Unproved:
			crossed = true
			note(&maybe, unproved)
		case several:
			note(&reasons, verdict.Of(verdict.LimitSeveral, l.Process, l.Kind))
		case passed, limited && open > l.Conns:
			crossed = true
			note(&maybe, verdict.Of(verdict.LimitsCross, l.Process))
		}
	}
	if len(maybe) > 0 && f.least(doubt, crossed).counted(server) < f.counted(server) {
		return slices.Concat(maybe, reasons)
	}
	return reasons
}

// counted is what the pools of a server come to, whoever is counted as a whole.
func (f Fleet) counted(server string) int {
	pools, users := f.Retallied(server)
	return pools + users
}

// least is the fleet with every doubt against it: each size and reserve that is in doubt is the smaller of the two that
// it may be; with crossed, every limit is in force, and nothing is open yet that may pass one. So much can be opened in
// any case: a pool of the line that may open more adds no less, and a limit that is not in force takes nothing away.
func (f Fleet) least(doubt, crossed bool) Fleet {
	f.Pools, f.Limits = slices.Clone(f.Pools), slices.Clone(f.Limits)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.LinePools = slices.Clone(p.LinePools)
		for j := range p.LinePools {
			c := &p.LinePools[j]
			if doubt && (c.MaybeConns > 0 || c.Doubtful) {
				*c = c.settled(p.SizeIn(c.Process), p.ReserveConns)
			}
			if crossed {
				c.SeenConns = 0
			}
		}
	}
	for i := range f.Limits {
		f.Limits[i].Unproved = f.Limits[i].Unproved && !crossed
	}
	return f
}

// settled is a pool of the line with the smaller of the sizes, and of the reserves, that it may have under a line of
// these.
func (c LinePool) settled(size, reserve int) LinePool {
	own := c.reserve(reserve)
	if c.Doubtful {
		own = min(reserve, max(0, c.OwnReserve))
	}
	switch {
	case c.FixedConns > 0 && !c.OwnSize: // it was declared, reserve and all
		size, own = c.FixedConns, 0
	case c.FixedConns > 0:
		size = c.FixedConns
	case c.MaybeConns > 0 && c.OwnSize:
		size = min(size, c.MaybeConns)
	case c.MaybeConns > 0:
		size = min(size+own, c.MaybeConns) - own
	}
	c.FixedConns, c.MaybeConns, c.OwnSize, c.OwnReserve, c.Doubtful = max(1, min(fleet.Unlimited, size+own)), 0, false, 0,
		false
	return c
}

// openIn is what the pool has open in one process.
func (p FleetPool) openIn(process string) (conns int) {
	for _, c := range p.LinePools {
		if c.Process == process {
			conns += c.SeenConns
		}
	}
	return conns
}

// SharesUsers reports whether some users' connections count against one limit in several pools.
func (f Fleet) SharesUsers() bool {
	return slices.ContainsFunc(f.Limits, func(l fleet.Limit) bool { return l.Kind == fleet.LimitUser })
}

// Retallied finds anew which users are counted as a whole, and returns what the pools of a server come to without
// them, and what they come to.
func (f Fleet) Retallied(server string) (pools, users int) {
	f, shared := f.Reshared(server)
	for _, u := range shared {
		users += u.Conns
	}
	return f.WorstConns(server), users
}

// Reshared is the fleet with its users counted as a whole, or not, as its sizes are, and those of a server that are.
func (f Fleet) Reshared(server string) (Fleet, []SharedUser) {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.LinePools = slices.Clone(p.LinePools)
		for j := range p.LinePools {
			p.LinePools[j].Shared = false
		}
		p.Tally()
	}
	shared := shareUsers(f.Limits, f.Pools)
	return f, slices.DeleteFunc(shared, func(u SharedUser) bool { return u.server != server })
}

// bound counts a pool of the line with what was declared of its user, where that is less than what its pool may open
// and no less than what is open.
func (c *LinePool) bound(declared []UserMax, open, size, reserve int) {
	for _, m := range declared {
		if m.User == c.User && m.Conns < c.Worst(size, reserve) && open <= m.Conns {
			c.FixedConns, c.MaybeConns, c.OwnSize, c.OwnReserve, c.Doubtful, c.Bounded = m.Conns, 0, false, 0, false, true
		}
	}
}

// disproved names the users that have more connections open than were declared: they are counted as if nothing had
// been.
func (d DeclaredPool) disproved(at []placed) (notes []string) {
	for _, x := range at {
		for _, g := range x.alias.Pools {
			for _, m := range d.UserMax {
				if open := slots(g); m.User == g.User && open > m.Conns {
					notes = append(notes,
						fmt.Sprintf("%s: users: declares at most %s of %s, and %s has %d open: the strict worst case counts", d.ID,
							words.Count(m.Conns, "connection"), m.User, x.process.ID, open))
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
	free.LinePools = slices.Clone(p.LinePools)
	for i, c := range p.LinePools {
		if !c.Bounded {
			continue
		}
		if processes[c.User] == 0 {
			order = append(order, c.User)
		}
		users[c.User], processes[c.User] = c.FixedConns, processes[c.User]+1
		free.LinePools[i].FixedConns = 0
	}
	if len(order) == 0 || len(p.Sizes) == 0 {
		return nil
	}
	free.Tally()
	var parts []string
	for _, u := range order {
		parts = append(parts, fmt.Sprintf("%s with %d in each of %d %s", u, users[u], processes[u], words.Plural(processes[u],
			"process", "processes")))
	}
	return []string{fmt.Sprintf("accepted risk: %s counts %s, as declared: %s; the strict line would be %d", p.ID,
		strings.Join(parts, ", "), words.Count(p.WorstConns, "connection"), free.WorstConns)}
}

// unfollowed says why no pool of a pool's line follows its line; none: some do.
func (p FleetPool) unfollowed() verdict.Reason {
	if p.Sized() > 0 || len(p.LinePools) == 0 {
		return verdict.Reason{}
	}
	var users []string
	for _, c := range p.LinePools {
		if name := fmt.Sprintf("%s %d", c.User, c.fixed(p.ReserveConns)); !slices.Contains(users, name) {
			users = append(users, name)
		}
	}
	return verdict.Of(verdict.SizesOfUsers, "", p.LargestSize(), strings.Join(users, ", "))
}

// Doubtful reports whether sizes of users on a server may be those of other users, or a limit that would bind is not
// known to be in force.
func (f Fleet) Doubtful(server string) bool {
	at := placesOf(f.Pools)
	return f.SizesInDoubt(server) || slices.ContainsFunc(f.Limits, func(l fleet.Limit) bool {
		here := false
		members(l, f.Pools, at, func(p *FleetPool, _ int) { here = here || p.On(server) })
		return here && l.Unproved && use(l, f.Pools, at) > l.Conns
	})
}

// SizesInDoubt reports whether sizes of users on a server may be those of other users.
func (f Fleet) SizesInDoubt(server string) bool {
	return slices.ContainsFunc(f.Pools, func(p FleetPool) bool {
		return p.On(server) && slices.ContainsFunc(p.LinePools, func(c LinePool) bool {
			return c.MaybeConns > 0 ||
				c.Doubtful
		})
	})
}
