package planner

import (
	"fmt"
	"slices"
	"strings"
)

// withSiblings gives every process of a group the databases of the line * that have come to another of its processes:
// behind one balancer they may come to each. No console shows the line *, so a database counts as one of it where it
// has nothing but defaults; what clearly has a line of its own is missing elsewhere for a reason. Databases that were
// added are named, by pool.
func withSiblings(o Observation) (Observation, map[string][]string) {
	added := map[string][]string{}
	processes := slices.Clone(o.Processes)
	for i := range processes {
		p := &processes[i]
		var missing []Alias
		if _, gathered := p.alias(AutoDB); gathered { // they are in it
			continue
		}
		for _, q := range o.Processes {
			if q.Group != p.Group || q.ID == p.ID {
				continue
			}
			for _, a := range q.Aliases {
				named := func(b Alias) bool { return b.Name == a.Name }
				if slices.ContainsFunc(p.Aliases, named) || slices.ContainsFunc(missing, named) {
					continue
				}
				if b, may := p.sibling(q, a, o); may {
					missing = append(missing, b)
					id := p.Group + "/" + a.Name
					added[id] = append(added[id], p.ID)
				}
			}
		}
		if len(missing) > 0 {
			p.Aliases = append(slices.Clone(p.Aliases), missing...)
			slices.SortFunc(p.Aliases, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
		}
	}
	o.Processes = processes
	return o, added
}

// sibling is an alias of another process of the group as it may come to this one, too; false: it may not.
func (p Process) sibling(q Process, a Alias, o Observation) (Alias, bool) {
	star, known := p.star(a.Name)
	if !known {
		b := a.unused(p.Settings)
		if p.Filed != nil {
			b.Guessed = "its file has no line of *, and a process keeps the one that it had"
		}
		return b, q.auto(a)
	}
	like := p.Aliases
	if q.auto(a) {
		like = append(slices.Clone(like), a)
	}
	b := p.ofStar(a.Name, star, like)
	if b.leadsTo(p, o); b.Host == a.Host && b.Port == a.Port && (b.Proof == ProofNone || b.Guessed != "") {
		b.Server, b.AlsoOn, b.Proof, b.Unplaced = a.Server, a.AlsoOn, a.Proof, a.Unplaced
	}
	return b, true
}

// auto reports whether an alias is a database of the line *, by the process's file; where that is not known, whether it may be
// one by what a console shows.
func (p Process) auto(a Alias) bool {
	if p.Filed != nil && (!p.lined(a.Name) || !p.FiledBefore) {
		return a.Name != AutoDB && !p.lined(a.Name)
	}
	return a.Name != AutoDB && a.Database == a.Name && a.ForceUser == "" && p.defaults(a)
}

// unused is an alias of another process as it is in one where nobody has used it yet.
func (a Alias) unused(s Settings) Alias {
	return Alias{Name: a.Name, Host: a.Host, Port: a.Port, Database: a.Database, SizeConns: s.DefaultPoolConns,
		ReserveConns: s.DefaultReserveConns, MaxConns: s.MaxDBConns, Lifetime: s.Lifetime, PoolMode: a.mode(), Server: a.Server, AlsoOn: a.AlsoOn,
		Proof: a.Proof, Unplaced: a.Unplaced, Counters: Counters{Assignments: -1}}
}

// linedIn reports whether a pool has a line of its own in some process of its group besides those.
func linedIn(o Observation, id string, besides []string) bool {
	return slices.ContainsFunc(o.Processes, func(p Process) bool {
		name, ours := strings.CutPrefix(id, p.Group+"/")
		_, there := p.alias(name)
		return ours && there && p.lined(name) && !slices.Contains(besides, p.ID)
	})
}

// unlinedNote says what a pool counts of processes that have no line for it, and others have.
func unlinedNote(id string, in []string) string {
	return fmt.Sprintf("%s: %s %s no line for it, and may give it to a client by the line of *: it counts there, too, and keeps its size",
		id, strings.Join(in, ", "), plural(len(in), "has", "have"))
}

// unusedNote says what a pool counts of processes in which nobody has used it.
func unusedNote(id string, in []string) string {
	return fmt.Sprintf("%s: %s %s not used it yet, and may: it looks like a database of the line *, and counts there, too",
		id, strings.Join(in, ", "), plural(len(in), "has", "have"))
}
