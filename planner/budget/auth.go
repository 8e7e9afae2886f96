package budget

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// authRole reports whether auth_query may be asked as this role in the alias.
func (x placed) authRole(role string) bool {
	for user, l := range x.process.AuthLogins(x.alias) {
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
	for u, l := range x.process.AuthLogins(x.alias) {
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
		own := x.process.AuthLogins(x.alias)
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
