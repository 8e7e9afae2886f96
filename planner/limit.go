package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// LimitKind says who keeps a limit on connections, and over what.
type LimitKind string

// The kinds. PgBouncer keeps its two by opening no more; PostgreSQL keeps the others by refusing a login that has taken
// a slot already, and not for superusers: those two bound sizes, and take nothing off the ledger.
const (
	LimitAlias    LimitKind = "max_db_connections"   // of an alias in one process, over its users
	LimitUser     LimitKind = "max_user_connections" // of a user in one process, over its aliases
	LimitRole     LimitKind = "role"                 // CONNECTION LIMIT of a role in PostgreSQL
	LimitDatabase LimitKind = "database"             // CONNECTION LIMIT of a database in PostgreSQL
)

// Limit is a ceiling on the connections of several copies together, whatever their sizes.
type Limit struct {
	Kind    LimitKind `json:"kind"`
	Name    string    `json:"name"`              // of the pool, user, role or database
	Process string    `json:"process,omitempty"` // of PgBouncer's limits
	Server  string    `json:"server,omitempty"`  // of PostgreSQL's limits
	Alias   string    `json:"alias,omitempty"`   // of a user that is counted in each database apart
	Conns   int       `json:"conns"`             // what is left of it for the pools
	Direct  int       `json:"direct,omitempty"`  // what sessions that no pool owns take of it: of PostgreSQL's
	Workers int       `json:"workers,omitempty"` // what autovacuum may take of it: of a database's
	Members []Member  `json:"members"`           // sorted by pool

	// Above are copies that take from a database's limit and are held back by none: superusers are let in whatever it
	// says, and counted (CheckMyDatabase of postinit.c). Others then have less of it. Sorted by pool.
	Above []Member `json:"above,omitempty"`

	// Unproved says that a larger one may be in force: before 1.23 no console shows a user's own max_user_connections.
	// The ledger does not count on it.
	Unproved bool `json:"unproved,omitempty"`
}

// Member is one copy under a Limit.
type Member struct {
	Pool    string `json:"pool"`
	Process string `json:"process"`
	User    string `json:"user"`
	Twin    bool   `json:"twin,omitempty"` // see Copy
}

// Text names the limit: "max_db_connections 14 of a/app in a/1", "CONNECTION LIMIT 30 of role app".
func (l Limit) Text() string {
	switch {
	case l.Kind == LimitRole || l.Kind == LimitDatabase:
		var parts []string
		if l.Direct > 0 {
			parts = append(parts, fmt.Sprintf("direct sessions take %d", l.Direct))
		}
		if l.Workers > 0 {
			parts = append(parts, fmt.Sprintf("autovacuum may take %d", l.Workers))
		}
		text := fmt.Sprintf("CONNECTION LIMIT %d of %s %s", l.Conns+l.Direct+l.Workers, l.Kind, l.Name)
		if len(parts) > 0 {
			text += ", of which " + strings.Join(parts, " and ")
		}
		return text
	case l.Alias != "":
		return fmt.Sprintf("%s %d of %s in %s/%s", l.Kind, l.Conns, l.Name, l.Process, l.Alias)
	default:
		return fmt.Sprintf("%s %d of %s in %s", l.Kind, l.Conns, l.Name, l.Process)
	}
}

// modelLimits lists the limits that hold over copies of the pools, those of aliases apart: those stand in Size.
func modelLimits(o Observation, pools []FleetPool) []Limit {
	var out []Limit
	for _, proc := range o.Processes {
		out = append(out, userLimits(proc, pools)...)
	}
	for _, s := range o.Servers {
		out = append(out, serverLimits(s, o, pools)...)
	}
	return slices.DeleteFunc(out, func(l Limit) bool { return len(l.Members) == 0 })
}

// counter is what PgBouncer counts a pool's connections by for max_user_connections: a role, from 1.23 on. Before, what
// counts is an object of its own in each database (force_user and add_db_user of objects.c) for a forced user, behind *
// too, and for one who is known by auth_query alone.
// One whom PAM lets in has an object for all databases, which no line of [users] reaches (add_pam_user). Of a pool of * that
// no look shows it is not known whether its line forces the user: as if it did.
type counter struct {
	role  string
	alias string // of one that is counted in that database alone
	pam   bool
}

