package recording

import (
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner"
)

// redactor replaces hosts by host-1, host-2, … in the order in which they appear: equal hosts stay equal, and nothing
// else can be learnt of them.
type redactor struct{ hosts map[string]string }

func newRedactor() *redactor { return &redactor{hosts: map[string]string{}} }

func (r *redactor) host(h string) string {
	if h == "" {
		return ""
	}
	if r.hosts[h] == "" {
		r.hosts[h] = fmt.Sprintf("host-%d", len(r.hosts)+1)
	}
	return r.hosts[h]
}

// observation returns a copy of o without hosts, paths and application names.
func (r *redactor) observation(o planner.Observation) planner.Observation {
	o.Servers = slices.Clone(o.Servers)
	for i, s := range o.Servers {
		s.Holders = slices.Clone(s.Holders)
		for j := range s.Holders {
			s.Holders[j].Application = ""
		}
		o.Servers[i] = s
	}
	o.Processes = slices.Clone(o.Processes)
	for i, p := range o.Processes {
		p.Console = r.host(p.Console)
		p.Identity.ConfFile, p.Identity.PIDFile, p.Identity.SocketDir = "", "", ""
		p.Aliases = slices.Clone(p.Aliases)
		for j := range p.Aliases {
			p.Aliases[j].Host = r.host(p.Aliases[j].Host)
		}
		o.Processes[i] = p
	}
	o.Signals = slices.Clone(o.Signals)
	for i := range o.Signals {
		if o.Signals[i].Error != "" {
			o.Signals[i].Error = "left out" // an error names what could not be reached
		}
	}
	return o
}
