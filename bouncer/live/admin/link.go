package admin

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Link is one server connection as a console lists it: the bouncer's end of what PostgreSQL shows as a backend.
type Link struct {
	Process *Console
	Alias   string
	User    string
	State   string         // as SHOW SERVERS says: "active", "idle", "used", "login" and others
	Pid     int            // of the backend; 0 while it logs in
	End     netip.AddrPort // the bouncer's end; not valid for a Unix socket
	Remote  string         // the other end as PgBouncer prints it, with its port; "unix" for a socket
	Opened  time.Time      // to the second, by the bouncer's clock, read as UTC; zero where it cannot be read
	Local   bool           // that clock shows another zone than UTC
	// it replicates: a walsender, which from PostgreSQL 12 on has slots of its own and is not looked for
	Replica bool
	// Database is the alias's, in PostgreSQL; "" where that is not known.
	Database string
}

// Login says whether the connection is being opened and will take a slot.
func (l Link) Login() bool { return l.State == "new" && !l.Replica }

// cancel says whether the connection only carries a cancel request, which never takes a slot of PostgreSQL.
func (l Link) cancel() bool { return l.State == "active_cancel" }

// linksOf reads SHOW SERVERS. What carries a cancel request takes no slot of max_connections.
func linksOf(process *Console, servers []record) []Link {
	links := make([]Link, 0, len(servers))
	for _, r := range servers {
		l := Link{Process: process, Alias: r.text("database"), User: r.text("user"), State: r.text("state"),
			Pid: r.count("remote_pid")}
		l.End = EndOf(r.text("local_addr"), r.count("local_port"))
		l.Remote = r.text("addr")
		if to := EndOf(r.text("addr"), r.count("port")); to.IsValid() {
			l.Remote = to.String()
		}
		const layout = "2006-01-02 15:04:05"
		if text := r.text("connect_time"); len(text) >= len(layout) {
			if at, err := time.Parse(layout, text[:len(layout)]); err == nil {
				l.Opened, l.Local = at, text[len(layout):] != " UTC"
			}
		}
		replication := r.text("replication")
		l.Replica = replication != "" && replication != "none"
		if !l.cancel() {
			links = append(links, l)
		}
	}
	return links
}

// ClocksApart is how much two clocks may differ. chosen: 5 s because
// two clocks that NTP keeps, and a slow login, differ by less.
const ClocksApart = 5 * time.Second

// Zones is what the offsets of all time zones are multiples of. Source: IANA time zone database, offsets since 1972.
const Zones = 15 * time.Minute

// named reports whether a host of an alias is a name, which may be several addresses.
func named(a fleet.Alias) bool {
	return slices.ContainsFunc(strings.Split(a.Host, ","), IsName)
}

// IsName reports whether a host is a name that resolves to addresses: no address, no folder of a Unix socket, not
// empty.
func IsName(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && host != "" && !strings.HasPrefix(host, "/") && !strings.HasPrefix(host, "@")
}

// addressesOf reads SHOW DNS_HOSTS: per name the addresses that it was found to be. A name that was not needed yet is
// not in it, and one that could not be found has none.
func addressesOf(records []record) map[string][]string {
	names := map[string][]string{}
	for _, r := range records {
		for text := range strings.SplitSeq(r.text("addrs"), ",") {
			if to, err := netip.ParseAddrPort(strings.TrimSpace(text)); err == nil {
				name := r.text("hostname")
				names[name] = With(names[name], to.Addr().Unmap().String())
			}
		}
	}
	return names
}