func (p Process) counter(l Login, guessed bool) counter {
	switch {
	case VersionAtLeast(p.Version, 1, 23):
		return counter{role: l.Role}
	case l.Forced || guessed:
		return counter{role: l.Role, alias: l.Alias}
	case p.PAM:
		return counter{role: l.Role, pam: true}
	case !p.lists(l.Role):
		return counter{role: l.Role, alias: l.Alias}
	default:
		return counter{role: l.Role}
	}
}

// lists reports whether SHOW USERS lists a role, or may: who nobody has been seen as may be anybody.
func (p Process) lists(role string) bool {
	_, found := slices.BinarySearch(p.Listed, role)
	return found || p.Listed == nil || role == "" || p.authUser(role) // who is listed from his first query on
}

// counterMax is the max_user_connections that holds for a counter; 0: none. What [users] says of a role does not reach
// one of a database alone, nor one of PAM.
func (p Process) counterMax(c counter) int {
	if c.alias != "" || c.pam {
		return max(0, p.Settings.MaxUserConns)
	}
	return p.userMax(c.role)
}

// userLimits are the limits of max_user_connections in one process, sorted by user. Users that nobody has seen yet are
// one in each database.
func userLimits(proc Process, pools []FleetPool) []Limit {
	var out []Limit
	hidden := !VersionAtLeast(proc.Version, 1, 23) && !proc.UsersKnown
	for _, p := range pools {
		if p.Group != proc.Group {
			continue
		}
		a, _ := proc.alias(p.Alias)
		a.Name = p.Alias
		for _, c := range p.Copies {
			if c.Process != proc.ID {
				continue
			}
			counter := proc.counter(c.login(a), a.Name == AutoDB && c.Login == Login{} && c.User != "")
			if c.Twin { // auth_user's, who is one of the process's own, listed or not yet
				counter.alias = ""
			}
			conns := proc.counterMax(counter)
			if conns == 0 {
				continue
			}
			l := Limit{Kind: LimitUser, Name: counter.role, Process: proc.ID, Alias: counter.alias, Conns: conns}
			l.Unproved = hidden && counter.alias == "" && !counter.pam
			if c.User == "" {
				l.Alias = p.Alias // of pools that nobody has used yet, who comes to each may be somebody else
			}
			i, found := slices.BinarySearchFunc(out, l, func(a, b Limit) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Alias, b.Alias))
			})
			if !found {
				out = slices.Insert(out, i, l)
			}
			out[i].Members = append(out[i].Members, Member{p.ID, c.Process, c.User, c.Twin})
		}
	}
	return out
}

// userMax is the max_user_connections that counts for one user: its own, else the process's; 0: none.
func (p Process) userMax(user string) int {
	if u, ok := p.user(user); ok && u.MaxConns == Unlimited { // SHOW USERS says that none is in force
		return 0
	} else if ok && u.MaxConns > 0 {
		return u.MaxConns
	}
	return max(0, p.Settings.MaxUserConns)
}

func (p Process) alias(name string) (Alias, bool) {
	i := slices.IndexFunc(p.Aliases, func(a Alias) bool { return a.Name == name })
	if i < 0 {
		return Alias{}, false
	}
	return p.Aliases[i], true
}

