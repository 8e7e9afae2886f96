package planner

import (
	"fmt"
	"slices"
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
	login := a.Login(a.pool(user))
	counter := p.counter(login, false)
	held = 0
	for _, b := range p.Aliases {
		for _, g := range b.Pools {
			if p.counter(b.Login(g), false) == counter && (b.Name != a.Name || g.User != user) {
				held += atWork(g)
			}
		}
	}
	if top := p.counterMax(counter); top > 0 {
		least(top, held, Limit{Kind: LimitUser, Name: counter.role, Process: p.ID, Alias: counter.alias, Conns: top}.Text())
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
					r.limit(LimitRole, s).Text())
			}
		}
		for _, d := range s.Databases {
			if d.Name == login.Database {
				in := func(l Login) bool { return l.Database == d.Name }
				least(d.Conns, d.heldConns()+o.heldBy(s.Name, p.ID, a.Name, user, in), d.limit(LimitDatabase, s).Text())
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
