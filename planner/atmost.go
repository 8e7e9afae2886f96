package planner

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// AtMost says why the worst case of a server's pools today may be more than PgBouncer can ever have open; nothing: it is
// exact, and no arithmetic on what was seen comes to less.
func (f Fleet) AtMost(server string) (reasons []string) {
	if f.sizesInDoubt(server) && f.settled(server) < f.counted(server) {
		reasons = append(reasons, "sizes of users are in doubt")
	}
	for _, p := range f.Pools {
		if p.On(server) && p.Uneven {
			reasons = append(reasons, fmt.Sprintf("the reserves of %s differ between its processes, and the largest counts", p.ID))
		}
	}
	at := placesOf(f.Pools)
	proved := sync.OnceValue(func() bool { return f.proved(server) < f.counted(server) }) // once: there may be a thousand limits
	closed := sync.OnceValue(func() bool { return f.closed(server) < f.counted(server) })
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
		why := ""
		switch {
		case !here:
		case l.Unproved && !proved():
		case l.Unproved:
			why = fmt.Sprintf("%s of users in %s is not counted on, as before 1.23 no console shows a larger one of their own (config: tells)", l.Kind, l.Process)
		case several:
			why = fmt.Sprintf("%s of users in %s is not counted on where connections may be opened on several servers", l.Kind, l.Process)
		case (passed || limited && open > l.Conns) && closed():
			why = fmt.Sprintf("limits of users and of databases cross in %s, and more is open than one of them allows", l.Process)
		}
		if why != "" && !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	return reasons
}

// counted is what the pools of a server come to, whoever is counted as a whole.
func (f Fleet) counted(server string) int {
	pools, users := f.retallied(server)
	return pools + users
}

// settled is counted where every size that is in doubt is the smaller of the two that it may be.
func (f Fleet) settled(server string) int {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			c := &p.Copies[j]
			if c.MaybeConns == 0 && !c.Doubtful {
				continue
			}
			line := p.sizeIn(c.Process) + p.ReserveConns
			if c.MaybeConns > 0 {
				line = min(line, c.MaybeConns)
			}
			c.FixedConns, c.MaybeConns, c.OwnReserve, c.Doubtful = max(1, line), 0, 0, false
		}
	}
	return f.counted(server)
}

// closed is counted where nothing is open yet: so much can be opened in any case.
func (f Fleet) closed(server string) int {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		p := &f.Pools[i]
		p.Copies = slices.Clone(p.Copies)
		for j := range p.Copies {
			p.Copies[j].SeenConns = 0
		}
	}
	return f.counted(server)
}

// proved is counted where every limit is in force.
func (f Fleet) proved(server string) int {
	f.Limits = slices.Clone(f.Limits)
	for i := range f.Limits {
		f.Limits[i].Unproved = false
	}
	return f.counted(server)
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
