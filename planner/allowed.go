package planner

import (
	"fmt"
	"slices"
	"strings"
)

// Allowed is how many connections one user of an alias may have at work at this look, and what says so: its size, or a
// limit less what others hold of it. A pool that has as many at work is full. PgBouncer closes others' idle connections
// where its own limit is reached, so those hold nothing of it; PostgreSQL does not. The text is empty where the size
// bounds it.
func (o Observation) Allowed(p Process, a Alias, user string) (conns int, limit string) {
	conns = EffectiveSize(p, a, user)
	if u, ok := p.user(user); ok && u.Doubtful && u.SizeConns > 0 {
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
	apart, role := !VersionAtLeast(p.Version, 1, 23), roleOf(a, user)
	held = 0
	for _, b := range p.Aliases {
		if b.Name != a.Name && apart && (a.ForceUser == user || b.ForceUser == user) {
			continue
		}
		for _, g := range b.Pools {
			if roleOf(b, g.User) == role && (b.Name != a.Name || g.User != user) {
				held += atWork(g)
			}
		}
	}
	if top := p.userMax(role); top > 0 {
		least(top, held, fmt.Sprintf("%s %d of %s in %s", LimitUser, top, role, p.ID))
	}
	o.allowedByServer(p, a, user, least)
	return conns, limit
}

// allowedByServer is Allowed for the limits of PostgreSQL.
func (o Observation) allowedByServer(p Process, a Alias, user string, least func(top, held int, text string)) {
	for _, s := range o.Servers {
		if s.Name != a.Server {
			continue
		}
		role, database := loginOf(a.Name, user, a.Database)
		if slices.Contains(s.Superusers, role) {
			continue
		}
		for _, r := range s.Roles {
			if r.Name == role {
				least(r.Conns, r.DirectConns+o.heldBy(s.Name, p.ID, a.Name, user, func(b Alias, u string) bool { return roleOf(b, u) == r.Name }),
					r.limit(LimitRole, s.Name).Text())
			}
		}
		for _, d := range s.Databases {
			if d.Name == database {
				in := func(b Alias, u string) bool { _, db := loginOf(b.Name, u, b.Database); return db == d.Name }
				least(d.Conns, d.DirectConns+o.heldBy(s.Name, p.ID, a.Name, user, in), d.limit(LimitDatabase, s.Name).Text())
			}
		}
	}
}

// roleOf is the role that a pool's connections log in as: see Gather.
func roleOf(a Alias, user string) string {
	role, _ := loginOf(a.Name, user, "")
	return role
}

// loginOf are the role and the database that a pool's connections log in to: see Gather. database is that of the alias's
// line.
func loginOf(alias, user, database string) (role, db string) {
	if i := strings.LastIndexByte(user, '@'); alias == AutoDB && i >= 0 {
		return user[:i], user[i+1:]
	}
	return user, database
}

// heldBy counts what other pools than one have open on a server, of those asked for.
func (o Observation) heldBy(server, process, alias, user string, of func(Alias, string) bool) int {
	held := 0
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if a.Server != server {
				continue
			}
			for _, g := range a.Pools {
				if of(a, g.User) && (p.ID != process || a.Name != alias || g.User != user) {
					held += g.Conns()
				}
			}
		}
	}
	return held
}
