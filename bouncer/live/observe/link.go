package observe

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// born says whether a link may be the backend by role and time of birth; known is false where the bouncer's clock
// cannot be read, and then the role alone speaks. Where the process prints local time, whole zones are left out.
func born(l admin.Link, b backend) (same, known bool) {
	if l.User != b.user || l.Opened.IsZero() {
		return l.User == b.user, false
	}
	apart := time.UnixMicro(b.started).Sub(l.Opened)
	if l.Local {
		apart -= apart.Round(admin.Zones)
	}
	return apart.Abs() < admin.ClocksApart, true
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
	byEnd   map[linkKey]admin.Link
	byWho   map[who][]linkKey
	claimed map[linkKey]bool // has a backend at the very same address: it is no other's
}

// add enters a pass over the consoles. Of two links with one key the later stays: it knows more.
func (x *linkIndex) add(links []admin.Link) {
	if x.byEnd == nil {
		x.byEnd, x.byWho, x.claimed = map[linkKey]admin.Link{}, map[who][]linkKey{}, map[linkKey]bool{}
	}
	for _, l := range links {
		if l.Pid == 0 && !l.End.IsValid() {
			continue
		}
		key, name := linkKey{l.End, l.Pid}, who{l.Pid, l.User, l.Database}
		x.byEnd[key] = l
		if l.Pid != 0 && !slices.Contains(x.byWho[name], key) {
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
func (x linkIndex) of(b backend) (admin.Link, bool) {
	if !b.end.IsValid() && !b.socket {
		return admin.Link{}, false
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
		same, known := born(l, b)
		if same && !x.claimed[key] && (known || b.socket && !l.End.IsValid()) {
			return l, true
		}
	}
	return admin.Link{}, false
}

// hostName is a host of a line that is a name, in the process that samples it up.
type hostName struct{ process, name string }

// targetsOf lists the addresses that a line may lead to: its hosts, and in the place of a name that has been looked up
// its addresses, to each of which PgBouncer opens connections in turn.
func (e evidence) targetsOf(process string, a fleet.Alias) []string {
	var out []string
	for host := range strings.SplitSeq(a.Host, ",") {
		if addresses := e.names[hostName{process, host}]; len(addresses) > 0 {
			out = append(out, addresses...)
		} else {
			out = append(out, host)
		}
	}
	return out
}
