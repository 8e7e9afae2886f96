package observe

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// The cast: a bouncer's host, another host, and a pool.
var (
	BouncerHost = netip.MustParseAddr("10.0.0.1")
	OtherHost   = netip.MustParseAddr("10.0.0.9")
	Somewhere   = &admin.Console{ID: "g/1", Group: "g"}
)

func WantOwners(t *testing.T, got []fleet.Owner, want ...fleet.Owner) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("owners %v, want %v", got, want)
	}
}

func Contains(list []string, name string) bool { return len(admin.With(list, name)) == len(list) }

var BouncerSocket netip.AddrPort // the end of a Unix socket is not valid

// FleetOf is processes g/1 and g/2, each with the aliases that are given.
func FleetOf(aliases ...fleet.Alias) []fleet.Process {
	var processes []fleet.Process
	for _, id := range []string{"g/1", "g/2"} {
		p := fleet.Process{ID: id, Group: "g"}
		p.Aliases = append(p.Aliases, aliases...)
		processes = append(processes, p)
	}
	return processes
}

func WantProof(t *testing.T, p fleet.Process, alias int, server string, proof fleet.ServerProof) {
	t.Helper()
	if a := p.Aliases[alias]; a.Server != server || a.Proof != proof {
		t.Errorf("%s/%s is on %q by %s, want %q by %s", p.ID, a.Name, a.Server, a.Proof, server, proof)
	}
}
