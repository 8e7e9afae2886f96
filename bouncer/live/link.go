package live

import (
	"net/netip"
	"slices"
	"time"
)

// link is one server connection as a console lists it: the bouncer's end of what PostgreSQL shows as a backend.
type link struct {
	process *console
	alias   string
	user    string
	state   string
	pid     int            // of the backend; 0 while it logs in
	end     netip.AddrPort // the bouncer's end; not valid for a Unix socket
	remote  string         // the other end as PgBouncer prints it, with its port; "unix" for a socket
	opened  time.Time      // to the second, by the bouncer's clock, read as UTC; zero where it cannot be read
	local   bool           // that clock shows another zone than UTC
	replica bool           // it replicates: a walsender, which from PostgreSQL 12 on has slots of its own and is not looked for
	// database is the alias's, in PostgreSQL; "" where that is not known.
	database string
}

// login says whether the connection is being opened and will take a slot.
func (l link) login() bool { return l.state == "new" && !l.replica }

// cancel says whether the connection only carries a cancel request, which never takes a slot of PostgreSQL.
func (l link) cancel() bool { return l.state == "active_cancel" }

// linksOf reads SHOW SERVERS. What carries a cancel request takes no slot of max_connections.
func linksOf(process *console, servers []record) []link {
	links := make([]link, 0, len(servers))
	for _, r := range servers {
		l := link{process: process, alias: r.text("database"), user: r.text("user"), state: r.text("state"), pid: r.count("remote_pid")}
		l.end = endOf(r.text("local_addr"), r.count("local_port"))
		l.remote = r.text("addr")
		if to := endOf(r.text("addr"), r.count("port")); to.IsValid() {
			l.remote = to.String()
		}
		const layout = "2006-01-02 15:04:05"
		if text := r.text("connect_time"); len(text) >= len(layout) {
			if at, err := time.Parse(layout, text[:len(layout)]); err == nil {
				l.opened, l.local = at, text[len(layout):] != " UTC"
			}
		}
		replication := r.text("replication")
		l.replica = replication != "" && replication != "none"
		if !l.cancel() {
			links = append(links, l)
		}
	}
	return links
}

// clocksApart is how much two clocks may differ. Chosen: two that NTP keeps, and a slow login, differ by less than 5 s.
const clocksApart = 5 * time.Second

// zones is what the offsets of all time zones are multiples of.
const zones = 15 * time.Minute

// born says whether a link may be the backend by role and time of birth; known is false where the bouncer's clock
// cannot be read, and then the role alone speaks. Where the process prints local time, whole zones are left out.
func (l link) born(b backend) (same, known bool) {
	if l.user != b.user || l.opened.IsZero() {
		return l.user == b.user, false
	}
	apart := time.UnixMicro(b.started).Sub(l.opened)
	if l.local {
		apart -= apart.Round(zones)
	}
	return apart.Abs() < clocksApart, true
}

// linkKey is what a link and its backend have in common: both ends of the wire agree on the bouncer's address and
// port, and on the process id once the login is through. Over a Unix socket there is only the process id.
type linkKey struct {
	end netip.AddrPort
	pid int
}

// who is what a link and its backend have in common whatever stands between them: a proxy changes addresses, and
// neither the process id, the role nor the database.
type who struct {
	pid            int
	user, database string
}

// linkIndex finds the link of a backend. The zero value is empty.
type linkIndex struct {
	byEnd   map[linkKey]link
	byWho   map[who][]linkKey
	claimed map[linkKey]bool // has a backend at the very same address: it is no other's
}

// add enters a pass over the consoles. Of two links with one key the later stays: it knows more.
func (x *linkIndex) add(links []link) {
	if x.byEnd == nil {
		x.byEnd, x.byWho, x.claimed = map[linkKey]link{}, map[who][]linkKey{}, map[linkKey]bool{}
	}
	for _, l := range links {
		if l.pid == 0 && !l.end.IsValid() {
			continue
		}
		key, name := linkKey{l.end, l.pid}, who{l.pid, l.user, l.database}
		x.byEnd[key] = l
		if l.pid != 0 && !slices.Contains(x.byWho[name], key) {
			x.byWho[name] = append(x.byWho[name], key)
		}
	}
}

// claim enters which links have a backend at their own address, on whichever server.
func (x *linkIndex) claim(shots [][]shot) {
	for _, server := range shots {
		for _, s := range server {
			for _, b := range s {
				if _, ok := x.byEnd[linkKey{b.end, b.pid}]; ok && b.end.IsValid() {
					x.claimed[linkKey{b.end, b.pid}] = true
				}
			}
		}
	}
}

// of returns the link that owns a backend: the one at its address and port, with its process id or in mid-login, when
// it has none yet. Failing that, a proxy or a socket stands between: the one with its process id, role, database and
// time of birth. Process ids of two machines look alike, and those of two containers much alike; all four together do
// not.
func (x linkIndex) of(b backend) (link, bool) {
	if !b.end.IsValid() && !b.socket {
		return link{}, false
	}
	if b.end.IsValid() {
		for _, pid := range []int{b.pid, 0} {
			if l, ok := x.byEnd[linkKey{b.end, pid}]; ok {
				return l, true
			}
		}
	}
	for _, key := range x.byWho[who{b.pid, b.user, b.database}] {
		l := x.byEnd[key]
		same, known := l.born(b)
		if same && !x.claimed[key] && (known || b.socket && !l.end.IsValid()) {
			return l, true
		}
	}
	return link{}, false
}
