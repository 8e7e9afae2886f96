package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A client whom no file names is looked up by auth_query, over a pool of auth_user that has the size of any other: in
// the client's own database, or in auth_dbname (start_auth_query of client.c). It is in SHOW POOLS from its first query
// on, and may open all its connections with the first storm of logins.

// asks reports whether auth_query may be asked in an alias.
func (p Process) asks(alias string) bool {
	return p.AuthUser != "" && (p.AuthDatabase == "" || p.AuthDatabase == alias)
}

// authPools lists auth_user's pools of one alias, whether they were used or not: as users, with the logins behind the
// names of gathered ones.
func (x placed) authPools() map[string]Login {
	p, out := x.process, map[string]Login{}
	if x.alias.Name != AutoDB {
		if p.asks(x.alias.Name) {
			out[p.AuthUser] = Login{}
		}
		return out
	}
	for _, g := range x.alias.Pools {
		if l := x.alias.Login(g); p.asks(l.Alias) {
			l.Forced = l.Forced && l.Role == p.AuthUser && VersionAtLeast(p.Version, 1, 23)
			l.Role = p.AuthUser
			out[l.name()] = l
		}
	}
	if _, own := p.alias(p.AuthDatabase); p.AuthUser != "" && p.AuthDatabase != "" && !own { // a client of any names it
		l := Login{Role: p.AuthUser, Alias: p.AuthDatabase, Database: p.AuthDatabase}
		out[l.name()] = l
	}
	if p.AuthUser != "" && p.AuthDatabase == "" && len(x.alias.Pools) == 0 {
		out[p.AuthUser] = Login{}
	}
	return out
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
		if x.process.AuthDatabase != "" && x.process.AuthDatabase == x.alias.Name || x.alias.ForceUser != "" ||
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
	for _, p := range o.Processes {
		_, shown := p.alias(p.AuthDatabase)
		if _, star := p.alias(AutoDB); p.AuthUser != "" && p.AuthDatabase != "" && !shown && !star {
			conns := EffectiveSize(p, Alias{SizeConns: p.Settings.DefaultPoolConns}, p.AuthUser) +
				EffectiveReserve(p, Alias{ReserveConns: p.Settings.DefaultReserveConns}, p.AuthUser)
			notes = append(notes, fmt.Sprintf("%s asks auth_query in %s, which it does not show yet: the %d connections that "+
				"%s may open there are in no ledger; give %s a line of its own, or declare them under ledger:",
				p.ID, p.AuthDatabase, conns, p.AuthUser, p.AuthDatabase))
		}
	}
	return notes
}
