package static

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/ini"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// observed is a file as its processes would show it, with every pool that they may have.
type observed struct {
	group   string
	process fleet.Process // each of its processes is like it
	times   int           // how many there are
	lines   []Line
}

// observe makes the processes of a file that was loaded. Each of them has the same lines.
func (r Request) observe(f File, c ini.Config, names []string, authRead bool) observed {
	p := r.process(f, c)
	o := observed{group: f.Path}
	who := clients{names: names, read: authRead, kind: authType(c), asks: p.AuthUser != ""}
	for _, d := range c.Databases() {
		at := ini.Where{File: d.File, Line: d.Line}
		l := Line{File: f.Path, Alias: d.Alias, At: at.String(), Host: d.Host, Port: d.Port, SizeConns: d.SizeConns,
			ReserveConns: d.ReserveConns, MaxConns: d.MaxConns}
		a := fleet.Alias{Name: d.Alias, Host: d.Host, Port: d.Port, Database: d.DBName, ForceUser: d.ForceUser,
			SizeConns: d.SizeConns, ReserveConns: d.ReserveConns, MaxConns: d.MaxConns, PoolMode: d.PoolMode,
			Proof: fleet.ProofList}
		servers, stray := r.servers(d.Host, d.Port)
		l.Servers, l.stray, l.forced = servers, stray, d.ForceUser
		if len(servers) > 0 {
			a.Server, a.AlsoOn = servers[0], servers[1:]
		}
		users, why := r.users(d, p, who)
		if d.Alias == fleet.AutoDB {
			a, users = star(a, users)
		}
		for _, u := range users {
			g := fleet.PoolGauges{User: u}
			if d.Alias == fleet.AutoDB {
				role, db, _ := strings.Cut(u, "@")
				g.Login = fleet.Login{Role: role, Alias: db, Database: db, Forced: d.ForceUser != ""}
			}
			a.Pools = append(a.Pools, g)
		}
		l.Pools, l.Unbounded = len(users), why
		if o.lines = append(o.lines, l); why == "" {
			p.Aliases = append(p.Aliases, a)
		}
	}
	slices.SortFunc(p.Aliases, func(a, b fleet.Alias) int { return cmp.Compare(a.Name, b.Name) })
	p.ID = f.Path + "/1"
	o.process, o.times = p, max(1, r.Processes)
	return o
}

// process is a process without its aliases.
func (r Request) process(f File, c ini.Config) fleet.Process {
	p := fleet.Process{Group: f.Path, Version: r.Version, PAM: authType(c) == "pam", UsersKnown: true,
		Filed: []fleet.FiledLine{},
		Settings: fleet.Settings{DefaultPoolConns: c.DefaultPoolSize(), DefaultReserveConns: c.DefaultReserve(),
			MaxDBConns: c.DefaultMaxConns(), MaxUserConns: c.MaxUserConns(), ReserveTimeout: c.ReserveTimeout()}}
	p.Identity.ConfFile = f.Path
	if asksAuth(authType(c)) {
		p.AuthUser, _, _ = c.Setting("auth_user")
		p.AuthDatabase, _, _ = c.Setting("auth_dbname")
	}
	p.Settings.ServerTLS, _, _ = c.Setting("server_tls_sslmode")
	for _, d := range c.Databases() {
		l := fleet.FiledLine{Alias: d.Alias}
		if asksAuth(authType(c)) {
			l.AuthUser, l.AuthDatabase = d.AuthUser, d.AuthAlias
		}
		if d.Alias == fleet.AutoDB {
			l.Star = &fleet.StarLine{Host: d.Host, Port: d.Port, Database: d.DBName, ForceUser: d.ForceUser,
				SizeConns: d.SizeConns, ReserveConns: d.ReserveConns, MaxConns: d.MaxConns, PoolMode: d.PoolMode}
		}
		p.Filed = append(p.Filed, l)
	}
	slices.SortFunc(p.Filed, func(a, b fleet.FiledLine) int { return strings.Compare(a.Alias, b.Alias) })
	for _, u := range c.Users() {
		p.Users = append(p.Users, limitOf(u, r.Version))
	}
	return p
}

// limitOf is a line of [users] as a process of that version has it in force. Source: server.c, pool_pool_size (1.23)
// and pool_res_pool_size (1.24); objects.c, user_max_connections.
func limitOf(u ini.User, version string) fleet.UserLimit {
	l := fleet.UserLimit{Name: u.Name, MaxConns: max(0, u.MaxConns)}
	if fleet.VersionAtLeast(version, 1, 23) {
		if l.SizeConns = max(0, u.SizeConns); u.SizeConns == 0 {
			l.SizeConns = fleet.Unlimited
		}
	}
	if fleet.VersionAtLeast(version, 1, 24) {
		if l.ReserveConns = max(0, u.ReserveConns); u.ReserveConns == 0 {
			l.ReserveConns = fleet.NoReserve
		}
	}
	return l
}

// star is the line of * with each of its pools in a database of its own, which max_db_connections bounds.
func star(a fleet.Alias, users []string) (fleet.Alias, []string) {
	if a.MaxConns > 0 && (a.SizeConns == 0 || a.SizeConns+a.ReserveConns > a.MaxConns) {
		size := a.MaxConns
		if a.SizeConns > 0 {
			size = min(a.SizeConns, a.MaxConns)
		}
		a.SizeConns, a.ReserveConns = size, a.MaxConns-size
	}
	a.MaxConns = 0
	var named []string
	for i, u := range users {
		named = append(named, fmt.Sprintf("%s@database %d", u, i+1))
	}
	return a, named
}
