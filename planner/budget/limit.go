package budget

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// modelLimits lists the limits that hold over pools of the line, those of aliases apart: those stand in Size.
func modelLimits(o fleet.Observation, pools []FleetPool) []fleet.Limit {
	var out []fleet.Limit
	for _, proc := range o.Processes {
		out = append(out, userLimits(proc, pools)...)
	}
	for _, s := range o.Servers {
		out = append(out, serverLimits(s, o, pools)...)
	}
	return slices.DeleteFunc(out, func(l fleet.Limit) bool { return len(l.Members) == 0 })
}

// userLimits are the limits of max_user_connections in one process, sorted by user. Users that nobody has seen yet are
// one in each database.
func userLimits(proc fleet.Process, pools []FleetPool) []fleet.Limit {
	var out []fleet.Limit
	hidden := !fleet.VersionAtLeast(proc.Version, 1, 23) && !proc.UsersKnown
	for _, p := range pools {
		if p.Group != proc.Group {
			continue
		}
		a, _ := proc.Alias(p.Alias)
		a.Name = p.Alias
		for _, c := range p.LinePools {
			if c.Process != proc.ID {
				continue
			}
			counter := proc.Counter(c.login(a), a.Name == fleet.AutoDB && c.Login == fleet.Login{} && c.User != "")
			if c.Twin { // auth_user's, who is one of the process's own, listed or not yet
				counter.Alias = ""
			}
			conns := proc.CounterMax(counter)
			if conns == 0 {
				continue
			}
			l := fleet.Limit{Kind: fleet.LimitUser, Name: counter.Role, Process: proc.ID, Alias: counter.Alias, Conns: conns}
			l.Unproved = hidden && counter.Alias == "" && !counter.Pam
			if c.User == "" {
				l.Alias = p.Alias // of pools that nobody has used yet, who comes to each may be somebody else
			}
			i, found := slices.BinarySearchFunc(out, l, func(a, b fleet.Limit) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Alias, b.Alias))
			})
			if !found {
				out = slices.Insert(out, i, l)
			}
			out[i].Members = append(out[i].Members, fleet.Member{Pool: p.ID, Process: c.Process, User: c.User, Twin: c.Twin})
		}
	}
	return out
}

// serverLimits are the limits that one PostgreSQL server puts on roles and databases.
func serverLimits(s fleet.Server, o fleet.Observation, pools []FleetPool) []fleet.Limit {
	var out []fleet.Limit
	for _, r := range s.Roles {
		out = append(out, r.Limit(fleet.LimitRole, s))
	}
	for _, d := range s.Databases {
		out = append(out, d.Limit(fleet.LimitDatabase, s))
	}
	if len(out) == 0 {
		return nil
	}
	for _, p := range pools {
		if !p.On(s.Name) {
			continue
		}
		a := aliasOf(o, p)
		for _, c := range p.LinePools {
			login := c.login(a)
			super := slices.Contains(s.Superusers, login.Role)
			for i, l := range out {
				role, database := l.Kind == fleet.LimitRole && l.Name == login.Role, l.Kind == fleet.LimitDatabase &&
					l.Name == login.Database
				m := fleet.Member{Pool: p.ID, Process: c.Process, User: c.User, Twin: c.Twin}
				switch {
				case (role || database) && !super:
					out[i].Members = append(out[i].Members, m)
				case database:
					out[i].Above = append(out[i].Above, m)
				}
			}
		}
	}
	return out
}

