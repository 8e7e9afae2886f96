package planner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A client whom no file names is looked up by auth_query, over a pool of auth_user that has the size of any other: in
// the client's own database, or in auth_dbname (start_auth_query of client.c). It is in SHOW POOLS from its first query
// on, and may open all its connections with the first storm of logins.

// authPools lists auth_user's pools of one alias, whether they were used or not: as users, with the logins behind the
// names of gathered ones.
func (x placed) authPools() map[string]Login {
	p, out := x.process, map[string]Login{}
	if x.alias.Name != AutoDB {
		for _, user := range p.authUsers(x.alias.Name) {
			out[user] = Login{}
		}
		return out
	}
	for _, g := range x.alias.Pools {
		l := x.alias.Login(g)
		for _, user := range p.authUsers(l.Alias) {
			as := l
			as.Forced = l.Forced && l.Role == user && VersionAtLeast(p.Version, 1, 23)
			as.Role = user
			out[as.name()] = as
		}
	}
	for _, in := range p.authElsewhere() { // a client of any database names it
		for _, user := range p.authUsers(in) {
			l := Login{Role: user, Alias: in, Database: in}
			out[l.name()] = l
		}
	}
	if star, _ := p.filed(AutoDB); cmp.Or(star.AuthDatabase, p.AuthDatabase) == "" && len(x.alias.Pools) == 0 {
		if user := cmp.Or(star.AuthUser, p.AuthUser); user != "" {
			out[user] = Login{}
		}
	}
	return out
}

// authRole reports whether auth_query may be asked as this role in the alias.
func (x placed) authRole(role string) bool {
	for user, l := range x.authPools() {
		if cmp.Or(l.Role, user) == role {
			return true
		}
	}
	return false
}

// twins lists the users of which an alias has two pools, or may: before 1.23 a forced user is another than auth_user of
// its name.
func (x placed) twins() (users []string) {
	for u, n := range usersOf(x.alias.Pools) {
		if n > 1 {
			users = append(users, u)
		}
	}
	for u, l := range x.authPools() {
		if l == (Login{}) && x.alias.ForceUser == u {
			users = append(users, u)
		}
		for _, g := range x.alias.Pools { // of one that no look shows, it is not known
			if l != (Login{}) && g.User == u && (g.Login.Forced || g.Login == Login{}) {
				users = append(users, u)
			}
		}
	}
	return users
}

// onlyAuth reports whether nobody but auth_user is known to use an alias into which clients come.
func onlyAuth(at []placed, users []string) bool {
	for _, x := range at {
		own := x.authPools()
		if x.process.authDatabase(x.alias.Name) || x.alias.ForceUser != "" ||
			slices.ContainsFunc(x.alias.Pools, func(g PoolGauges) bool { return g.Login.Forced }) {
			return false
		}
		users = slices.DeleteFunc(slices.Clone(users), func(u string) bool { _, auth := own[u]; return auth })
	}
	return len(users) == 0
}

// authNotes names what of auth_user is counted although nobody has seen it, and what cannot be.
func authNotes(o Observation, pools []FleetPool) (notes []string) {
	unused := map[string][]string{} // pools by user and group
	for _, p := range pools {
		for _, c := range p.Copies {
			if !c.Auth {
				continue
			}
			who := "auth_user " + c.login(Alias{Name: p.Alias}).Role
			if ids := unused[who]; len(ids) == 0 || ids[len(ids)-1] != p.ID {
				unused[who] = append(ids, p.ID)
			}
		}
	}
	for _, who := range slices.Sorted(maps.Keys(unused)) {
		notes = append(notes, fmt.Sprintf("%s has not been used in %s yet, and may be with any login of a client "+
			"whom no file names: its pools count there; users: {name, max} of the pool bounds them", who,
			strings.Join(unused[who], ", ")))
	}
	return notes
}

// withHidden gives the databases of * that SHOW DATABASES leaves out what their line says, and shows those in which auth_query is
// asked: they come with the first login of a client whom no file names.
func withHidden(o Observation) Observation {
	o.Processes = slices.Clone(o.Processes)
	for i := range o.Processes {
		p := o.Processes[i]
		aliases := slices.Clone(p.Aliases)
		for j, a := range aliases {
			if a.Hidden && a.Name != AutoDB {
				aliases[j] = p.hidden(a, o)
			}
		}
		if _, gathered := p.alias(AutoDB); !gathered {
			for _, in := range p.authElsewhere() {
				if a, may := p.unseenStar(in, o); may {
					aliases = append(aliases, a)
				}
			}
		}
		slices.SortFunc(aliases, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
		o.Processes[i].Aliases = aliases
	}
	return o
}

// hidden is a hidden database with what its line says, and where it leads unless its connections were found.
func (p Process) hidden(a Alias, o Observation) Alias {
	star, known := p.star(a.Name)
	if !known {
		star = StarLine{SizeConns: -1, ReserveConns: -1}
	}
	b := p.ofStar(a.Name, star, p.Aliases)
	if a.Server == "" && len(a.Unplaced) == 0 {
		b.leadsTo(p, o)
		a.Server, a.AlsoOn, a.Unplaced, a.Proof = b.Server, b.AlsoOn, b.Unplaced, b.Proof
	}
	a.Host, a.Port, a.Database, a.ForceUser = b.Host, b.Port, b.Database, b.ForceUser
	a.SizeConns, a.ReserveConns, a.MaxConns, a.Guessed = b.SizeConns, b.ReserveConns, b.MaxConns, b.Guessed
	return a
}

// unseenStar is a database that a process gives to a client by its line of *; false: it has none, by all that is known.
func (p Process) unseenStar(name string, o Observation) (Alias, bool) {
	star, known := p.star(name)
	if !known && p.Filed != nil && !p.autos() {
		return Alias{}, false
	}
	if !known {
		star = StarLine{SizeConns: -1, ReserveConns: -1}
	}
	a := p.ofStar(name, star, p.Aliases)
	if a.leadsTo(p, o); !known {
		a.Guessed = cmp.Or(a.Guessed, "whether there is a line of * is not known")
	}
	return a, true
}

// autos reports whether the process shows a database that has no line in its file: it has a line of * in force.
func (p Process) autos() bool {
	return slices.ContainsFunc(p.Aliases, func(a Alias) bool { return a.Name != AutoDB && !a.Gone && !p.lined(a.Name) })
}
