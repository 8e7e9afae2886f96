package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// Allowed is how many connections one user of an alias may have at work at this sample, and what says so: its size, or
// a limit less what others hold of it. A pool that has as many at work is full. PgBouncer closes others' idle
// connections where its own limit is reached, so those hold nothing of it; PostgreSQL does not. The text is empty where
// the size bounds it.
func (o Observation) Allowed(p Process, a Alias, user string) (conns int, limit string) {
	conns = EffectiveSize(p, a, user)
	if u, ok := p.User(user); ok && u.Doubtful && u.SizeConns > 0 {
		conns = min(conns, u.SizeConns) // it may be that small: then it is full
	}
	least := func(top, held int, text string) {
		if free := max(0, top-held); top > 0 && free < conns {
			conns, limit = free, text
		}
	}
	atWork := func(g PoolGauges) int { return g.Conns() - g.ServersIdle - g.ServersUsed }
	held := 0
	for _, g := range a.Pools {
		if g.User != user {
			held += atWork(g)
		}
	}
	least(a.MaxConns, held, fmt.Sprintf("%s %d of %s/%s in %s", LimitAlias, a.MaxConns, p.Group, a.Name, p.ID))
	login := a.Login(a.pool(user))
	counter := p.Counter(login, false)
	held = 0
	for _, b := range p.Aliases {
		for _, g := range b.Pools {
			if p.Counter(b.Login(g), false) == counter && (b.Name != a.Name || g.User != user) {
				held += atWork(g)
			}
		}
	}
	if top := p.CounterMax(counter); top > 0 {
		least(top, held, Limit{Kind: LimitUser, Name: counter.Role, Process: p.ID, Alias: counter.Alias, Conns: top}.Text())
	}
	o.allowedByServer(p, a, user, login, least)
	return conns, limit
}

// allowedByServer is Allowed for the limits of PostgreSQL.
func (o Observation) allowedByServer(p Process, a Alias, user string, login Login,
	least func(top, held int, text string)) {
	for _, s := range o.Servers {
		if s.Name != a.Server {
			continue
		}
		if slices.Contains(s.Superusers, login.Role) {
			continue
		}
		for _, r := range s.Roles {
			if r.Name == login.Role {
				least(r.Conns, r.heldConns()+o.heldBy(s.Name, p.ID, a.Name, user, func(l Login) bool { return l.Role == r.Name }),
					r.Limit(LimitRole, s).Text())
			}
		}
		for _, d := range s.Databases {
			if d.Name == login.Database {
				in := func(l Login) bool { return l.Database == d.Name }
				least(d.Conns, d.heldConns()+o.heldBy(s.Name, p.ID, a.Name, user, in), d.Limit(LimitDatabase, s).Text())
			}
		}
	}
}

// heldBy counts what other pools than one have open on a server, of those asked for.
func (o Observation) heldBy(server, process, alias, user string, of func(Login) bool) int {
	held := 0
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if a.Server != server {
				continue
			}
			for _, g := range a.Pools {
				if of(a.Login(g)) && (p.ID != process || a.Name != alias || g.User != user) {
					held += g.Conns()
				}
			}
		}
	}
	return held
}

// LimitKind says who keeps a limit on connections, and over what.
type LimitKind string

// The kinds. PgBouncer keeps its two by opening no more; PostgreSQL keeps the others by refusing a login that has taken
// a slot already, and not for superusers: those two bound sizes, and take nothing off the ledger.
const (
	LimitAlias    LimitKind = "max_db_connections"   // of an alias in one process, over its users
	LimitUser     LimitKind = "max_user_connections" // of a user in one process, over its aliases
	LimitRole     LimitKind = "role"                 // CONNECTION LIMIT of a role in PostgreSQL
	LimitDatabase LimitKind = "database"             // CONNECTION LIMIT of a database in PostgreSQL
	// LimitCap is declared: nothing but the plan keeps it. Sizes that are over it come under it.
	LimitCap LimitKind = "cap"
)

// Limit is a ceiling on the connections of several pools of the line together, whatever their sizes.
type Limit struct {
	Kind    LimitKind `json:"kind"`
	Name    string    `json:"name"`              // of the pool, user, role or database; of a cap, its pools
	Process string    `json:"process,omitempty"` // of PgBouncer's limits
	Server  string    `json:"server,omitempty"`  // of PostgreSQL's limits
	Alias   string    `json:"alias,omitempty"`   // of a user that is counted in each database apart
	Conns   int       `json:"conns"`             // what is left of it for the pools
	// connections that sessions of no pool take of it: of PostgreSQL's
	Direct  int      `json:"direct,omitempty"`
	Workers int      `json:"workers,omitempty"` // connections that autovacuum may take of it: of a database's
	Members []Member `json:"members"`           // sorted by pool

	// Above are pools of the line that take from a database's limit and are held back by none: superusers are let in
	// whatever it says, and counted (CheckMyDatabase of postinit.c). Others then have less of it. Sorted by pool.
	Above []Member `json:"above,omitempty"`

	// Unproved says that a larger one may be in force: before 1.23 no console shows a user's own max_user_connections.
	// The ledger does not count on it.
	Unproved bool `json:"unproved,omitempty"`
}

