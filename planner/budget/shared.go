package budget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/words"
)

// flowNet is a network whose edges carry whole numbers; it says how much can flow from node 0 to node 1, and which
// nodes lie on the near side of the tightest cut.
type flowNet struct {
	to, left []int   // per edge: where it leads, what it still carries; edge e^1 goes back
	out      [][]int // per node: its edges
}

func newFlowNet(nodes int) *flowNet { return &flowNet{out: make([][]int, nodes)} }

func (n *flowNet) edge(from, to, conns int) {
	n.out[from] = append(n.out[from], len(n.to))
	n.out[to] = append(n.out[to], len(n.to)+1)
	n.to, n.left = append(n.to, to, from), append(n.left, conns, 0)
}

// fill sends as much as it can along shortest paths (Edmonds and Karp 1972) and returns which nodes can be reached from
// node 0 then: the near side of the smallest cut.
func (n *flowNet) fill() (near []bool) {
	for {
		by := make([]int, len(n.out)) // edge by which a node was reached, +1
		queue := []int{0}
		near = make([]bool, len(n.out))
		near[0] = true
		for len(queue) > 0 && !near[1] {
			v := queue[0]
			queue = queue[1:]
			for _, e := range n.out[v] {
				if w := n.to[e]; n.left[e] > 0 && !near[w] {
					near[w], by[w] = true, e+1
					queue = append(queue, w)
				}
			}
		}
		if !near[1] {
			return near
		}
		most := fleet.Unlimited
		for v := 1; v != 0; v = n.to[(by[v]-1)^1] {
			most = min(most, n.left[by[v]-1])
		}
		for v := 1; v != 0; v = n.to[(by[v]-1)^1] {
			n.left[by[v]-1] -= most
			n.left[(by[v]-1)^1] += most
		}
	}
}

// Product writes the arithmetic behind a pool's worst case, and what caps it: "min(6 pools of the line × (5 + 2
// reserve) = 42, 2 × 8 max_db_connections)".
func (p FleetPool) Product(size, reserve int) string {
	if p.Rules.Count != CountWorst {
		return fmt.Sprintf("%s, accepted risk: %d seen and what is added to it", times(p.Sized(), fmt.Sprint(size)),
			p.CountedConns())
	}
	var capped, free, caps, capConns int // of processes whose max_db_connections binds, and of the others
	same := true
	for _, s := range p.Sizes {
		sum := p.sumIn(s.Process, size, reserve)
		if s.CapConns == 0 || sum <= s.CapConns {
			free += sum
			continue
		}
		same = same && (caps == 0 || s.CapConns*caps == capConns)
		capped, caps, capConns = capped+sum, caps+1, capConns+s.CapConns
	}
	text := p.terms(size, reserve)
	if caps > 0 {
		by := fmt.Sprintf("%d max_db_connections in %s", capConns, words.Count(caps, "process"))
		if same {
			by = fmt.Sprintf("%d × %d max_db_connections", caps, capConns/caps)
		}
		if free == 0 {
			text = fmt.Sprintf("min(%d, %s), %d = %s", capped, by, capped, text)
		} else {
			text = fmt.Sprintf("%d + min(%d, %s), %d = %s", free, capped, by, free+capped, text)
		}
	}
	if stay := max(p.OverConns, p.StayConns(size, reserve)); stay > 0 {
		text += fmt.Sprintf(" + %d open beyond today's settings", stay)
	}
	if users := p.sharedUsers(); len(users) > 0 {
		text += fmt.Sprintf("; %s in lines of %s own", strings.Join(users, ", "), words.Plural(len(users), "its", "their"))
	}
	return text
}

// sumIn is worstIn without a cap.
func (p FleetPool) sumIn(process string, size, reserve int) int {
	sum := 0
	for _, c := range p.LinePools {
		if c.Process == process && !c.Shared {
			sum += c.Worst(size, reserve)
		}
	}
	return sum
}

