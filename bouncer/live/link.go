package live

import (
	"net/netip"
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
	opened  time.Time      // to the second, by the bouncer's clock; zero where its text is not in UTC
}

// login says whether the connection is being opened.
func (l link) login() bool { return l.state == "new" }

// cancel says whether the connection only carries a cancel request, which never takes a slot of PostgreSQL.
func (l link) cancel() bool { return l.state == "active_cancel" }

// linksOf reads SHOW SERVERS.
func linksOf(process *console, servers []record) []link {
	links := make([]link, 0, len(servers))
	for _, r := range servers {
		l := link{process: process, alias: r.text("database"), user: r.text("user"), state: r.text("state"), pid: r.count("remote_pid")}
		l.end = endOf(r.text("local_addr"), r.count("local_port"))
		if at, err := time.Parse("2006-01-02 15:04:05 UTC", r.text("connect_time")); err == nil {
			l.opened = at
		}
		if !l.cancel() {
			links = append(links, l)
		}
	}
	return links
}

// born says whether a link over a Unix socket may be the backend: process ids of two machines look alike, so role and
// time of birth must agree, too, where the bouncer's clock can be read.
func (l link) born(b backend) bool {
	const apart = 5 * time.Second // chosen: two clocks kept by NTP and a slow login differ by less
	return l.user == b.user && (l.opened.IsZero() || time.UnixMicro(b.started).Sub(l.opened).Abs() < apart)
}

// linkKey is what a link and its backend have in common: both ends of the wire agree on the bouncer's address and
// port, and on the process id once the login is through. Over a Unix socket there is only the process id.
type linkKey struct {
	end netip.AddrPort
	pid int
}

// linkIndex finds the link of a backend.
type linkIndex map[linkKey]link

// add enters a pass over the consoles. Of two links with one key the later stays: it knows more.
func (x linkIndex) add(links []link) {
	for _, l := range links {
		if l.pid != 0 || l.end.IsValid() {
			x[linkKey{l.end, l.pid}] = l
		}
	}
}

// of returns the link that owns a backend. A link in mid-login has no process id yet and is known by its address and
// port alone.
func (x linkIndex) of(b backend) (link, bool) {
	if !b.end.IsValid() && !b.socket {
		return link{}, false
	}
	if l, ok := x[linkKey{b.end, b.pid}]; ok {
		return l, !b.socket || l.born(b)
	}
	if b.socket {
		return link{}, false
	}
	l, ok := x[linkKey{b.end, 0}]
	return l, ok
}
