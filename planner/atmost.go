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

// atMost says why what a plan counts on a server may be more than can be open then; nothing: it is exact.
func (plan Plan) atMost(f Fleet, server string, planned int) []string {
	reasons := f.AtMost(server)
	if !f.sharesUsers() && !f.sizesInDoubt(server) && !f.stays(plan, server) {
		return reasons // the planned sizes' worst case is what is counted
	}
	after := f.as(plan)
	for _, r := range after.AtMost(server) {
		if !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	_, users := f.retallied(server)
	if pools, then := after.retallied(server); pools+then < planned+users {
		reasons = append(reasons, fmt.Sprintf("of what is planned %d would do instead of %d, by the limits of users and what is open today",
			pools+then, planned+users))
	}
	return reasons
}

// sharesUsers reports whether some users' connections count against one limit in several pools.
func (f Fleet) sharesUsers() bool {
	return slices.ContainsFunc(f.Limits, func(l Limit) bool { return l.Kind == LimitUser })
}

// stays reports whether a plan counts something of a server besides what its sizes allow: what stays open beyond them, or
// what a pool was seen to have.
func (f Fleet) stays(plan Plan, server string) bool {
	return slices.ContainsFunc(f.Pools, func(p FleetPool) bool {
		if !p.On(server) {
			return false
		}
		size, reserve, ok := plan.sizeOf(p.ID)
		return p.Rules.Count != CountWorst || p.OverConns > 0 || p.Frozen == "" && ok && p.stayConns(size, reserve) > 0
	})
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
	f, shared := f.reshared(server)
	for _, u := range shared {
		users += u.conns
	}
	return f.WorstConns(server), users
}

// reshared is the fleet with its users counted as a whole, or not, as its sizes are, and those of a server that are.
func (f Fleet) reshared(server string) (Fleet, []sharedUser) {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			p.Copies[j].Shared = false
		}
		p.tally()
	}
	shared := shareUsers(f.Limits, f.Pools)
	return f, slices.DeleteFunc(shared, func(u sharedUser) bool { return u.server != server })
}

// recount takes off what a server's planned sizes count above the most that can be open with the users for whom a limit binds then:
// while the sizes were chosen, those of today were counted as a whole. More might fit then, so that nothing is proved. What a RELOAD
// may open besides goes by today's users, so that a process that recycles keeps their count.
func (plan *Plan) recount(f Fleet, s *PlanServer) {
	if !f.sharesUsers() {
		return
	}
	then, users := f.as(*plan).reshared(s.Name)
	_, today := f.reshared(s.Name)
	counted, least := s.PlannedConns, 0
	for _, u := range today {
		if !slices.Contains(s.Ledger, u.line()) {
			return
		}
		counted += u.conns
	}
	for _, u := range users {
		least += u.conns
	}
	for _, x := range f.Servers {
		recycles := func(u sharedUser) bool { return slices.Contains(x.recycling, u.limit.Process) }
		if x.Name == s.Name && slices.ContainsFunc(slices.Concat(today, users), recycles) {
			return
		}
	}
	for i, p := range f.Pools {
		if !p.On(s.Name) {
			continue
		}
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			p.Copies[j].Shared = then.Pools[i].Copies[j].Shared
		}
		p.tally()
		if size, reserve, ours := plan.sizeOf(p.ID); ours && p.Frozen == "" {
			least += p.plannedConns(size, reserve)
		} else {
			least += p.countedConns()
		}
	}
	saved := counted - least
	if saved <= 0 || saved > s.PlannedConns { // chosen: no line takes more than there is; the count stays a bound
		return
	}
	s.SavedConns, s.PlannedConns, s.SpareConns = saved, s.PlannedConns-saved, s.SpareConns+saved
	s.Gap, plan.Gap = Unknown(), Unknown()
	if m := s.Price.OneMore; m != nil && m.UnitConns > s.SpareConns {
		m.ShortConns = m.UnitConns - s.SpareConns
	} else {
		s.Price.OneMore = nil
	}
	if l := s.Price.OneFewer; l != nil && l.UnitConns <= s.SpareConns {
		s.Price.OneFewer = nil
	}
	plan.Warnings = append(plan.Warnings, fmt.Sprintf("%s: while its sizes were chosen, the limits of users counted as they bind "+
		"today; with these sizes they save %d %s, which a plan gives out once the sizes are there", s.Name, saved, plural(saved, "connection", "connections")))
}

// atMostNote says that what a plan counts on a server is a bound.
func atMostNote(server string, reasons []string) string {
	return fmt.Sprintf("the worst case of %s is a bound, not exact: %s", server, strings.Join(reasons, "; "))
}
