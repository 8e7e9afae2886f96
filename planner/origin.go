package planner

import (
	"cmp"
	"fmt"
	"slices"
)

// origins adds servers that are new, and takes what is known of their direct connections now. A rollback may know less
// than the run before.
func (m Memory) origins(seen []Origin, rollback bool) []Origin {
	out := slices.Clone(m.Servers)
	for _, s := range seen {
		i, found := slices.BinarySearchFunc(out, s.Name, func(o Origin, name string) int { return cmp.Compare(o.Name, name) })
		switch {
		case !found:
			out = slices.Insert(out, i, s)
		case rollback:
			out[i].DirectConns = max(out[i].DirectConns, s.DirectConns)
		default:
			out[i].DirectConns = s.DirectConns
		}
	}
	return out
}

// Direct is how many connections of a server the newest run took for direct ones; 0: nobody knows.
func (m Memory) Direct(server string) int {
	for _, o := range m.Servers {
		if o.Name == server {
			return o.DirectConns
		}
	}
	return 0
}

// Stranger says what of the fleet is not what the journal is about: a server, or a process; empty: nothing.
func (m Memory) Stranger(o Observation) string {
	return cmp.Or(m.Replaced(o), m.Renumbered(o), m.Missing(o))
}

// Replaced says which server is another machine than the one that the journal is about; empty: none is. A failover to a
// standby keeps the identity: what the journal says of sizes is as true as before.
func (m Memory) Replaced(o Observation) string {
	for _, s := range Origins(o) {
		for _, was := range m.Servers {
			if was.Name == s.Name && was.SystemID != s.SystemID {
				return fmt.Sprintf("server %s is another PostgreSQL (system identifier %s) than the one that the journal is about (%s)", s.Name, s.SystemID, was.SystemID)
			}
		}
	}
	return ""
}
