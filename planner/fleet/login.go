package fleet

import (
	"cmp"
	"strings"
)

// Login is what stands behind the name of a gathered pool (see Gather): the role and the database that its connections
// log in to, and the alias that its clients named. The zero value is that of a pool of an alias of its own.
type Login struct {
	Role     string `json:"role,omitempty"`     // as whom PgBouncer logs in to PostgreSQL
	Alias    string `json:"alias,omitempty"`    // the database that clients name
	Database string `json:"database,omitempty"` // the database of PostgreSQL
	Forced   bool   `json:"forced,omitempty"`   // by user= of the line of *
}

// Name is the user by which a gathered pool goes: role@alias, the alias in quotes where it could not be told from the
// role.
func (l Login) Name() string {
	if strings.ContainsAny(l.Alias, `@"`) {
		return l.Role + `@"` + strings.ReplaceAll(l.Alias, `"`, `""`) + `"`
	}
	return l.Role + "@" + l.Alias
}

// loginBy reads name: all there is of a pool that no sample shows, because it is declared or remembered, and of one in
// an older recording. Its database is then taken to be called as its alias.
func loginBy(name string) Login {
	at := strings.LastIndexByte(name, '@')
	quoted := strings.HasSuffix(name, `"`)
	for i := len(name) - 2; quoted && i > 0; i-- { // from the end, quotes come in pairs up to the one that opens
		if name[i] != '"' {
			continue
		}
		if name[i-1] != '"' {
			at = i - 1
			break
		}
		i--
	}
	switch {
	case at < 0:
		return Login{Role: name}
	case quoted && at+2 < len(name) && name[at] == '@':
		alias := strings.ReplaceAll(name[at+2:len(name)-1], `""`, `"`)
		return Login{Role: name[:at], Alias: alias, Database: alias}
	default:
		return Login{Role: name[:at], Alias: name[at+1:], Database: name[at+1:]}
	}
}

// Login is that of one of the alias's pools: what its own line says, or, of a gathered one, what stands behind its
// name.
func (a Alias) Login(g PoolGauges) Login {
	switch {
	case g.Login != Login{}:
		return g.Login
	case a.Name == AutoDB:
		return loginBy(g.User)
	default:
		return Login{Role: g.User, Alias: a.Name, Database: a.Database, Forced: a.ForceUser != "" && a.ForceUser == g.User}
	}
}

// pool is the gauges of a user of the alias, the first where two pools have its name; without connections where none
// has.
func (a Alias) pool(user string) PoolGauges {
	for _, g := range a.Pools {
		if g.User == user {
			return g
		}
	}
	return PoolGauges{User: user}
}

// A client whom no file names is looked up by auth_query, over a pool of auth_user that has the size of any other: in
// the client's own database, or in auth_dbname (start_auth_query of client.c). It is in SHOW POOLS from its first query
// on, and may open all its connections with the first storm of logins.

// AuthLogins are auth_user's pools of one alias, whether they were used or not: by user, with the logins behind the
// names of gathered ones. None where no auth_query may be asked there.
func (p Process) AuthLogins(a Alias) map[string]Login {
	out := map[string]Login{}
	if a.Name != AutoDB {
		for _, user := range p.AuthUsers(a.Name) {
			out[user] = Login{}
		}
		return out
	}
	for _, g := range a.Pools {
		l := a.Login(g)
		for _, user := range p.AuthUsers(l.Alias) {
			as := l
			as.Forced = l.Forced && l.Role == user && VersionAtLeast(p.Version, 1, 23)
			as.Role = user
			out[as.Name()] = as
		}
	}
	for _, in := range p.AuthElsewhere() { // a client of any database names it
		for _, user := range p.AuthUsers(in) {
			l := Login{Role: user, Alias: in, Database: in}
			out[l.Name()] = l
		}
	}
	if star, _ := p.FiledAs(AutoDB); cmp.Or(star.AuthDatabase, p.AuthDatabase) == "" && len(a.Pools) == 0 {
		if user := cmp.Or(star.AuthUser, p.AuthUser); user != "" {
			out[user] = Login{}
		}
	}
	return out
}
