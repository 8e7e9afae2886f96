package planner

import (
	"cmp"
	"fmt"
)

// limitRoom is what a limit over several copies still allows. Where today's sizes exceed it, it allows no more than
// they do.
type limitRoom struct {
	text     string
	conns    int                       // what may still be added
	sizes    map[string]map[string]int // by pool and process: copies whose size is the line's
	reserves map[string]map[string]int // the same: copies whose reserve is the line's, or may be
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
		r := limitRoom{text: l.Text(), sizes: map[string]map[string]int{}, reserves: map[string]map[string]int{}}
		here := false
		l.members(f.Pools, at, func(p *FleetPool, i int) {
			c := p.Copies[i]
			here = here || p.On(server)
			for _, u := range []struct {
				per map[string]map[string]int
				one bool
			}{{r.sizes, c.FixedConns == 0}, {r.reserves, c.followsReserve()}} {
				if u.per[p.ID] == nil {
					u.per[p.ID] = map[string]int{}
				}
				u.per[p.ID][c.Process] += b2i(u.one)
			}
		})
		if !here || len(r.sizes) == 0 {
			continue
		}
		r.conns = max(0, l.Conns-l.use(f.Pools, at))
		out = append(out, r)
	}
	return out
}

// use is what one more of a pool takes in all processes: of its size, and of its reserve.
func (r limitRoom) use(pool string) (size, reserve int) {
	for _, n := range r.sizes[pool] {
		size += n
	}
	for _, n := range r.reserves[pool] {
		reserve += n
	}
	return size, reserve
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
