package planner

import (
	"fmt"
	"slices"
	"strings"
)

// AtMost says why the worst case of a server's pools today may be more than PgBouncer can ever have open; nothing: it is
// exact, and no arithmetic on what was seen comes to less.
func (f Fleet) AtMost(server string) (reasons []string) {
	var maybe []string // reasons that matter only where the worst case is less without what is in doubt
	note := func(list *[]string, format string, args ...any) {
		if why := fmt.Sprintf(format, args...); !slices.Contains(*list, why) {
			*list = append(*list, why)
		}
	}
	doubt, crossed := f.sizesInDoubt(server), false
	if doubt {
		note(&maybe, "sizes of users are in doubt")
	}
	for _, p := range f.Pools {
		if p.On(server) && p.Uneven {
			note(&reasons, "the reserves of %s differ between its processes, and the largest counts", p.ID)
		}
		if p.On(server) && p.Guessed != "" {
			note(&reasons, "%s: %s", p.ID, p.Guessed)
		}
	}
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.Kind != LimitUser || l.use(f.Pools, at) <= l.Conns {
			continue
		}
		here, several, open, limited, passed := false, false, 0, false, false
		l.members(f.Pools, at, func(p *FleetPool, i int) {
			here, several = here || p.On(server), several || p.On(server) && len(p.AlsoOn) > 0
			top := p.capIn(l.Process)
			open, limited, passed = open+p.Copies[i].SeenConns, limited || top > 0, passed || top > 0 && p.openIn(l.Process) > top
		})
		switch {
		case !here:
		case l.Unproved && several:
			note(&reasons, "%s of users in %s is not counted on, as before 1.23 no console shows a larger one of their own (config: tells)", l.Kind, l.Process)
		case l.Unproved:
			crossed = true
			note(&maybe, "%s of users in %s is not counted on, as before 1.23 no console shows a larger one of their own (config: tells)", l.Kind, l.Process)
		case several:
			note(&reasons, "%s of users in %s is not counted on where connections may be opened on several servers", l.Kind, l.Process)
		case passed, limited && open > l.Conns:
			crossed = true
			note(&maybe, "limits of users and of databases cross in %s, and more is open than one of them allows", l.Process)
		}
	}
	if len(maybe) > 0 && f.least(doubt, crossed).counted(server) < f.counted(server) {
		return slices.Concat(maybe, reasons)
	}
	return reasons
}

// counted is what the pools of a server come to, whoever is counted as a whole.
func (f Fleet) counted(server string) int {
	pools, users := f.retallied(server)
	return pools + users
}

// least is the fleet with every doubt against it: each size and reserve that is in doubt is the smaller of the two that it
// may be; with crossed, every limit is in force, and nothing is open yet that may pass one. So much can be opened in any
// case: a copy that may open more adds no less, and a limit that is not in force takes nothing away.
func (f Fleet) least(doubt, crossed bool) Fleet {
	f.Pools, f.Limits = slices.Clone(f.Pools), slices.Clone(f.Limits)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			c := &p.Copies[j]
			if doubt && (c.MaybeConns > 0 || c.Doubtful) {
				*c = c.settled(p.sizeIn(c.Process), p.ReserveConns)
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

// settled is a copy with the smaller of the sizes, and of the reserves, that it may have under a line of these.
func (c Copy) settled(size, reserve int) Copy {
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
	c.FixedConns, c.MaybeConns, c.OwnSize, c.OwnReserve, c.Doubtful = max(1, min(Unlimited, size+own)), 0, false, 0, false
	return c
}

// openIn is what the pool has open in one process.
func (p FleetPool) openIn(process string) (conns int) {
	for _, c := range p.Copies {
		if c.Process == process {
			conns += c.SeenConns
		}
	}
	return conns
}

// AtMost says why what a plan counts on a server may be more than can be open then; nothing: it is exact.
func (plan Plan) AtMost(f Fleet, server string) []string {
	reasons := f.AtMost(server)
	after := f.as(plan)
	for _, r := range after.AtMost(server) {
		if !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	planned := 0
	for _, s := range plan.Servers {
		if s.Name == server {
			planned = s.PlannedConns
		}
	}
	_, users := f.retallied(server)
	pools, then := after.retallied(server)
	if least := pools + then; least < planned+users {
		reasons = append(reasons, fmt.Sprintf("users' limits are counted as they bind today, and of the planned sizes %d would do instead of %d", least, planned+users))
	}
	return reasons
}

// as is the fleet once a plan is carried out.
func (f Fleet) as(plan Plan) Fleet {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		size, reserve, ok := plan.sizeOf(p.ID)
		if !ok || p.Frozen != "" {
			continue
		}
		p.Copies, p.Sizes = slices.Clone(p.Copies), slices.Clone(p.Sizes)
		for j, c := range p.Copies {
			p.Copies[j].SeenConns = c.staying(c.worst(p.sizeIn(c.Process), p.ReserveConns), c.worst(size, reserve))
		}
		for j, s := range p.Sizes {
			p.grow(s.Process, size-s.Conns)
			p.Sizes[j].Conns = size
		}
		p.ReserveConns = reserve
		p.tally()
	}
	return f
}

// retallied finds anew which users are counted as a whole, and returns what the pools of a server come to without
// them, and what they come to.
func (f Fleet) retallied(server string) (pools, users int) {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			p.Copies[j].Shared = false
		}
		p.tally()
	}
	for _, u := range shareUsers(f.Limits, f.Pools) {
		if u.server == server {
			users += u.conns
		}
	}
	return f.WorstConns(server), users
}

// atMostNote says that what a plan counts on a server is a bound.
func atMostNote(server string, reasons []string) string {
	return fmt.Sprintf("the worst case of %s is a bound, not exact: %s", server, strings.Join(reasons, "; "))
}
