package ini

import (
	"slices"
	"strconv"
	"strings"
)

func decimal(n int) string { return strconv.Itoa(n) }

// limits are the keys of a user that SHOW USERS shows with the process's filled in. Source: user_max_connections,
// server.c:342, and user_client_max_connections, server.c:350.
var limits = []string{"max_user_connections", "max_user_client_connections"}

// sizes are the keys of a user that SHOW USERS shows as text; see ownSize.
var sizes = []string{"pool_size", "reserve_pool_size"}

// users compares [users]. A user whose line is gone keeps what the line said until a restart.
func (x *comparing) users() {
	if len(x.content.users) == 0 {
		return
	}
	if x.now.Users == nil {
		x.unseen("[users]")
		return
	}
	rows := map[string]int{}
	for i, r := range x.now.Users {
		rows[r["name"]] = i
	}
	for _, u := range x.content.users {
		at, ok := rows[u.Name]
		change := Difference{Name: "users." + u.Name + ".line", Of: u.Name, Cause: Added, At: x.where(u.at)}
		if !ok {
			x.pending(change)
			continue
		}
		change.Cause = Written
		r, line := x.now.Users[at], database{pairs: u.pairs}
		if now, ok := r["pool_mode"]; ok && now != strings.ToLower(line.text("pool_mode")) {
			change.Name, change.Key = "users."+u.Name+".pool_mode", "pool_mode"
			change.File, change.Now = maskedHost(strings.ToLower(line.text("pool_mode"))), maskedHost(now)
			x.pending(change)
		}
		for _, key := range limits {
			now, ok := r.number(key)
			p, said := line.last(key)
			want := x.inForce(key)
			if n := atoi(p.value); said && n > 0 {
				want = n
			}
			if ok && now != want {
				change.Name, change.Key = "users."+u.Name+"."+key, key
				change.File, change.Now = decimal(want), decimal(now)
				x.pending(change)
			}
		}
		for _, key := range sizes {
			p, said := line.last(key)
			change.Name, change.Key = "users."+u.Name+"."+key, key
			x.ownSize(change, at, atoi(p.value), said)
		}
	}
	x.unseenUsers()
}

// ownSize compares a size of a user. From 1.23 to 1.25.2 the text of SHOW USERS is not cleared between rows: a user
// without a size shows that of the row before. A size that is taken back to one that the row before has, too, is not
// seen.
func (x *comparing) ownSize(change Difference, at, n int, said bool) {
	now, ok := x.now.Users[at][change.Key]
	if !ok {
		return
	}
	now = strings.TrimSpace(now)
	before := ""
	if at > 0 {
		before = strings.TrimSpace(x.now.Users[at-1][change.Key])
	}
	own := said && n >= 0
	change.Now = maskedHost(now)
	switch {
	case own && now != decimal(n):
		change.File = decimal(n)
		x.pending(change)
	case !own && now != "" && now != before:
		change.File = "none"
		x.pending(change)
	case !own && now != "":
		x.unseen("%s of user %s, where SHOW USERS repeats the row before", change.Key, plainName(change.Of))
	}
}

// unseenUsers lists the keys of users that SHOW USERS of this version does not have.
func (x *comparing) unseenUsers() {
	keys := x.hidden(userKeys, func(key string) bool { return x.shows(x.now.Users, key) })
	if len(keys) > 0 {
		x.unseen("%s in [users]", list(keys))
	}
}

// peersOf compares [peers].
func (x *comparing) peersOf() {
	if x.now.Peers == nil {
		if len(x.peers) > 0 {
			x.unseen("[peers]")
		}
		return
	}
	rows := by(x.now.Peers, "peer_id")
	for _, p := range x.peers {
		r, ok := rows[p.alias]
		name := "peers." + p.alias + "."
		if !ok {
			x.pending(Difference{Name: name + "line", Of: p.alias, Cause: Added, At: x.where(p.at)})
			continue
		}
		port, size := "6432", x.inForce(defaultSize)
		if said, ok := p.last("port"); ok {
			port = decimal(atoi(said.value))
		}
		if said, ok := p.last("pool_size"); ok && atoi(said.value) >= 0 {
			size = atoi(said.value)
		}
		for _, c := range []struct{ key, file string }{{"host", p.text("host")}, {"port", port},
			{"pool_size", decimal(size)}} {
			if c.file != r[c.key] {
				x.pending(Difference{Name: name + c.key, Of: p.alias, Key: c.key, At: x.where(p.at),
					File: maskedHost(c.file), Now: maskedHost(r[c.key]), file: c.file, now: r[c.key]})
			}
		}
	}
	for _, r := range x.now.Peers {
		id := r["peer_id"]
		if !slices.ContainsFunc(x.peers, func(p *database) bool { return p.alias == id }) {
			x.pending(Difference{Name: "peers." + id + ".line", Of: id, Cause: Gone, At: Where{x.path, 0}})
		}
	}
}
