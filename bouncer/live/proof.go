package live

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pgbudget/pgbudget/planner"
)

// aliasName names an alias of one process.
type aliasName struct{ process, alias string }

// origin is where an alias leads, as its own process sees it: a host that is local to the process, such as 127.0.0.1
// or a socket, means another server in every process.
type origin struct {
	process string // "" for a host that means the same everywhere
	host    string
	port    int
}

func originOf(process string, a planner.Alias) origin {
	o := origin{host: a.Host, port: a.Port}
	ip, err := netip.ParseAddr(a.Host)
	if a.Host == "" || strings.HasPrefix(a.Host, "/") || strings.HasPrefix(a.Host, "@") || a.Host == "localhost" || err == nil && ip.IsLoopback() {
		o.process = process
	}
	return o
}

// prover knows the servers of aliases. It remembers what was proved: a pool that is empty now still leads where it led.
// The zero value knows nothing.
type prover struct {
	proved map[aliasName]proof
}

type proof struct {
	origin origin
	server string
}

// evidence is what one look has to say of where aliases lead.
type evidence struct {
	found  map[aliasName]map[string]int // backends found, per server
	stayed map[aliasName]bool           // has a connection that two passes list, so that the look between must show it
}

// evidenceOf compares the passes over the consoles with the looks at every server.
func evidenceOf(passes [][]link, links linkIndex, servers []*server, shots [][]shot) evidence {
	e := evidence{found: map[aliasName]map[string]int{}, stayed: map[aliasName]bool{}}
	for i, s := range servers {
		seen := map[backendName]bool{}
		for _, each := range shots[i] {
			for _, b := range each {
				l, ok := links.of(b)
				if !ok || seen[b.name()] {
					continue
				}
				seen[b.name()] = true
				at := aliasName{l.process.id, l.alias}
				if e.found[at] == nil {
					e.found[at] = map[string]int{}
				}
				e.found[at][s.name]++
			}
		}
	}
	for _, l := range stayed(passes) {
		e.stayed[aliasName{l.process.id, l.alias}] = true
	}
	return e
}

// stayed returns the links that the first two passes list as the same, logged in.
func stayed(passes [][]link) []link {
	if len(passes) < 2 {
		return nil
	}
	type same struct {
		process *console
		key     linkKey
	}
	first := map[same]bool{}
	for _, l := range passes[0] {
		first[same{l.process, linkKey{l.end, l.pid}}] = l.pid != 0
	}
	var links []link
	for _, l := range passes[1] {
		if first[same{l.process, linkKey{l.end, l.pid}}] {
			links = append(links, l)
		}
	}
	return links
}

// settle says for every alias which server it uses and how that is known, strongest proof first; see
// planner.ServerProof. An alias with backends on several servers (a list of hosts) is put where most of them are, the
// first by name among equals.
func (p *prover) settle(processes []planner.Process, e evidence) {
	if p.proved == nil {
		p.proved = map[aliasName]proof{}
	}
	byOrigin := map[origin]string{}
	each := func(do func(at aliasName, o origin, a *planner.Alias)) {
		for i := range processes {
			for j := range processes[i].Aliases {
				a := &processes[i].Aliases[j]
				do(aliasName{processes[i].ID, a.Name}, originOf(processes[i].ID, *a), a)
			}
		}
	}
	each(func(at aliasName, o origin, a *planner.Alias) {
		if server := most(e.found[at]); server != "" {
			p.proved[at] = proof{o, server}
		}
		if known, ok := p.proved[at]; ok && known.origin == o {
			a.Server, a.Proof = known.server, planner.ProofBackends
			if byOrigin[o] == "" {
				byOrigin[o] = known.server
			}
		}
	})
	each(func(at aliasName, o origin, a *planner.Alias) {
		switch {
		case a.Server != "":
		case byOrigin[o] != "":
			a.Server, a.Proof = byOrigin[o], planner.ProofAddress
		case e.stayed[at]:
			a.Proof = planner.ProofElsewhere
		default:
			a.Proof = planner.ProofNone
		}
	})
}

// most returns the server with most backends, the first by name among equals; "" when there is none.
func most(found map[string]int) string {
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(found[b], found[a]) })
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// translated returns the subject of an alias whose connections a server shows under other addresses: a proxy or a
// translation of addresses stands between the two, and its connections cannot be told from direct ones. Two or more
// connections of an alias, all of them found by process id, role, database and time of birth, and none by address,
// leave little room for chance; process ids alone would, as those of two containers look much alike.
func translated(passes [][]link, links linkIndex, processes []planner.Process, servers []*server, shots [][]shot) (alias, server string, found bool) {
	type who struct {
		pid            int
		user, database string
	}
	const apart = 5 * time.Second // chosen: two clocks kept by NTP and a slow login differ by less
	database := map[aliasName]string{}
	for _, p := range processes {
		for _, a := range p.Aliases {
			database[aliasName{p.ID, a.Name}] = a.Database
		}
	}
	stay := stayed(passes)
	for i, s := range servers {
		listed, unlisted := map[aliasName]int{}, map[who]time.Time{}
		for _, b := range shots[i][0] {
			if l, ok := links.of(b); ok {
				listed[aliasName{l.process.id, l.alias}]++
			} else {
				unlisted[who{b.pid, b.user, b.database}] = time.UnixMicro(b.started)
			}
		}
		total, hits := map[aliasName]int{}, map[aliasName]int{}
		for _, l := range stay {
			at := aliasName{l.process.id, l.alias}
			total[at]++
			if born, ok := unlisted[who{l.pid, l.user, database[at]}]; ok && born.Sub(l.opened).Abs() < apart {
				hits[at]++
			}
		}
		for _, l := range stay {
			if at := (aliasName{l.process.id, l.alias}); total[at] >= 2 && hits[at] == total[at] && listed[at] == 0 {
				return at.process + "/" + at.alias, s.name, true
			}
		}
	}
	return "", "", false
}
