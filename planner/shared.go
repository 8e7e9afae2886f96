package planner

import (
	"fmt"
	"slices"
)

// sharedUser is a user of one process that is counted as a whole on a server, not pool by pool, because its
// max_user_connections is less than what its pools may take.
type sharedUser struct {
	limit  Limit
	server string
	conns  int // the limit, never less than what is open
}

// line is the sharedUser as a line of the ledger.
func (u sharedUser) line() Line {
	item := fmt.Sprintf("user %s in %s", u.limit.Name, u.limit.Process)
	if u.limit.Alias != "" {
		item += "/" + u.limit.Alias
	}
	return Line{item, u.conns, fmt.Sprintf("%s %d: less than its pools' sizes", LimitUser, u.limit.Conns), CountWorst}
}

// shareUsers marks the copies of such users, whatever pool they belong to, and returns the users. A limit over pools of
// several servers counts on each of them: its connections may all be on any one.
//
// The most that the pools of one process may open on one server, each at most its size, each alias at most its
// max_db_connections and each user at most its max_user_connections, is a flow from aliases to users (PgBouncer counts
// both when it opens one). By the theorem of Ford and Fulkerson (1956) it equals the tightest cut: some aliases counted
// at their limit, some users at theirs, and the copies that belong to neither at their size. Any other choice of users
// counts no less, so what is marked here stays on the safe side when sizes change.
func shareUsers(limits []Limit, pools []FleetPool) []sharedUser {
	at := placesOf(pools)
	type place struct{ process, server string }
	var places []place
	of := map[place][]sharedUser{}
	for _, l := range limits {
		if l.Kind != LimitUser || l.Unproved {
			continue
		}
		worst, seen := map[string]int{}, map[string]int{}
		var servers []string
		l.members(pools, at, func(p *FleetPool, i int) {
			if len(p.AlsoOn) > 0 { // it counts in full, on each of its servers
				return
			}
			worst[p.Server] += p.worstCopy(i)
			seen[p.Server] += p.Copies[i].SeenConns
			servers = append(servers, p.Server)
		})
		slices.Sort(servers)
		for _, s := range slices.Compact(servers) {
			if conns := max(l.Conns, seen[s]); worst[s] > conns { // else it cannot bind
				x := place{l.Process, s}
				if of[x] == nil {
					places = append(places, x)
				}
				of[x] = append(of[x], sharedUser{l, s, conns})
			}
		}
	}
	var out []sharedUser
	for _, x := range places {
		out = append(out, cut(of[x], pools, at)...)
	}
	return out
}

// cut keeps of the users of one process on one server those that the tightest cut counts as a whole, and marks their
// copies.
func cut(users []sharedUser, pools []FleetPool, at map[string]int) []sharedUser {
	alias := map[string]int{} // pool: its node
	for _, u := range users {
		u.limit.members(pools, at, func(p *FleetPool, _ int) {
			if _, known := alias[p.ID]; !known && p.Server == u.server && len(p.AlsoOn) == 0 {
				alias[p.ID] = 2 + len(users) + len(alias)
			}
		})
	}
	net := newFlowNet(2 + len(users) + len(alias))
	owned := map[[2]int]bool{}
	for k, u := range users {
		net.edge(2+k, 1, u.conns)
		u.limit.members(pools, at, func(p *FleetPool, i int) {
			if p.Server == u.server && len(p.AlsoOn) == 0 {
				net.edge(alias[p.ID], 2+k, p.worstCopy(i))
				owned[[2]int{at[p.ID], i}] = true
			}
		})
	}
	process := users[0].limit.Process
	for _, p := range pools {
		node, there := alias[p.ID]
		if !there {
			continue
		}
		rest, open := 0, 0
		for i, c := range p.Copies {
			if c.Process != process {
				continue
			}
			open += c.SeenConns
			if !owned[[2]int{at[p.ID], i}] {
				rest += p.worstCopy(i)
			}
		}
		net.edge(node, 1, rest)
		top := Unlimited
		if limit := p.capIn(process); limit > 0 {
			top = max(limit, open)
		}
		net.edge(0, node, top)
	}
	near := net.fill()
	var out []sharedUser
	for k, u := range users {
		if !near[2+k] {
			continue
		}
		u.limit.members(pools, at, func(p *FleetPool, i int) {
			if p.Server == u.server && len(p.AlsoOn) == 0 {
				p.Copies[i].Shared = true
				p.tally()
			}
		})
		out = append(out, u)
	}
	return out
}

func (p FleetPool) sizeIn(process string) int {
	for _, s := range p.Sizes {
		if s.Process == process {
			return s.Conns
		}
	}
	panic(fmt.Sprintf("planner: pool %s has no size in %s", p.ID, process))
}
