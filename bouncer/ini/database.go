package ini

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Database is one alias as PgBouncer would hold it after the load: what SHOW DATABASES says, defaults filled in. It has
// no passwords and no queries.
type Database struct {
	Alias string // "*": whatever has no line of its own
	File  string // the file of the line
	Line  int    // 1-based

	Host      string // "": a Unix socket
	Port      int
	DBName    string // in PostgreSQL; of "*" what is written, "" where each client's own name is meant
	ForceUser string // user=; "": the client's
	AuthUser  string // as whom auth_query is asked for its clients; "": the process's
	AuthAlias string // auth_dbname, where it is asked; "": the process's
	PoolMode  string // "": the process's

	SizeConns    int // of each of its pools
	ReserveConns int
	MinConns     int
	MaxConns     int // max_db_connections; 0: no limit

	LifetimeSeconds int // server_lifetime on the line; 0: the process's
	Wait            Wait

	Sized     bool // pool_size stands on the line
	Duplicate bool // the alias stands on several lines
}

// Format prints alias, place and sizes, whatever the verb: where quotes or tabs are wrong, a password may have become a
// part of any text.
func (d Database) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "%s (%s:%d) pool_size %d reserve %d", plainName(d.Alias), d.File, d.Line, d.SizeConns, d.ReserveConns)
}

// database is a line of [databases].
type database struct {
	alias     string
	at        place // of the connection string
	equal     int   // the byte after its =
	pairs     []pair
	broken    bool   // it could not be loaded: "*" alone is not observed before a client comes
	forced    string // user=, this line's or an earlier one's: a load cannot take it back
	duplicate bool
	torn      bool // an earlier line of the alias leads elsewhere, so that each load closes its server connections
}

// leads are the keys of a line that say where its server connections lead, and what they begin with: a load that finds
// one changed closes them. Source: parse_database, loader.c:247.
var leads = []string{"host", "port", "dbname", "user", "connect_query", "auth_dbname", "auth_query",
	"load_balance_hosts"}

// elsewhere says whether two lines of an alias lead to different places.
func (d *database) elsewhere(other *database) bool {
	lead := func(d *database, key string) string {
		text := d.text(key)
		switch {
		case key == "port" && text == "":
			return "5432"
		case key == "port":
			return strconv.Itoa(atoi(text))
		case key == "dbname" && text == "":
			return d.alias
		case key == "load_balance_hosts" && text == "":
			return "round-robin"
		case key == "load_balance_hosts":
			return strings.ToLower(text)
		}
		return text
	}
	return slices.ContainsFunc(leads, func(key string) bool { return lead(d, key) != lead(other, key) })
}

// last returns the value of a key, the last one where it is written twice.
func (d *database) last(keys ...string) (pair, bool) {
	var found pair
	ok := false
	for _, p := range d.pairs {
		for _, k := range keys {
			if p.key == k {
				found, ok = p, true
			}
		}
	}
	return found, ok
}

// number returns a number of the line; below least it is inherited from a setting. Source: pool_pool_size,
// server.c:279, and database_max_connections, server.c:334.
func (d *database) number(in *content, inherit string, least int, keys ...string) int {
	if p, ok := d.last(keys...); ok {
		if n := atoi(p.value); n >= least {
			return n
		}
	}
	return in.number(inherit)
}

func (d *database) text(key string) string {
	p, _ := d.last(key)
	return p.value
}

// spellings are the keys of a line that set what a planner's key names.
func spellings(key fleet.Key) []string {
	if key == fleet.KeyReserve {
		return []string{"reserve_pool", "reserve_pool_size"}
	}
	return []string{string(key)}
}

// conns returns the size or the reserve of the line.
func (d *database) conns(in *content, key fleet.Key) int {
	if key == fleet.KeyReserve {
		return d.number(in, defaultReserve, 0, spellings(key)...)
	}
	return d.number(in, defaultSize, 0, spellings(key)...)
}

// inherits says whether the size or reserve of the line is that of [pgbouncer].
func (d *database) inherits(key fleet.Key) bool {
	p, ok := d.last(spellings(key)...)
	return !ok || atoi(p.value) < 0
}

func (in *content) database(d *database) Database {
	out := Database{
		Alias: d.alias, File: in.files[d.at.file].path, Line: d.at.line,
		Host: d.text("host"), Port: 5432, DBName: d.text("dbname"), ForceUser: d.forced,
		PoolMode: strings.ToLower(d.text("pool_mode")),
		AuthUser: d.text("auth_user"), AuthAlias: d.text("auth_dbname"),
		SizeConns: d.conns(in, fleet.KeySize), ReserveConns: d.conns(in, fleet.KeyReserve),
		MinConns: d.number(in, defaultMin, 0, "min_pool_size"), MaxConns: d.number(in, defaultMax, 1, "max_db_connections"),
		Duplicate: d.duplicate,
	}
	out.Wait = d.wait()
	if p, ok := d.last(string(fleet.KeyLifetime)); ok {
		out.LifetimeSeconds = max(0, atoi(p.value))
	}
	_, out.Sized = d.last(string(fleet.KeySize))
	if out.DBName == "" && d.alias != autodb {
		out.DBName = d.alias
	}
	if p, ok := d.last("port"); ok {
		out.Port = atoi(p.value)
	}
	return out
}

// Wait is the query_wait_timeout of a line, as master has it after 1.25. The manual says that -1 stands for none of its
// own; by the source it is taken as it is, and never sends anybody away (loader.c:349, janitor.c:463).
type Wait struct {
	Own     bool // the line has one
	Seconds int  // 0: nobody is sent away
}

// wait is that of a line.
func (d *database) wait() Wait {
	p, own := d.last("query_wait_timeout")
	if !own {
		return Wait{}
	}
	return Wait{true, max(0, atoi(p.value))}
}

// User is one line of [users]. A number below 0 is not written: the pool's line and [pgbouncer] decide.
type User struct {
	Name string
	File string // the file of the line
	Line int    // 1-based

	SizeConns    int // pool_size, since 1.23: beats the line of the alias
	ReserveConns int // reserve_pool_size, since 1.24: the same
	MaxConns     int // max_user_connections
	Wait         Wait
}

// user is a line of [users].
type user struct {
	User
	at    place
	pairs []pair
}
