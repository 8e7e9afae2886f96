package shift

import (
	"fmt"
	"math"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// ClientLimit is a limit of clients that a shift brings nearer. A client of the pool that gives its traffic keeps its
// connection there, and opens another to the pooler that receives it: a split doubles the connections of such clients.
type ClientLimit struct {
	Limit string `json:"limit"`      // its name, and where it holds: "max_client_conn of ci/1"
	Most  int    `json:"most"`       // that it allows
	Now   int    `json:"now"`        // clients, or file descriptors, that count now
	Comes int    `json:"comes"`      // that are still to come where every client of the giving pool opens another
	At    int    `json:"at_percent"` // what the switch says now, 0 to 100
}

// Clients is how many count at a percentage of the switch, where as large a part of the clients has come as traffic has
// moved.
func (l ClientLimit) Clients(x int) int {
	return l.Now + int(math.Ceil(float64(l.Comes)*float64(max(0, x-l.At))/100-1e-9))
}

// Full is the first percentage at which there are more than the limit allows, 101 where there is none.
func (l ClientLimit) Full() int {
	for x := l.At; x <= 100; x++ {
		if l.Clients(x) > l.Most {
			return x
		}
	}
	return 101
}

// Text says what of a limit is taken, and what comes.
func (l ClientLimit) Text() string {
	return fmt.Sprintf("%s is %d: %d now, and %d come by 100 %%", l.Limit, l.Most, l.Now, l.Clients(100)-l.Now)
}

// besideClients are file descriptors of a process beside its clients' and servers': listeners, its log, its console,
// the event loop. chosen: a few more than a process of 1.25 has open after its start (11).
const besideClients = 20

// ClientLimits are the limits of clients over the receiving pool of a shift: of each of its processes
// max_client_conn, max_db_client_connections and the declared number of files, and of its group what the balancer
// before it lets through. Clients spread evenly over the processes. f tells how many server connections each may have.
func (s Shift) ClientLimits(o fleet.Observation, declared map[string]fleet.ClientLimits,
	f budget.Fleet) (limits []ClientLimit) {
	fromGroup, fromAlias, _ := strings.Cut(s.From, "/")
	toGroup, toAlias, _ := strings.Cut(s.To, "/")
	if fromGroup == toGroup { // the same processes: whether a client opens another is not known, and none is counted
		return nil
	}
	give, processes, all := 0, 0, 0
	for _, p := range o.Processes {
		if p.Group == toGroup {
			processes++
		}
		for _, a := range p.Aliases {
			if p.Group == fromGroup && a.Name == fromAlias {
				give += a.Clients()
			}
		}
	}
	if processes == 0 {
		return nil
	}
	comes := int(math.Ceil(float64(give) / float64(processes)))
	for _, p := range o.Processes {
		if p.Group != toGroup {
			continue
		}
		now, inAlias, mostInAlias := 0, 0, 0
		for _, a := range p.Aliases {
			now += a.Clients()
			if a.Name == toAlias {
				inAlias, mostInAlias = a.Clients(), a.MaxClients
			}
		}
		all += now
		add := func(name string, most, now int) {
			if most > 0 {
				limits = append(limits, ClientLimit{Limit: name, Most: most, Now: now, Comes: comes, At: s.At})
			}
		}
		add("max_client_conn of "+p.ID, p.Settings.MaxClients, now)
		add("max_db_client_connections of "+toAlias+" in "+p.ID, mostInAlias, inAlias)
		add("files of "+p.ID, declared[toGroup].Files, now+serversOf(f, p.ID)+besideClients)
	}
	if most := declared[toGroup].Balancer; most > 0 {
		limits = append(limits, ClientLimit{Limit: "balancer of " + toGroup, Most: most, Now: all, Comes: give, At: s.At})
	}
	return limits
}

// serversOf is how many server connections a process may have: those of every pool of its lines, limits over them left
// out.
func serversOf(f budget.Fleet, process string) (conns int) {
	for _, p := range f.Pools {
		for _, c := range p.LinePools {
			if c.Process == process {
				conns += max(c.Worst(p.SizeIn(c.Process), p.ReserveConns), c.SeenConns)
			}
		}
	}
	return conns
}

// ClientsRefused says which limits are in the way between where the switch is and where it goes, and from which
// percentage on; empty: none is. Notes are about those that are in the way where all clients come at the first
// percentage.
func (s Shift) ClientsRefused(limits []ClientLimit) (refused, notes []string) {
	for _, l := range limits {
		switch full := l.Full(); {
		case s.Until <= s.At:
		case full <= s.Until:
			refused = append(refused, fmt.Sprintf("%s, full at %d %%", l.Text(), full))
		case l.Clients(100) > l.Most:
			notes = append(notes, fmt.Sprintf("%s: too many where every client of %s opens one at the first percentage",
				l.Text(), s.From))
		}
	}
	return refused, notes
}