// limit is the cap as a limit over pools. The error, KindUsage, is about a pool that is not there, or pools of several
// servers: each server is planned by itself, and would spend the whole of it.
func (c DeclaredCap) limit(pools []FleetPool) (fleet.Limit, error) {
	l := fleet.Limit{Kind: fleet.LimitCap, Name: strings.Join(c.Pools, ", "), Conns: c.Conns}
	server := ""
	for _, id := range c.Pools {
		i := slices.IndexFunc(pools, func(p FleetPool) bool { return p.ID == id })
		if i < 0 {
			return l, &operr.Error{Kind: operr.KindUsage, Subject: "cap of " + l.Name,
				Err:  fmt.Errorf("%sthe pool %s is neither seen nor declared", c.Where, id),
				Hint: "pgbudget observe lists all pools"}
		}
		p := pools[i]
		if server = cmp.Or(server, p.Server); p.Server != server || len(p.AlsoOn) > 0 {
			return l, &operr.Error{Kind: operr.KindUsage, Subject: "cap of " + l.Name,
				Err:  fmt.Errorf("%sits pools are of several servers, and each server is planned by itself", c.Where),
				Hint: "write a cap for the pools of each server"}
		}
		for _, m := range p.LinePools {
			l.Members = append(l.Members, fleet.Member{Pool: id, Process: m.Process, User: m.User, Twin: m.Twin})
		}
	}
	return l, nil
}

// aliasOf is the pool's alias in the first of its processes that a sample shows; of a pool that is only declared, one
// of its name.
func aliasOf(o fleet.Observation, p FleetPool) fleet.Alias {
	for _, s := range p.Sizes {
		if a, ok := fleet.FindAlias(o, s.Process, p.Alias); ok {
			return a
		}
	}
	return fleet.Alias{Name: p.Alias, Database: p.Alias}
}

// yields reports whether a limit over several pools bounds their sizes by choice alone: PgBouncer would keep it by
// itself, or today's sizes exceed it and are taken as they are. Other sizes might serve better, and no search has tried
// them.
func yields(l fleet.Limit, conns int) bool {
	return l.Kind == fleet.LimitUser || l.Kind != fleet.LimitCap && conns > l.Conns
}

// AllLimits are all limits of the fleet, those of aliases included.
func (f Fleet) AllLimits() []fleet.Limit {
	var out []fleet.Limit
	for _, p := range f.Pools {
		for _, s := range p.Sizes {
			if s.CapConns == 0 {
				continue
			}
			l := fleet.Limit{Kind: fleet.LimitAlias, Name: p.ID, Process: s.Process, Conns: s.CapConns}
			for _, c := range p.LinePools {
				if c.Process == s.Process {
					l.Members = append(l.Members, fleet.Member{Pool: p.ID, Process: c.Process, User: c.User, Twin: c.Twin})
				}
			}
			out = append(out, l)
		}
	}
	return append(out, f.Limits...)
}

// takers are all pools of the line that take from the limit, whomever it holds back.
func takers(l fleet.Limit) []fleet.Member {
	if len(l.Above) == 0 {
		return l.Members
	}
	all := slices.Concat(l.Members, l.Above)
	slices.SortStableFunc(all, func(a, b fleet.Member) int { return strings.Compare(a.Pool, b.Pool) })
	return all
}

// members calls visit with each pool of the line that takes from the limit, and its pool. at is where each pool stands
// in pools.
func members(l fleet.Limit, pools []FleetPool, at map[string]int, visit func(p *FleetPool, i int)) {
	each(takers(l), pools, at, visit)
}

// each is members of a list of them.
func each(members []fleet.Member, pools []FleetPool, at map[string]int, visit func(p *FleetPool, i int)) {
	for _, m := range members {
		i, ok := at[m.Pool]
		if !ok {
			continue
		}
		for j, c := range pools[i].LinePools {
			if c.Process == m.Process && c.User == m.User && c.Twin == m.Twin {
				visit(&pools[i], j)
			}
		}
	}
}

// placesOf says where each pool stands.
func placesOf(pools []FleetPool) map[string]int {
	at := make(map[string]int, len(pools))
	for i, p := range pools {
		at[p.ID] = i
	}
	return at
}

// worstLinePool is what one pool of the line may open under today's size, never less than what it has open.
func (p FleetPool) worstLinePool(i int) int {
	c := p.LinePools[i]
	return max(c.Worst(p.SizeIn(c.Process), p.ReserveConns), c.SeenConns)
}

