package observe

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/pgbudget/pgbudget/bouncer/live/admin"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// aliasName names an alias of one process.
type aliasName struct{ process, alias string }

// prover knows the servers of aliases. It remembers what was proved: a pool that is empty now still leads where it led.
// The zero value knows nothing.
type prover struct {
	proved map[aliasName]proof
	led    leads // by address
}

type proof struct {
	line    origin   // what the alias's line said then
	servers []string // the one with most backends first
}

// evidence is what one sample has to say of where aliases lead.
type evidence struct {
	found  map[aliasName]map[string]int // backends found, per server
	ends   map[origin][]string          // servers on which a connection to that very address was found
	stayed map[aliasName]bool           // has a connection that two passes list, so that the sample between must show it
	lost   map[aliasName][]string       // the other ends of those that stayed and that no server shows
	names  map[hostName][]string        // the addresses that hosts of lines are
}

// evidenceOf compares the passes over the consoles with the samples of every server.
func evidenceOf(passes [][]admin.Link, links linkIndex, servers []*server, shots [][]shot) evidence {
	e := evidence{found: map[aliasName]map[string]int{}, ends: map[origin][]string{}, stayed: map[aliasName]bool{},
		lost: map[aliasName][]string{}}
	type same struct {
		process *admin.Console
		key     linkKey
	}
	shown := map[same]bool{}
	for i, s := range servers {
		seen := map[backendName]bool{}
		for _, each := range shots[i] {
			for _, b := range each {
				l, ok := links.of(b)
				if !ok || seen[b.name()] {
					continue
				}
				seen[b.name()], shown[same{l.Process, linkKey{l.End, l.Pid}}] = true, true
				at := aliasName{l.Process.ID, l.Alias}
				if e.found[at] == nil {
					e.found[at] = map[string]int{}
				}
				e.found[at][s.name]++
				if to, err := netip.ParseAddrPort(l.Remote); err == nil {
					o := originOf(l.Process.ID, fleet.Alias{Host: to.Addr().String(), Port: int(to.Port())})
					e.ends[o] = admin.With(e.ends[o], s.name)
				}
			}
		}
	}
	for _, l := range stayed(passes) {
		at := aliasName{l.Process.ID, l.Alias}
		e.stayed[at] = true
		if !shown[same{l.Process, linkKey{l.End, l.Pid}}] {
			e.lost[at] = admin.With(e.lost[at], l.Remote)
		}
	}
	return e
}

// stayed returns the links that the first two passes list as the same, logged in, and whose backends must be shown.
func stayed(passes [][]admin.Link) []admin.Link {
	if len(passes) < 2 {
		return nil
	}
	type same struct {
		process *admin.Console
		key     linkKey
	}
	first := map[same]bool{}
	for _, l := range passes[0] {
		first[same{l.Process, linkKey{l.End, l.Pid}}] = l.Pid != 0
	}
	var links []admin.Link
	for _, l := range passes[1] {
		if first[same{l.Process, linkKey{l.End, l.Pid}}] && !l.Replica {
			links = append(links, l)
		}
	}
	return links
}

// settle says for every alias on which servers its connections may be opened and how that is known, strongest proof
// first; see fleet.ServerProof. ends are the addresses of the servers' own sessions: an alias without connections leads
// where our own session to its address goes. Every host of a list, and every address of a name, must lead to a known
// server: by a connection found there, by another alias's, or because our own session goes there. What does not, and
// the other end of every connection that no server shows, is put into Unplaced.
func (p *prover) settle(processes []fleet.Process, e evidence, ends map[origin]string) {
	if p.proved == nil {
		p.proved, p.led = map[aliasName]proof{}, leads{}
	}
	each := func(do func(at aliasName, line origin, a *fleet.Alias)) {
		for i := range processes {
			for j := range processes[i].Aliases {
				a := &processes[i].Aliases[j]
				do(aliasName{processes[i].ID, a.Name}, originOf(processes[i].ID, *a), a)
			}
		}
	}
	p.led.learn(e.atAddresses(processes), ends)
	led := maps.Clone(p.led)
	each(func(at aliasName, line origin, a *fleet.Alias) {
		known, found := p.proved[at], most(e.found[at])
		if known.line != line {
			known = proof{line: line}
		}
		if len(found) == 0 && len(known.servers) == 0 {
			return
		}
		known.servers = p.after(known, found)
		p.proved[at] = known
		place(a, known.servers, fleet.ProofBackends)
		if line.several() {
			led.add(line, known.servers)
		}
	})
	apart := e.apart()
	each(func(at aliasName, line origin, a *fleet.Alias) {
		if !line.several() || !e.answered(at.process, *a) && !apart.of(*a) {
			put(a, led[line])
		}
		e.follow(at.process, a, led, ends, apart)
		a.Unplaced = admin.With(a.Unplaced, e.lost[at]...)
		switch {
		case a.Server != "":
		case e.stayed[at]:
			a.Proof = fleet.ProofElsewhere
		default:
			a.Proof = fleet.ProofNone
		}
	})
}