// terms are the pools of the line that the pool's own line counts: those that follow the line, and those that do not.
func (p FleetPool) terms(size, reserve int) string {
	var line, owners, reserves, fixed, bounded, doubt int
	for _, c := range p.LinePools {
		switch {
		case c.Shared:
		case c.Bounded:
			bounded += c.FixedConns
		case c.FixedConns > 0:
			fixed += c.fixed(reserve)
		case c.OwnReserve != 0 && c.reserve(reserve) != reserve:
			owners, reserves = owners+1, reserves+c.reserve(reserve)
			doubt += c.Worst(size, reserve) - size - c.reserve(reserve)
		default:
			line++
			doubt += c.Worst(size, reserve) - size - reserve
		}
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if line > 0 || owners+fixed+bounded == 0 {
		each := fmt.Sprint(size)
		if reserve > 0 {
			each = fmt.Sprintf("(%d + %d reserve)", size, reserve)
		}
		parts = append(parts, times(line, each))
	}
	if owners > 0 {
		add("%s and %d of reserves of their own", times(owners, fmt.Sprint(size)), reserves)
	}
	if doubt > 0 {
		add("%d that users' sizes in doubt may add", doubt)
	}
	if fixed > 0 {
		add("%d of users with a pool_size of their own", fixed)
	}
	if bounded > 0 {
		add("%d of users with a declared max, accepted risk", bounded)
	}
	return strings.Join(parts, " + ")
}

// times writes "4 pools of the line × 12", "1 pool of the line × 12".
func times(linePools int, each string) string {
	return fmt.Sprintf("%d %s × %s", linePools, words.Plural(linePools, "pool of the line", "pools of the line"), each)
}

// sharedUsers lists the users of the pool that stand in ledger lines of their own, in the order of its pools of the
// line.
func (p FleetPool) sharedUsers() []string {
	var out []string
	known := map[string]bool{}
	for _, c := range p.LinePools {
		if c.Shared && !known[c.User] {
			known[c.User] = true
			out = append(out, c.User)
		}
	}
	return out
}

// SharedUser is a user of one process that is counted as a whole on a server, not pool by pool, because its
// max_user_connections is less than what its pools may take.
type SharedUser struct {
	Limit  fleet.Limit // its max_user_connections
	server string
	Conns  int // the limit, never less than what is open
}

// Line is the sharedUser as a line of the ledger.
func (u SharedUser) Line() Line {
	item := fmt.Sprintf("user %s in %s", u.Limit.Name, u.Limit.Process)
	if u.Limit.Alias != "" {
		item += "/" + u.Limit.Alias
	}
	return Line{item, u.Conns, fmt.Sprintf("%s %d: less than its pools' sizes", fleet.LimitUser, u.Limit.Conns),
		CountWorst}
}

// shareUsers marks the pools of the line of such users, whatever pool they belong to, and returns the users. A limit
// over pools of several servers counts on each of them: its connections may all be on any one.
//
// The most that the pools of one process may open on one server, each at most its size, each alias at most its
// max_db_connections and each user at most its max_user_connections, is a flow from aliases to users (PgBouncer counts
// both when it opens one). By the theorem of Ford and Fulkerson (1956) it equals the tightest cut: some aliases counted
// at their limit, some users at theirs, and the pools of the line that belong to neither at their size. Any other
// choice of users counts no less, so what is marked here stays on the safe side when sizes change.
func shareUsers(limits []fleet.Limit, pools []FleetPool) []SharedUser {
	at := placesOf(pools)
	type place struct{ process, server string }
	var places []place
	of := map[place][]SharedUser{}
	for _, l := range limits {
		if l.Kind != fleet.LimitUser || l.Unproved {
			continue
		}
		worst, seen := map[string]int{}, map[string]int{}
		var servers []string
		members(l, pools, at, func(p *FleetPool, i int) {
			if len(p.AlsoOn) > 0 { // it counts in full, on each of its servers
				return
			}
			worst[p.Server] += p.worstLinePool(i)
			seen[p.Server] += p.LinePools[i].SeenConns
			servers = append(servers, p.Server)
		})
		slices.Sort(servers)
		for _, s := range slices.Compact(servers) {
			if conns := max(l.Conns, seen[s]); worst[s] > conns { // else it cannot bind
				x := place{l.Process, s}
				if of[x] == nil {
					places = append(places, x)
				}
				of[x] = append(of[x], SharedUser{l, s, conns})
			}
		}
	}
	var out []SharedUser
	for _, x := range places {
		out = append(out, cut(of[x], pools, at)...)
	}
	return out
}

// cut keeps of the users of one process on one server those that the tightest cut counts as a whole, and marks their
// pools of the line.
func cut(users []SharedUser, pools []FleetPool, at map[string]int) []SharedUser {
	alias := map[string]int{} // pool: its node
	for _, u := range users {
		members(u.Limit, pools, at, func(p *FleetPool, _ int) {
			if _, known := alias[p.ID]; !known && p.Server == u.server && len(p.AlsoOn) == 0 {
				alias[p.ID] = 2 + len(users) + len(alias)
			}
		})
	}
	net := newFlowNet(2 + len(users) + len(alias))
	owned := map[[2]int]bool{}
	for k, u := range users {
		net.edge(2+k, 1, u.Conns)
		members(u.Limit, pools, at, func(p *FleetPool, i int) {
			if p.Server == u.server && len(p.AlsoOn) == 0 {
				net.edge(alias[p.ID], 2+k, p.worstLinePool(i))
				owned[[2]int{at[p.ID], i}] = true
			}
		})
	}
	process := users[0].Limit.Process
	for _, p := range pools {
		node, there := alias[p.ID]
		if !there {
			continue
		}
		rest, open := 0, 0
		for i, c := range p.LinePools {
			if c.Process != process {
				continue
			}
			open += c.SeenConns
			if !owned[[2]int{at[p.ID], i}] {
				rest += p.worstLinePool(i)
			}
		}
		net.edge(node, 1, rest)
		top := fleet.Unlimited
		if limit := p.capIn(process); limit > 0 {
			top = max(limit, open)
		}
		net.edge(0, node, top)
	}
	near := net.fill()
	var out []SharedUser
	for k, u := range users {
		if !near[2+k] {
			continue
		}
		members(u.Limit, pools, at, func(p *FleetPool, i int) {
			if p.Server == u.server && len(p.AlsoOn) == 0 {
				p.LinePools[i].Shared = true
				p.Tally()
			}
		})
		out = append(out, u)
	}
	return out
}

// SizeIn returns the pool's pool_size in a process, in connections of each pool of the line. It panics where the
// process has no such line: ask only for processes of Sizes.
func (p FleetPool) SizeIn(process string) int {
	for _, s := range p.Sizes {
		if s.Process == process {
			return s.Conns
		}
	}
	panic(fmt.Sprintf("planner: pool %s has no size in %s", p.ID, process))
}
