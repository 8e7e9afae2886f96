package planner

import (
	"cmp"
	"fmt"
)

// limitRoom is what a limit over several copies still allows. Where today's sizes exceed it, it allows no more than
// they do.
type limitRoom struct {
	text  string
	conns int                       // what may still be added
	per   map[string]map[string]int // by pool and process: copies that follow the line
}

// rooms lists what the limits over copies of one server's pools still allow, those of aliases apart: those stand in the
// ledger.
func (f Fleet) rooms(server string) []limitRoom {
	var out []limitRoom
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.alone() {
			continue
		}
		r := limitRoom{text: l.Text(), per: map[string]map[string]int{}}
		here := false
		l.members(f.Pools, at, func(p *FleetPool, i int) {
			c := p.Copies[i]
			here = here || p.On(server)
			if c.FixedConns > 0 {
				return
			}
			if r.per[p.ID] == nil {
				r.per[p.ID] = map[string]int{}
			}
			r.per[p.ID][c.Process]++
		})
		if !here || len(r.per) == 0 {
			continue
		}
		r.conns = max(0, l.Conns-l.use(f.Pools, at))
		out = append(out, r)
	}
	return out
}

// of is what one more of a pool takes: in one process, or, where process is empty, in all of them.
func (r limitRoom) of(pool, process string) int {
	if process != "" {
		return r.per[pool][process]
	}
	n := 0
	for _, copies := range r.per[pool] {
		n += copies
	}
	return n
}

// beyond says which limit the fleet would newly exceed after something has grown, with both numbers; empty: none.
func (f Fleet) beyond(after Fleet) string {
	at := placesOf(f.Pools)
	why := ""
	for _, l := range f.Limits {
		if l.alone() {
			continue
		}
		before, then := l.use(f.Pools, at), l.use(after.Pools, at)
		if then > l.Conns && before <= l.Conns {
			why = cmp.Or(why, fmt.Sprintf("%s: %d connections would be under it, %d now", l.Text(), then, before))
		}
	}
	return why
}
