package planner

import (
	"cmp"
	"slices"
	"strings"
)

// FiledLine is a line of [databases] of a process's file, as far as no console shows it.
type FiledLine struct {
	Alias        string `json:"alias"`
	AuthUser     string `json:"auth_user,omitempty"`   // as whom auth_query is asked for its clients; empty: the process's
	AuthDatabase string `json:"auth_dbname,omitempty"` // the alias in which it is; empty: the process's

	Star *StarLine `json:"star,omitempty"` // of the line of * alone
}

// StarLine is what the databases of * have by its line.
type StarLine struct {
	Database     string `json:"database,omitempty"` // empty: as the client calls it
	ForceUser    string `json:"force_user,omitempty"`
	SizeConns    int    `json:"pool_size"` // -1: the process's, as that of the reserve
	ReserveConns int    `json:"reserve_pool_size"`
	MaxConns     int    `json:"max_db_connections,omitempty"`
	PoolMode     string `json:"pool_mode,omitempty"` // empty: the process's
}

// filed is the line by which an alias lives: its own, else that of *.
func (p Process) filed(alias string) (FiledLine, bool) {
	i, found := slices.BinarySearchFunc(p.Filed, alias, func(l FiledLine, name string) int { return strings.Compare(l.Alias, name) })
	if !found {
		i, found = slices.BinarySearchFunc(p.Filed, AutoDB, func(l FiledLine, name string) int { return strings.Compare(l.Alias, name) })
	}
	if !found {
		return FiledLine{}, false
	}
	return p.Filed[i], true
}

// star is the line of *, where an alias lives by it according to the process's file.
func (p Process) star(alias string) (StarLine, bool) {
	l, found := p.filed(alias)
	if !found || l.Star == nil || alias == AutoDB {
		return StarLine{}, false
	}
	return *l.Star, true
}

// alias is a database of * that a process does not show, because nobody has used it lately.
func (s StarLine) alias(name string, in Settings) Alias {
	a := Alias{Name: name, Database: cmp.Or(s.Database, name), ForceUser: s.ForceUser, SizeConns: s.SizeConns, ReserveConns: s.ReserveConns,
		MaxConns: cmp.Or(s.MaxConns, in.MaxDBConns), Lifetime: in.Lifetime, PoolMode: cmp.Or(s.PoolMode, in.PoolMode), LinePoolMode: s.PoolMode,
		Counters: Counters{Assignments: -1}}
	if a.SizeConns < 0 {
		a.SizeConns = in.DefaultPoolConns
	}
	if a.ReserveConns < 0 {
		a.ReserveConns = in.DefaultReserveConns
	}
	return a
}

// authUsers lists as whom auth_query may be asked in an alias, sorted: for its own clients, and for those of aliases whose
// auth_dbname it is.
func (p Process) authUsers(alias string) []string {
	var out []string
	add := func(user string) {
		if user != "" && !slices.Contains(out, user) {
			out = append(out, user)
		}
	}
	own, _ := p.filed(alias)
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
	return user != "" && (p.AuthUser == user || slices.ContainsFunc(p.Filed, func(l FiledLine) bool { return l.AuthUser == user }))
}

// authDatabase reports whether an alias is an auth_dbname, of the process or of a line.
func (p Process) authDatabase(alias string) bool {
	return alias != "" && (p.AuthDatabase == alias || slices.ContainsFunc(p.Filed, func(l FiledLine) bool { return l.AuthDatabase == alias }))
}

// authElsewhere lists the aliases in which auth_query is asked and that are not shown, sorted: by the process's auth_dbname, and
// by those of lines.
func (p Process) authElsewhere() []string {
	var out []string
	add := func(l FiledLine) {
		in := cmp.Or(l.AuthDatabase, p.AuthDatabase)
		if _, shown := p.alias(in); in != "" && !shown && cmp.Or(l.AuthUser, p.AuthUser) != "" && !slices.Contains(out, in) {
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
