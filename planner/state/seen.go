package state

import (
	"cmp"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// origins adds servers that are new, and takes what is known of their direct connections now. A rollback may know less
// than the run before.
func (m JournalState) origins(seen []Origin, rollback bool) []Origin {
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
func (m JournalState) Direct(server string) int {
	for _, o := range m.Servers {
		if o.Name == server {
			return o.DirectConns
		}
	}
	return 0
}

// Stranger says what of the fleet is not what the journal is about: a server, or a process; none: nothing.
func (m JournalState) Stranger(o fleet.Observation) verdict.Reason {
	return verdict.Or(m.Replaced(o), m.Renumbered(o), m.Missing(o))
}

// Replaced says which server is another machine than the one that the journal is about; none: none is. A failover to a
// standby keeps the identity: what the journal says of sizes is as true as before.
func (m JournalState) Replaced(o fleet.Observation) verdict.Reason {
	for _, s := range OriginsOf(o) {
		for _, was := range m.Servers {
			if was.Name == s.Name && was.SystemID != s.SystemID {
				return verdict.Of(verdict.ServerReplaced, s.Name, s.SystemID, was.SystemID)
			}
		}
	}
	return verdict.Reason{}
}

// Seen is the users that an alias of a process has ever had: each is a pool of its own, and one that is not there now
// may come back.
type Seen struct {
	Process string   `json:"process"`
	Console string   `json:"console,omitempty"` // where it was reached: its name is a place in the config
	Alias   string   `json:"alias"`
	Users   []string `json:"users"` // sorted
}

// SeenIn lists the users of a sample, sorted by process and alias.
func SeenIn(o fleet.Observation) []Seen {
	var out []Seen
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			s := Seen{Process: p.ID, Console: p.Console, Alias: a.Name}
			for _, g := range a.Pools {
				s.Users = append(s.Users, g.User)
			}
			slices.Sort(s.Users)
			out = append(out, s)
		}
	}
	slices.SortFunc(out, compareSeen)
	return out
}

// Came is the note of who was seen for the first time.
func Came(seen []Seen) verdict.Reason { return verdict.Of(verdict.SeenFirst, seenText(seen)) }

func compareSeen(a, b Seen) int {
	return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.Alias, b.Alias))
}

// New lists what of a sample the state does not know, sorted: aliases, and users of those that it knows.
func (m JournalState) New(o fleet.Observation) []Seen {
	var out []Seen
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			i, found := slices.BinarySearchFunc(m.Seen, Seen{Process: p.ID, Alias: a.Name}, compareSeen)
			s := Seen{Process: p.ID, Console: p.Console, Alias: a.Name}
			for _, g := range a.Pools {
				known := false
				if found {
					_, known = slices.BinarySearch(m.Seen[i].Users, g.User)
				}
				if !known {
					s.Users = append(s.Users, g.User)
				}
			}
			if !found || len(s.Users) > 0 {
				slices.Sort(s.Users)
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, compareSeen)
	return out
}

// withSeen adds what was seen to what the state has.
func (m JournalState) withSeen(seen []Seen) []Seen {
	if len(seen) == 0 {
		return m.Seen
	}
	out := slices.Clone(m.Seen)
	for _, s := range seen {
		i, found := slices.BinarySearchFunc(out, s, compareSeen)
		if !found {
			out = slices.Insert(out, i, s)
			continue
		}
		users := slices.Concat(out[i].Users, s.Users)
		slices.Sort(users)
		out[i].Users, out[i].Console = slices.Compact(users), cmp.Or(s.Console, out[i].Console)
	}
	return out
}

// Recall returns the sample with every user that the state knows of and that it does not show: without connections,
// and with the worst case of a pool. Aliases that it does not show at all do not come back: their lines are gone.
func (m JournalState) Recall(o fleet.Observation) fleet.Observation {
	if len(m.Seen) == 0 {
		return o
	}
	o.Processes = slices.Clone(o.Processes)
	for i, p := range o.Processes {
		o.Processes[i].Aliases = slices.Clone(p.Aliases)
		for j, a := range p.Aliases {
			k, found := slices.BinarySearchFunc(m.Seen, Seen{Process: p.ID, Alias: a.Name}, compareSeen)
			if !found {
				continue
			}
			pools := slices.Clone(a.Pools)
			for _, u := range m.Seen[k].Users {
				if !slices.ContainsFunc(pools, func(g fleet.PoolGauges) bool { return g.User == u }) {
					pools = append(pools, fleet.PoolGauges{User: u, Recalled: true})
				}
			}
			slices.SortFunc(pools, func(a, b fleet.PoolGauges) int { return cmp.Compare(a.User, b.User) })
			o.Processes[i].Aliases[j].Pools = pools
		}
	}
	return o
}

// Renumbered says which process is reached where another was when pgbudget last changed the fleet: a process is named
// by its place in the config, so that what the journal says of it, a step in hand first of all, would be done to
// another. One that is reached at a place where none was has a new address, and Drift judges its sizes. None: none is.
func (m JournalState) Renumbered(o fleet.Observation) verdict.Reason {
	at := map[string]string{} // console by process, now
	for _, p := range o.Processes {
		at[p.ID] = p.Console
	}
	for _, p := range o.Processes {
		for _, s := range m.Seen {
			if s.Process != p.ID && s.Console != "" && s.Console == p.Console && at[s.Process] != s.Console {
				return verdict.Of(verdict.Renumbered, p.ID, p.Console, s.Process)
			}
		}
	}
	return verdict.Reason{}
}

// Missing says which process was there when pgbudget last changed the fleet and is not observed any more: it may run on
// and open connections. None: none is.
func (m JournalState) Missing(o fleet.Observation) verdict.Reason {
	for _, s := range m.Seen {
		if !slices.ContainsFunc(o.Processes, func(p fleet.Process) bool { return p.ID == s.Process }) {
			return verdict.Of(verdict.ProcessMissing, s.Process)
		}
	}
	return verdict.Reason{}
}