// serverLimits are the limits that one PostgreSQL server puts on roles and databases.
func serverLimits(s Server, o Observation, pools []FleetPool) []Limit {
	var out []Limit
	for _, r := range s.Roles {
		out = append(out, r.limit(LimitRole, s))
	}
	for _, d := range s.Databases {
		out = append(out, d.limit(LimitDatabase, s))
	}
	if len(out) == 0 {
		return nil
	}
	for _, p := range pools {
		if !p.On(s.Name) {
			continue
		}
		a := aliasOf(o, p)
		for _, c := range p.Copies {
			login := c.login(a)
			super := slices.Contains(s.Superusers, login.Role)
			for i, l := range out {
				role, database := l.Kind == LimitRole && l.Name == login.Role, l.Kind == LimitDatabase && l.Name == login.Database
				m := Member{p.ID, c.Process, c.User, c.Twin}
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

// limit is a CONNECTION LIMIT as what is left of it for the pools: sessions that no pool owns take from it, and from a
// database's, where PostgreSQL counts them, autovacuum's workers.
func (c ConnLimit) limit(kind LimitKind, s Server) Limit {
	l := Limit{Kind: kind, Name: c.Name, Server: s.Name, Direct: min(c.heldConns(), c.Conns)}
	if kind == LimitDatabase {
		l.Workers = min(s.WorkerConns, c.Conns-l.Direct)
	}
	l.Conns = c.Conns - l.Direct - l.Workers
	return l
}

// heldConns is what sessions hold of the limit that are no pool's.
func (c ConnLimit) heldConns() int { return c.DirectConns + c.LeavingConns }

// highest returns limits with the most direct sessions that they or those before have seen; what pools have let go does
// not come back.
func highest(before, now []ConnLimit) []ConnLimit {
	now = slices.Clone(now)
	for i, l := range now {
		for _, was := range before {
			if was.Name == l.Name {
				now[i].DirectConns = max(l.DirectConns, was.DirectConns)
			}
		}
	}
	return now
}

// aliasOf is the pool's alias in the first of its processes that a look shows; of a pool that is only declared, one of
// its name.
func aliasOf(o Observation, p FleetPool) Alias {
	for _, s := range p.Sizes {
		if a, ok := findAlias(o, s.Process, p.Alias); ok {
			return a
		}
	}
	return Alias{Name: p.Alias, Database: p.Alias}
}

// alone reports whether the limit is one that PgBouncer keeps by itself in one pool: then it bounds no size. What it
// means stands in what the pool takes of the budget, and in what its clients wait.
func (l Limit) alone() bool {
	return l.Kind == LimitAlias || l.Kind == LimitUser && len(l.Members) == 1
}

// yields reports whether a limit over several pools bounds their sizes by choice alone: PgBouncer would keep it by
// itself, or today's sizes exceed it and are taken as they are. Other sizes might serve better, and no search has tried
// them.
func (l Limit) yields(conns int) bool {
	return l.Kind == LimitUser || conns > l.Conns
}

// limits are all limits of the fleet, those of aliases included.
func (f Fleet) limits() []Limit {
	var out []Limit
	for _, p := range f.Pools {
		for _, s := range p.Sizes {
			if s.CapConns == 0 {
				continue
			}
			l := Limit{Kind: LimitAlias, Name: p.ID, Process: s.Process, Conns: s.CapConns}
			for _, c := range p.Copies {
				if c.Process == s.Process {
					l.Members = append(l.Members, Member{p.ID, c.Process, c.User, c.Twin})
				}
			}
			out = append(out, l)
		}
	}
	return append(out, f.Limits...)
}

// takers are all copies that take from the limit, whomever it holds back.
func (l Limit) takers() []Member {
	if len(l.Above) == 0 {
		return l.Members
	}
	all := slices.Concat(l.Members, l.Above)
	slices.SortStableFunc(all, func(a, b Member) int { return strings.Compare(a.Pool, b.Pool) })
	return all
}

// members calls visit with each copy that takes from the limit, and its pool. at is where each pool stands in pools.
func (l Limit) members(pools []FleetPool, at map[string]int, visit func(p *FleetPool, copy int)) {
	each(l.takers(), pools, at, visit)
}

// each is members of a list of them.
func each(members []Member, pools []FleetPool, at map[string]int, visit func(p *FleetPool, copy int)) {
	for _, m := range members {
		i, ok := at[m.Pool]
		if !ok {
			continue
		}
		for j, c := range pools[i].Copies {
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

// worstCopy is what one copy may open under today's size, never less than what it has open.
func (p FleetPool) worstCopy(i int) int {
	c := p.Copies[i]
	return max(c.worst(p.sizeIn(c.Process), p.ReserveConns), c.SeenConns)
}

// use is what the copies under a limit may come to together, were there no such limit: each alias at most its
// max_db_connections.
func (l Limit) use(pools []FleetPool, at map[string]int) int {
	type side struct{ pool, process string }
	sums, opens, tops := map[side]int{}, map[side]int{}, map[side]int{}
	total := 0
	l.members(pools, at, func(p *FleetPool, i int) {
		s := side{p.ID, p.Copies[i].Process}
		n := p.worstCopy(i)
		if top := p.capIn(s.process); top > 0 && l.Kind != LimitAlias {
			sums[s], opens[s], tops[s] = sums[s]+n, opens[s]+p.Copies[i].SeenConns, top
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