// use is what the pools of the line under a limit may come to together, were there no such limit: each alias at most
// its max_db_connections.
func use(l fleet.Limit, pools []FleetPool, at map[string]int) int {
	type side struct{ pool, process string }
	sums, opens, tops := map[side]int{}, map[side]int{}, map[side]int{}
	total := 0
	members(l, pools, at, func(p *FleetPool, i int) {
		s := side{p.ID, p.LinePools[i].Process}
		n := p.worstLinePool(i)
		if top := p.capIn(s.process); top > 0 && l.Kind != fleet.LimitAlias {
			sums[s], opens[s], tops[s] = sums[s]+n, opens[s]+p.LinePools[i].SeenConns, top
			return
		}
		total += n
	})
	for s, n := range sums {
		total += min(n, max(tops[s], opens[s])) // what is open stays so, whatever it may be
	}
	return total
}

// capIn is the pool's max_db_connections in one process; 0: none.
func (p FleetPool) capIn(process string) int {
	for _, s := range p.Sizes {
		if s.Process == process {
			return s.CapConns
		}
	}
	return 0
}

// LimitRoom is what a limit over several pools of the line still allows. Where today's sizes exceed it, it allows no
// more than they do.
type LimitRoom struct {
	Text     string                    // the limit as Limit.Text writes it
	Conns    int                       // connections that may still be added under it
	Sizes    map[string]map[string]int // by pool and process: pools of the line whose size is the line's
	Reserves map[string]map[string]int // the same: pools of the line whose reserve is the line's, or may be
}

// Rooms lists what the limits over pools of the line of one server's pools still allow, those of aliases apart: those
// stand in the ledger.
func (f Fleet) Rooms(server string) []LimitRoom {
	var out []LimitRoom
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.Alone() {
			continue
		}
		r := LimitRoom{Text: l.Text(), Sizes: map[string]map[string]int{}, Reserves: map[string]map[string]int{}}
		here := false
		members(l, f.Pools, at, func(p *FleetPool, i int) {
			c := p.LinePools[i]
			here = here || p.On(server)
			for _, u := range []struct {
				per map[string]map[string]int
				one bool
			}{{r.Sizes, c.FixedConns == 0}, {r.Reserves, c.followsReserve()}} {
				if u.per[p.ID] == nil {
					u.per[p.ID] = map[string]int{}
				}
				u.per[p.ID][c.Process] += b2i(u.one)
			}
		})
		if !here || len(r.Sizes) == 0 {
			continue
		}
		r.Conns = max(0, l.Conns-use(l, f.Pools, at))
		out = append(out, r)
	}
	return out
}

// Uncapped is the fleet without its declared caps: what nobody keeps but a plan.
func (f Fleet) Uncapped() Fleet {
	f.Limits = slices.DeleteFunc(slices.Clone(f.Limits), func(l fleet.Limit) bool { return l.Kind == fleet.LimitCap })
	return f
}

// ShortLimits are the limits, declared caps apart, under which not every pool of the line could have its size at once,
// and how many connections those would come to.
func (f Fleet) ShortLimits() iter.Seq2[fleet.Limit, int] {
	return func(yield func(fleet.Limit, int) bool) {
		at := placesOf(f.Pools)
		for _, l := range f.AllLimits() {
			if conns := use(l, f.Pools, at); l.Kind != fleet.LimitCap && conns > l.Conns && !yield(l, conns) {
				return
			}
		}
	}
}

// Use is what one more of a pool takes in all processes: of its size, and of its reserve.
func (r LimitRoom) Use(pool string) (size, reserve int) {
	for _, n := range r.Sizes[pool] {
		size += n
	}
	for _, n := range r.Reserves[pool] {
		reserve += n
	}
	return size, reserve
}

// Beyond is the first limit, declared caps apart, that the fleet would newly exceed after something has grown: the
// limit, the connections that would count under it, and those that count now. broken is false where there is none.
// Nothing is refused beyond a cap: what a plan took below one may go back above it.
func (f Fleet) Beyond(after Fleet) (limit fleet.Limit, conns, now int, broken bool) {
	at := placesOf(f.Pools)
	for _, l := range f.Limits {
		if l.Alone() || l.Kind == fleet.LimitCap {
			continue
		}
		before, then := use(l, f.Pools, at), use(l, after.Pools, at)
		if then > l.Conns && before <= l.Conns {
			return l, then, before, true
		}
	}
	return fleet.Limit{}, 0, 0, false
}
