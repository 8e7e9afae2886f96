package budget

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// A client whom no file names is looked up by auth_query, over a pool of auth_user that has the size of any other: in
// the client's own database, or in auth_dbname (start_auth_query of client.c). It is in SHOW POOLS from its first query
// on, and may open all its connections with the first storm of logins.

// authPools lists auth_user's pools of one alias, whether they were used or not: as users, with the logins behind the
// names of gathered ones.
func (x placed) authPools() map[string]fleet.Login {
	p, out := x.process, map[string]fleet.Login{}
	if x.alias.Name != fleet.AutoDB {
		for _, user := range p.AuthUsers(x.alias.Name) {
			out[user] = fleet.Login{}
		}
		return out
	}
	for _, g := range x.alias.Pools {
		l := x.alias.Login(g)
		for _, user := range p.AuthUsers(l.Alias) {
			as := l
			as.Forced = l.Forced && l.Role == user && fleet.VersionAtLeast(p.Version, 1, 23)
			as.Role = user
			out[as.Name()] = as
		}
	}
	for _, in := range p.AuthElsewhere() { // a client of any database names it
		for _, user := range p.AuthUsers(in) {
			l := fleet.Login{Role: user, Alias: in, Database: in}
			out[l.Name()] = l
		}
	}
	if star, _ := p.FiledAs(fleet.AutoDB); cmp.Or(star.AuthDatabase, p.AuthDatabase) == "" && len(x.alias.Pools) == 0 {
		if user := cmp.Or(star.AuthUser, p.AuthUser); user != "" {
			out[user] = fleet.Login{}
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
	for u, n := range fleet.UsersOf(x.alias.Pools) {
		if n > 1 {
			users = append(users, u)
		}
	}
	for u, l := range x.authPools() {
		if l == (fleet.Login{}) && x.alias.ForceUser == u {
			users = append(users, u)
		}
		for _, g := range x.alias.Pools { // of one that no sample shows, it is not known
			if l != (fleet.Login{}) && g.User == u && (g.Login.Forced || g.Login == fleet.Login{}) {
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
		if x.process.IsAuthDatabase(x.alias.Name) || x.alias.ForceUser != "" ||
			slices.ContainsFunc(x.alias.Pools, func(g fleet.PoolGauges) bool { return g.Login.Forced }) {
			return false
		}
		users = slices.DeleteFunc(slices.Clone(users), func(u string) bool { _, auth := own[u]; return auth })
	}
	return len(users) == 0
}

// authNotes names what of auth_user is counted although nobody has seen it, and what cannot be.
func authNotes(o fleet.Observation, pools []FleetPool) (notes []string) {
	unused := map[string][]string{} // pools by user and group
	for _, p := range pools {
		for _, c := range p.LinePools {
			if !c.Auth {
				continue
			}
			who := "auth_user " + c.login(fleet.Alias{Name: p.Alias}).Role
			if ids := unused[who]; len(ids) == 0 || ids[len(ids)-1] != p.ID {
				unused[who] = append(ids, p.ID)
			}
		}
	}
	for _, who := range slices.Sorted(maps.Keys(unused)) {
		notes = append(notes,
			fmt.Sprintf("%s has opened no connection in %s yet, and any login of a client without a line in auth_file may "+
				"make it: its pools count there; users: {name, max} of the pool bounds them", who,
				strings.Join(unused[who], ", ")))
	}
	return notes
}