// follow puts an alias on the servers of every address that its line may lead to.
func (e evidence) follow(process string, a *fleet.Alias, led leads, ends map[origin]string, apart differing) {
	targets := e.targetsOf(process, *a)
	var servers []string
	for _, to := range targets {
		end := originOf(process, fleet.Alias{Host: to, Port: a.Port})
		var on []string
		if !apart[to] {
			on = led[end]
		}
		// A tunnel may end at a loopback address of ours and not of the process's: where its connections were found counts.
		if own := ends[end]; own != "" && (len(targets) > 1 || a.Server == "" || end.process == "") {
			on = admin.With(on, own)
		}
		if servers = admin.With(servers, on...); len(on) == 0 && len(targets) > 1 {
			a.Unplaced = admin.With(a.Unplaced, net.JoinHostPort(to, strconv.Itoa(a.Port)))
		}
	}
	put(a, servers)
	if len(targets) > 1 && len(a.Unplaced) == 0 {
		a.Proof = fleet.ProofList
	}
}

// after lists the servers of an alias of which something was proved before, or is found now. A list and a name lead
// where they led, and an address where any connection to it was found. The first stays the first while anything of it
// is there.
func (p *prover) after(known proof, found []string) []string {
	before, first := known.servers, found
	if !known.line.several() {
		before = p.led[known.line]
	}
	if len(known.servers) > 0 && (len(found) == 0 || slices.Contains(found, known.servers[0])) &&
		slices.Contains(before, known.servers[0]) {
		first = known.servers[:1]
	}
	return admin.With(admin.With(first, found...), before...)
}

// atAddresses is where connections to addresses are found: by their other ends, and by the lines that say one address.
func (e evidence) atAddresses(processes []fleet.Process) leads {
	now := leads{}
	maps.Copy(now, e.ends)
	for _, p := range processes {
		for _, a := range p.Aliases {
			line, found := originOf(p.ID, a), most(e.found[aliasName{p.ID, a.Name}])
			if len(found) > 0 && !line.several() {
				now.add(line, found)
			}
		}
	}
	return now
}

// leads has the servers that origins lead to.
type leads map[origin][]string

func (l leads) add(o origin, servers []string) { l[o] = admin.With(l[o], servers...) }

// learn enters what is found now. An address that led to two servers goes on leading to both: a balancer may stand
// there, and connections to one of them idle out. An address that has been taken over seems the same, and is told apart
// only where our own session to it has moved, too, and all that is found now is there; else it is counted on both,
// which is safe.
func (l leads) learn(now leads, ends map[origin]string) {
	for o, found := range now {
		if len(l[o]) == 1 && len(found) == 1 && ends[o] == found[0] {
			l[o] = nil
		}
		l.add(o, found)
	}
}

// put adds servers to those that an alias is on.
func put(a *fleet.Alias, servers []string) {
	if len(servers) > 0 {
		place(a, admin.With(serversOf(a), servers...), cmp.Or(a.Proof, fleet.ProofAddress))
	}
}

// place puts an alias on servers.
func place(a *fleet.Alias, servers []string, proof fleet.ServerProof) {
	a.Server, a.AlsoOn, a.Proof = servers[0], nil, proof
	if len(servers) > 1 {
		a.AlsoOn = slices.Sorted(slices.Values(servers[1:]))
	}
}

// serversOf lists the servers that an alias is on.
func serversOf(a *fleet.Alias) []string {
	if a.Server == "" {
		return nil
	}
	return append([]string{a.Server}, a.AlsoOn...)
}

// ends are the addresses at which the servers answer us. A loopback address means this machine: it is every process's
// that is reached over loopback, too.
func (f *Fleet) ends() map[origin]string {
	out := map[origin]string{}
	for _, s := range f.servers {
		to, ok := s.Remote()
		if !ok {
			continue
		}
		host := fleet.Alias{Host: to.Addr().Unmap().WithZone("").String(), Port: int(to.Port())}
		if !to.Addr().Unmap().IsLoopback() {
			out[originOf("", host)] = s.name
			continue
		}
		for _, c := range f.Consoles {
			if at, ok := c.Session.End(); ok && at.IsLoopback() {
				out[originOf(c.ID, host)] = s.name
			}
		}
	}
	return out
}

// most returns the servers of the backends found, the one with most of them first, by name among equals.
func most(found map[string]int) []string {
	names := slices.Sorted(maps.Keys(found))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(found[b], found[a]) })
	return names
}