// LimitID tells a limit from every other one of its fleet, whatever its numbers are.
type LimitID struct {
	Kind    LimitKind
	Name    string // of the pool, user, role or database
	Process string // of PgBouncer's limits
	Server  string // of PostgreSQL's limits
	Alias   string // of a user that is counted in each database apart
}

// ID is the limit's own.
func (l Limit) ID() LimitID { return LimitID{l.Kind, l.Name, l.Process, l.Server, l.Alias} }

// Member is one pool of the line under a Limit.
type Member struct {
	Pool    string `json:"pool"`
	Process string `json:"process"`
	User    string `json:"user"`
	Twin    bool   `json:"twin,omitempty"` // see budget.LinePool
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
	case l.Kind == LimitCap:
		return fmt.Sprintf("%s %d of %s", l.Kind, l.Conns, l.Name)
	default:
		return fmt.Sprintf("%s %d of %s in %s", l.Kind, l.Conns, l.Name, l.Process)
	}
}

// counter is what PgBouncer counts a pool's connections by for max_user_connections: a role, from 1.23 on. Before, what
// counts is an object of its own in each database (force_user and add_db_user of objects.c) for a forced user, behind *
// too, and for one who is known by auth_query alone.
// One whom PAM lets in has an object for all databases, which no line of [users] reaches (add_pam_user). Of a pool of *
// that no sample shows it is not known whether its line forces the user: as if it did.
type counter struct {
	Role  string
	Alias string // of one that is counted in that database alone
	Pam   bool
}

// Counter returns whose max_user_connections counts a pool's connections. Which user, and whether each database is
// counted apart, depends on the version, on user= of the line and on PAM. guessed: nobody has used the pool yet.
func (p Process) Counter(l Login, guessed bool) counter {
	switch {
	case VersionAtLeast(p.Version, 1, 23):
		return counter{Role: l.Role}
	case l.Forced || guessed:
		return counter{Role: l.Role, Alias: l.Alias}
	case p.PAM:
		return counter{Role: l.Role, Pam: true}
	case !p.lists(l.Role):
		return counter{Role: l.Role, Alias: l.Alias}
	default:
		return counter{Role: l.Role}
	}
}

// lists reports whether SHOW USERS lists a role, or may: who nobody has been seen as may be anybody.
func (p Process) lists(role string) bool {
	_, found := slices.BinarySearch(p.Listed, role)
	return found || p.Listed == nil || role == "" || p.authUser(role) // who is listed from his first query on
}

// CounterMax is the max_user_connections that holds for a counter; 0: none. What [users] says of a role does not reach
// one of a database alone, nor one of PAM.
func (p Process) CounterMax(c counter) int {
	if c.Alias != "" || c.Pam {
		return max(0, p.Settings.MaxUserConns)
	}
	return p.UserMax(c.Role)
}

// UserMax is the max_user_connections that counts for one user: its own, else the process's; 0: none.
func (p Process) UserMax(user string) int {
	if u, ok := p.User(user); ok && u.MaxConns == Unlimited { // SHOW USERS says that none is in force
		return 0
	} else if ok && u.MaxConns > 0 {
		return u.MaxConns
	}
	return max(0, p.Settings.MaxUserConns)
}

// Alias returns the process's alias of that name; false where the process has none.
func (p Process) Alias(name string) (Alias, bool) {
	i := slices.IndexFunc(p.Aliases, func(a Alias) bool { return a.Name == name })
	if i < 0 {
		return Alias{}, false
	}
	return p.Aliases[i], true
}

// AliasOf returns the process's alias of a pool, group/alias; false where it has none.
func (p Process) AliasOf(pool string) (Alias, bool) {
	alias, of := strings.CutPrefix(pool, p.Group+"/")
	if !of {
		return Alias{}, false
	}
	return p.Alias(alias)
}

// Limit is a CONNECTION LIMIT as what is left of it for the pools: sessions that no pool owns take from it, and from a
// database's, where PostgreSQL counts them, autovacuum's workers.
func (c ConnLimit) Limit(kind LimitKind, s Server) Limit {
	l := Limit{Kind: kind, Name: c.Name, Server: s.Name, Direct: min(c.heldConns(), c.Conns)}
	if kind == LimitDatabase {
		l.Workers = min(s.WorkerConns, c.Conns-l.Direct)
	}
	l.Conns = c.Conns - l.Direct - l.Workers
	return l
}

// heldConns is what sessions hold of the limit that are no pool's.
func (c ConnLimit) heldConns() int { return c.DirectConns + c.ClosingConns }

// Alone reports whether the limit is one that PgBouncer keeps by itself in one pool: then it bounds no size. What it
// means stands in what the pool takes of the budget, and in what its clients wait.
func (l Limit) Alone() bool {
	return l.Kind == LimitAlias || l.Kind == LimitUser && len(l.Members) == 1
}
