package recording

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// redactor replaces hosts, servers and their identities by host-1, host-2, …, in the order in which they appear: equal
// ones stay equal, and nothing else can be learnt of them.
type redactor struct{ names map[string]map[string]string } // by kind

func newRedactor() *redactor { return &redactor{names: map[string]map[string]string{}} }

// name is what stands for a name of a kind; nothing stays nothing.
func (r *redactor) name(kind, name string) string {
	if name == "" {
		return ""
	}
	known := r.names[kind]
	if known == nil {
		known = map[string]string{}
		r.names[kind] = known
	}
	if known[name] == "" {
		known[name] = fmt.Sprintf("%s-%d", kind, len(known)+1)
	}
	return known[name]
}

// host is what stands for a host, or for each of a list with commas. A folder of sockets, which is each machine's own,
// begins with / as before.
func (r *redactor) host(list string) string {
	hosts := strings.Split(list, ",")
	for i, h := range hosts {
		h = strings.TrimSpace(h)
		hosts[i] = r.name("host", h)
		if strings.HasPrefix(h, "/") {
			hosts[i] = "/" + hosts[i]
		}
	}
	return strings.Join(hosts, ",")
}

func (r *redactor) server(name string) string { return r.name("server", name) }

// all replaces every one of a list, which it copies.
func all(list []string, by func(string) string) []string {
	list = slices.Clone(list)
	for i, x := range list {
		list[i] = by(x)
	}
	return list
}

// observation returns a copy of o without hosts, paths, application names, and names and identities of servers.
func (r *redactor) observation(o fleet.Observation) fleet.Observation {
	o.Servers = slices.Clone(o.Servers)
	for i, s := range o.Servers {
		s.Name, s.SystemID = r.server(s.Name), r.name("system", s.SystemID)
		s.IdleInTransaction = slices.Clone(s.IdleInTransaction)
		for j := range s.IdleInTransaction {
			s.IdleInTransaction[j].Application = ""
		}
		o.Servers[i] = s
	}
	o.Processes = slices.Clone(o.Processes)
	for i, p := range o.Processes {
		p.Console = r.host(p.Console)
		p.Identity.ConfFile, p.Identity.PIDFile, p.Identity.SocketDir = "", "", ""
		p.Aliases = slices.Clone(p.Aliases)
		for j, a := range p.Aliases {
			a.Host, a.Unplaced = r.host(a.Host), all(a.Unplaced, r.host)
			a.Server, a.AlsoOn = r.server(a.Server), all(a.AlsoOn, r.server)
			p.Aliases[j] = a
		}
		p.Filed = slices.Clone(p.Filed)
		for j, l := range p.Filed {
			if l.Star != nil {
				star := *l.Star
				star.Host = r.host(star.Host)
				p.Filed[j].Star = &star
			}
		}
		o.Processes[i] = p
	}
	o.Signals = slices.Clone(o.Signals)
	for i, s := range o.Signals {
		s.Server = r.server(s.Server)
		if !s.Read() {
			s.Error = "left out" // an error names what could not be reached
		}
		o.Signals[i] = s
	}
	return o
}

// history returns a copy of h that names servers as the samples do, in the order of their names.
func (r *redactor) history(h load.History) load.History {
	h.Servers = slices.Clone(h.Servers)
	for i := range h.Servers {
		h.Servers[i].Server = r.server(h.Servers[i].Server)
	}
	slices.SortFunc(h.Servers, func(a, b load.ServerHistory) int { return strings.Compare(a.Server, b.Server) })
	return h
}
