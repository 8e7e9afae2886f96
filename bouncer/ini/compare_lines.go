package ini

import (
	"maps"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// cell is one key of a line of [databases], and the column of SHOW DATABASES that has it.
type cell struct {
	key      string // as it is named here
	column   string
	spelled  []string // in the file
	inherits string   // the setting that stands for it where the line says less than least; "": a text
	least    int
	set      fleet.Key
	recycles bool // a change closes the server connections of the line
}

// cells are the keys of a line that SHOW DATABASES shows. Source: parse_database, loader.c:247,
// admin_show_databases, admin.c:480, and database_max_connections and its neighbours, server.c:334.
var cells = []cell{
	{key: "host", column: "host", recycles: true},
	{key: "port", column: "port", recycles: true},
	{key: "dbname", column: "database", recycles: true},
	{key: "user", column: "force_user", recycles: true},
	{key: "pool_size", column: "pool_size", inherits: defaultSize, set: fleet.KeySize},
	{key: "min_pool_size", column: "min_pool_size", inherits: defaultMin},
	{key: "reserve_pool", column: "reserve_pool_size", spelled: spellings(fleet.KeyReserve), inherits: defaultReserve,
		set: fleet.KeyReserve},
	{key: "server_lifetime", column: "server_lifetime", inherits: "server_lifetime", least: 1,
		set: fleet.KeyLifetime},
	{key: "pool_mode", column: "pool_mode"},
	{key: "load_balance_hosts", column: "load_balance_hosts", recycles: true},
	{key: "max_db_connections", column: "max_connections", inherits: defaultMax, least: 1},
	{key: "max_db_client_connections", column: "max_client_connections", inherits: "max_db_client_connections",
		least: 1},
}

// databases compares [databases].
func (x *comparing) databases() {
	if x.now.Databases == nil {
		x.unseen("[databases]")
		return
	}
	var star *database
	rows, lines := by(x.now.Databases, "name"), map[string]bool{}
	for _, d := range x.bases {
		lines[d.alias] = true
		if d.text("load_balance_hosts") != "" && !strings.Contains(d.text("host"), ",") {
			x.unseen("load_balance_hosts of %s, which has no list of hosts", d.alias)
		}
		if d.torn {
			x.pending(Difference{Name: d.alias + ".line", Of: d.alias, Cause: Twice, At: x.where(d.at), Recycles: true})
		}
		if d.alias == autodb {
			star = d
			continue
		}
		if r, ok := rows[d.alias]; ok {
			for _, change := range x.line(d, r, d.alias) {
				x.pending(change)
			}
			continue
		}
		x.pending(Difference{Name: d.alias + ".line", Of: d.alias, Cause: Added, At: x.where(d.at)})
	}
	x.unlined(star, lines)
	if len(x.bases) > 0 {
		x.unseen("%s on lines of [databases]", list(x.hidden(databaseKeys, func(key string) bool {
			i := slices.IndexFunc(cells, func(c cell) bool { return c.key == key || slices.Contains(c.spelled, key) })
			return i >= 0 && x.shows(x.now.Databases, cells[i].column)
		})))
	}
}

// shows says whether a table has a column; one without rows has all.
func (x *comparing) shows(rows []Row, column string) bool {
	if len(rows) == 0 {
		return true
	}
	_, ok := rows[0][column]
	return ok
}

// hidden lists the keys of a line that this version knows and no console shows, sorted.
func (x *comparing) hidden(keys map[string]known, shown func(key string) bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(keys)), func(key string) bool {
		return keys[key].since > x.minor || shown(key)
	})
}

// unlined compares the databases that have no line of their own: they live by the line of *, as it was when it was
// loaded, or had a line that is gone from the files.
func (x *comparing) unlined(star *database, lines map[string]bool) {
	var apart []Row
	alike := 0
	for _, r := range x.now.Databases {
		if lines[r["name"]] {
			continue
		}
		if star != nil && (star.broken || len(x.line(star, r, r["name"])) == 0) {
			alike++
			continue
		}
		apart = append(apart, r)
	}
	switch {
	case star == nil, alike > 0: // the line of * is the same for all who live by it: whoever differs does not
		for _, r := range apart {
			x.pending(Difference{Name: r["name"] + ".line", Of: r["name"], Cause: Gone, At: Where{x.path, 0}})
		}
	default:
		var seen []string
		for _, r := range apart {
			for _, change := range x.line(star, r, r["name"]) {
				if change.Name = autodb + "." + change.Key; !slices.Contains(seen, change.Name) {
					seen = append(seen, change.Name)
					change.Of, change.Recycles, change.Set, change.Alias = autodb, true, "", ""
					x.pending(change)
				}
			}
		}
	}
	switch {
	case star == nil:
	case alike > 0:
		x.unseen("which databases live by the line of * and which had a line that is gone")
	case len(apart) == 0:
		x.unseen("the line of *, by which no database lives now")
	}
}

// line compares a line with the row of an alias.
func (x *comparing) line(d *database, r Row, alias string) []Difference {
	var out []Difference
	for _, c := range cells {
		shown, ok := r[c.column]
		if !ok || c.key == "load_balance_hosts" && (shown == "" || !strings.Contains(d.text("host"), ",")) {
			continue
		}
		change := Difference{Name: alias + "." + c.key, Of: alias, Key: c.key, At: x.where(d.at), Recycles: c.recycles}
		if c.inherits == "" {
			text := x.textOf(d, c.key, alias)
			if text == shown {
				continue
			}
			change.file, change.now, change.File, change.Now = text, shown, maskedHost(text), maskedHost(shown)
		} else {
			n, now := x.numberOf(d, c), 0
			if now, ok = r.number(c.column); !ok {
				x.unseen("%s of %s", c.key, alias)
				continue
			}
			if n == now {
				continue
			}
			change.File, change.Now = decimal(n), decimal(now)
			change.Alias, change.Set, change.FileConns, change.NowConns = alias, c.set, n, now
		}
		out = append(out, change)
	}
	return out
}

// textOf is what SHOW DATABASES would have of a text of the line.
func (x *comparing) textOf(d *database, key, alias string) string {
	text := d.text(key)
	switch key {
	case "port":
		if text == "" {
			return "5432"
		}
		return decimal(atoi(text))
	case "dbname":
		if text == "" {
			return alias
		}
	case "user":
		return d.forced
	case "pool_mode":
		return strings.ToLower(text)
	case "load_balance_hosts":
		if text == "" {
			return "round-robin"
		}
		return strings.ToLower(text)
	}
	return text
}

// numberOf is what SHOW DATABASES would have of a number of the line, the settings in force where the line has none.
func (x *comparing) numberOf(d *database, c cell) int {
	spelled := c.spelled
	if spelled == nil {
		spelled = []string{c.key}
	}
	p, ok := d.last(spelled...)
	if c.key != string(fleet.KeyLifetime) {
		if n := atoi(p.value); ok && n >= c.least {
			return n
		}
		return x.inForce(c.inherits)
	}
	if ok && atoi(p.value) != 0 { // in microseconds without a sign: -1 is a very long time
		return int(int32(uint64(int64(atoi(p.value))*1e6) / 1e6))
	}
	if s, ok := x.params[c.key]; ok {
		if v, ok := shownSeconds(s.Value); ok {
			return int(int32(int64(v)))
		}
	}
	return 0
}
