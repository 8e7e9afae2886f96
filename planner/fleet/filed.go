package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// WithHidden gives the databases of * that SHOW DATABASES leaves out what their line says, and shows those in which
// auth_query is asked: they come with the first login of a client whom no file names.
func WithHidden(o Observation) Observation {
	o.Processes = slices.Clone(o.Processes)
	for i := range o.Processes {
		p := o.Processes[i]
		aliases := slices.Clone(p.Aliases)
		for j, a := range aliases {
			if a.Hidden && a.Name != AutoDB {
				aliases[j] = p.hidden(a, o)
			}
		}
		if _, gathered := p.Alias(AutoDB); !gathered {
			for _, in := range p.AuthElsewhere() {
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
		a.Guessed = cmp.Or(a.Guessed, GuessLine)
	}
	return a, true
}

// autos reports whether the process shows a database that has no line in its file: it has a line of * in force.
func (p Process) autos() bool {
	return slices.ContainsFunc(p.Aliases, func(a Alias) bool { return a.Name != AutoDB && !a.Gone && !p.lined(a.Name) })
}

// FiledLine is a line of [databases] of a process's file, as far as no console shows it.
type FiledLine struct {
	Alias        string `json:"alias"`                 // the name before "="; "*" for the line of every other database
	AuthUser     string `json:"auth_user,omitempty"`   // as whom auth_query is asked for its clients; empty: the process's
	AuthDatabase string `json:"auth_dbname,omitempty"` // the alias in which it is; empty: the process's

	Star *StarLine `json:"star,omitempty"` // of the line of * alone
}

// WaitTimeout is a query_wait_timeout that stands on a line of [databases] or of [users] in the process's file: no
// console shows it. PgBouncer has it after 1.25.
type WaitTimeout struct {
	Alias   string        `json:"alias,omitempty"` // of a line of [databases]; "*" too
	User    string        `json:"user,omitempty"`  // of a line of [users]
	Timeout time.Duration `json:"timeout_ns"`      // 0: its waiters are never sent away
}

// WaitTimeout is how long a client of a user waits for a connection of an alias before it is sent away; 0: for ever.
// The user's own counts before the line's, and that before the process's. Source: PgBouncer after 1.25, janitor.c:448.
func (p Process) WaitTimeout(alias, user string) time.Duration {
	own := slices.ContainsFunc(p.Filed, func(l FiledLine) bool { return l.Alias == alias })
	timeout := p.Settings.QueryWaitTimeout
	for _, w := range p.WaitTimeouts {
		if w.User == "" && (w.Alias == alias || w.Alias == AutoDB && !own) {
			timeout = w.Timeout
		}
	}
	for _, w := range p.WaitTimeouts {
		if w.User != "" && w.User == user {
			timeout = w.Timeout
		}
	}
	return timeout
}

// StarLine is what the databases of * have by its line.
type StarLine struct {
	Host         string `json:"host,omitempty"` // as SHOW DATABASES shows that of its databases
	Port         int    `json:"port,omitempty"`
	Database     string `json:"database,omitempty"`   // empty: as the client calls it
	ForceUser    string `json:"force_user,omitempty"` // user= of the line; empty: the client's own user
	SizeConns    int    `json:"pool_size"`            // -1: the process's, as that of the reserve
	ReserveConns int    `json:"reserve_pool_size"`
	MaxConns     int    `json:"max_db_connections,omitempty"` // 0: the process's
	PoolMode     string `json:"pool_mode,omitempty"`          // empty: the process's
}

// FiledAs is the line by which an alias lives: its own, else that of *.
func (p Process) FiledAs(alias string) (FiledLine, bool) {
	i, found := slices.BinarySearchFunc(p.Filed, alias,
		func(l FiledLine, name string) int { return strings.Compare(l.Alias, name) })
	if !found {
		i, found = slices.BinarySearchFunc(p.Filed, AutoDB,
			func(l FiledLine, name string) int { return strings.Compare(l.Alias, name) })
	}
	if !found {
		return FiledLine{}, false
	}
	return p.Filed[i], true
}

// star is the line of *, where an alias lives by it according to the process's file.
func (p Process) star(alias string) (StarLine, bool) {
	l, found := p.FiledAs(alias)
	if !found || l.Star == nil || alias == AutoDB {
		return StarLine{}, false
	}
	return *l.Star, true
}

// lined reports whether an alias has a line of its own in the process's file.
func (p Process) lined(alias string) bool {
	l, found := p.FiledAs(alias)
	return found && l.Alias == alias
}

// ofStar is a database of * that a process does not show, because nobody has used it lately. The line of * that a
// process has need not be its file's: that may not be loaded, and one that was taken out of it stays until a restart.
// So the file's counts where a database that is shown, here or in a process like it, has what it says; else the
// process's defaults do, too, where they are more.
func (p Process) ofStar(name string, star StarLine, shown []Alias) Alias {
	a, inForce := star.alias(name, p.Settings), false
	for _, b := range shown {
		if b.Name == AutoDB || b.Hidden || b.Gone || p.lined(b.Name) {
			continue
		}
		inForce = inForce || b.SizeConns == a.SizeConns && b.ReserveConns == a.ReserveConns && b.MaxConns == a.MaxConns &&
			b.ForceUser == a.ForceUser
	}
	if inForce {
		return a
	}
	a.atLeast(a.unused(p.Settings))
	for _, b := range shown { // the line in force is theirs
		if p.Filed != nil && b.Name != AutoDB && !b.Hidden && !b.Gone && !p.lined(b.Name) {
			a.atLeast(b)
		}
	}
	return a
}

// leadsTo says where a database of * leads: to where another alias of its host and port in its group does, or to the
// only server there is, or it may be to any.
func (a *Alias) leadsTo(p Process, o Observation) {
	socket := a.Host == "" || strings.HasPrefix(a.Host, "/") // which is each machine's own
	for _, q := range o.Processes {
		if q.ID != p.ID && (socket || q.Group != p.Group) {
			continue
		}
		for _, b := range q.Aliases {
			if b.Name != AutoDB && !b.Hidden && b.Host == a.Host && b.Port == a.Port && (b.Server != "" || len(b.Unplaced) > 0) {
				a.Server, a.AlsoOn, a.Unplaced, a.Proof = b.Server, b.AlsoOn, b.Unplaced, b.Proof
				return
			}
		}
	}
	if a.Proof = ProofNone; len(o.Servers) > 1 {
		a.Guessed = GuessServer
		for _, s := range o.Servers {
			a.placeWith(Alias{Server: s.Name, Proof: ProofAddress})
		}
	}
}

// atLeast raises what an alias may open to that of another, and says that it is a guess where that is more.
func (a *Alias) atLeast(b Alias) {
	was := *a
	a.SizeConns, a.ReserveConns = max(a.SizeConns, b.SizeConns), max(a.ReserveConns, b.ReserveConns)
	if a.MaxConns > 0 && (b.MaxConns == 0 || b.MaxConns > a.MaxConns) {
		a.MaxConns = b.MaxConns
	}
	if a.SizeConns != was.SizeConns || a.ReserveConns != was.ReserveConns || a.MaxConns != was.MaxConns {
		a.Guessed = GuessInForce
	}
}

// alias is a database of * by what its line says.
func (s StarLine) alias(name string, in Settings) Alias {
	a := Alias{Name: name, Host: s.Host, Port: s.Port, Database: cmp.Or(s.Database, name), ForceUser: s.ForceUser,
		SizeConns: s.SizeConns, ReserveConns: s.ReserveConns,
		MaxConns: cmp.Or(s.MaxConns, in.MaxDBConns), Lifetime: in.Lifetime, PoolMode: cmp.Or(s.PoolMode, in.PoolMode),
		LinePoolMode: s.PoolMode,
		Counters:     Counters{Assignments: -1}}
	if a.SizeConns < 0 {
		a.SizeConns = in.DefaultPoolConns
	}
	if a.ReserveConns < 0 {
		a.ReserveConns = in.DefaultReserveConns
	}
	return a
}

// AuthUsers lists as whom auth_query may be asked in an alias, sorted: for its own clients, and for those of aliases
// whose auth_dbname it is.
func (p Process) AuthUsers(alias string) []string {
	var out []string
	add := func(user string) {
		if user != "" && !slices.Contains(out, user) {
			out = append(out, user)
		}
	}
	own, _ := p.FiledAs(alias)
	if in := cmp.Or(own.AuthDatabase, p.AuthDatabase); in == "" || in == alias {
		add(cmp.Or(own.AuthUser, p.AuthUser))
	}
	if p.AuthDatabase == alias {
		add(p.AuthUser)
	}
	for _, l := range p.Filed {
		if cmp.Or(l.AuthDatabase, p.AuthDatabase) == alias {
			add(cmp.Or(l.AuthUser, p.AuthUser))
		}
	}
	slices.Sort(out)
	return out
}

// authUser reports whether auth_query is asked as this user in any alias.
func (p Process) authUser(user string) bool {
	return user != "" && (p.AuthUser == user ||
		slices.ContainsFunc(p.Filed, func(l FiledLine) bool { return l.AuthUser == user }))
}

// IsAuthDatabase reports whether an alias is there for auth_query: it is the process's auth_dbname, or a line's and has
// no line of its own, by which clients may come.
func (p Process) IsAuthDatabase(alias string) bool {
	return alias != "" && (p.AuthDatabase == alias ||
		!p.lined(alias) && slices.ContainsFunc(p.Filed, func(l FiledLine) bool { return l.AuthDatabase == alias }))
}

// AuthElsewhere lists the aliases in which auth_query is asked and that are not shown, sorted: by the process's
// auth_dbname, and by those of lines.
func (p Process) AuthElsewhere() []string {
	var out []string
	add := func(l FiledLine) {
		in := cmp.Or(l.AuthDatabase, p.AuthDatabase)
		if _, shown := p.Alias(in); in != "" && !shown && cmp.Or(l.AuthUser, p.AuthUser) != "" && !slices.Contains(out, in) {
			out = append(out, in)
		}
	}
	add(FiledLine{})
	for _, l := range p.Filed {
		add(l)
	}
	slices.Sort(out)
	return out
}
