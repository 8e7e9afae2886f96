package observe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// origin is where an alias leads, as its own process sees it: a host that is local to the process, such as 127.0.0.1
// or a socket, means another server in every process.
type origin struct {
	process string // "" for a host that means the same everywhere
	host    string // a name means the same where nobody says otherwise; see differing
	port    int
}

func originOf(process string, a fleet.Alias) origin {
	o := origin{host: a.Host, port: a.Port}
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		o.host = ip.Unmap().WithZone("").String() // as consoles show the ends of connections
	}
	if slices.ContainsFunc(strings.Split(a.Host, ","), isLocal) {
		o.process = process
	}
	return o
}

// isLocal reports whether a host means the machine of the process.
func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	socket := host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@")
	return socket || host == "localhost" || err == nil && ip.IsLoopback()
}

// several reports whether an origin may be more than one address: a list, or a name.
func (o origin) several() bool {
	return admin.IsName(o.host)
}

// differing has the names that are other addresses in one process than in another, such as "postgres" on two hosts of
// containers: what one process has found behind such a name says nothing of another's.
type differing map[string]bool

// apart compares the answers that the processes got for each name.
func (e evidence) apart() differing {
	first, out := map[string]string{}, differing{}
	for at, addresses := range e.names {
		if len(addresses) == 0 {
			continue
		}
		answer := strings.Join(slices.Sorted(slices.Values(addresses)), ",")
		if was, seen := first[at.name]; seen && was != answer {
			out[at.name] = true
		}
		first[at.name] = answer
	}
	return out
}

// of reports whether a host of a line is such a name.
func (d differing) of(a fleet.Alias) bool {
	return slices.ContainsFunc(strings.Split(a.Host, ","), func(host string) bool { return d[host] })
}

// answered reports whether the process is known to have looked up a host of a line: then its addresses say where the
// line leads, and what others have found behind the name does not.
func (e evidence) answered(process string, a fleet.Alias) bool {
	return slices.ContainsFunc(strings.Split(a.Host, ","), func(host string) bool {
		return len(e.names[hostName{process, host}]) > 0
	})
}
