package live

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// hostName is a host of a line that is a name, in the process that looks it up.
type hostName struct{ process, name string }

// named reports whether a host of an alias is a name, which may be several addresses.
func named(a fleet.Alias) bool {
	return slices.ContainsFunc(strings.Split(a.Host, ","), isName)
}

func isName(host string) bool {
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
				names[name] = with(names[name], to.Addr().Unmap().String())
			}
		}
	}
	return names
}

// targetsOf lists the addresses that a line may lead to: its hosts, and in the place of a name that has been looked up its
// addresses, to each of which PgBouncer opens connections in turn.
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
