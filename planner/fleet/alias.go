package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/words"
)

// FindAlias returns the alias of that name in a process of the observation; false where the process or the alias is
// not in o.
func FindAlias(o Observation, process, alias string) (Alias, bool) {
	_, a, ok := FindIn(o, process, alias)
	return a, ok
}

// FindIn returns an alias with its process.
func FindIn(o Observation, process, alias string) (Process, Alias, bool) {
	for _, p := range o.Processes {
		if p.ID != process {
			continue
		}
		for _, a := range p.Aliases {
			if a.Name == alias {
				return p, a, true
			}
		}
	}
	return Process{}, Alias{}, false
}

// Defaults reports whether an alias has what its process gives to a line without numbers of its own.
func (p Process) Defaults(a Alias) bool {
	s := p.Settings
	return a.SizeConns == s.DefaultPoolConns && a.ReserveConns == s.DefaultReserveConns &&
		(a.mode() == "" || a.mode() == s.PoolMode)
}

// mode is the pool mode of an alias's line, whatever its users have.
func (a Alias) mode() string { return cmp.Or(a.LinePoolMode, a.PoolMode) }

// PoolIDs lists the pools (group/alias) of a sample, sorted.
func PoolIDs(o Observation) []string {
	var ids []string
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			ids = append(ids, p.Group+"/"+a.Name)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Servers lists the servers on which an alias's connections were found, or may be opened.
func (a Alias) Servers() []string {
	if a.Server == "" {
		return nil
	}
	return append([]string{a.Server}, a.AlsoOn...)
}

// placeWith adds where another alias leads. Of two proofs the one that asks for a declaration stays.
func (a *Alias) placeWith(b Alias) {
	for _, s := range b.Servers() {
		switch {
		case a.Server == "":
			a.Server = s
		case !slices.Contains(a.Servers(), s):
			a.AlsoOn = append(a.AlsoOn, s)
		}
	}
	for _, where := range b.Unplaced {
		if !slices.Contains(a.Unplaced, where) {
			a.Unplaced = append(a.Unplaced, where)
		}
	}
	if a.Proof == "" || a.Proof == ProofNone || b.Proof == ProofElsewhere {
		a.Proof = b.Proof
	}
}

// WithSiblings gives every process of a group the databases of the line * that have come to another of its processes:
// behind one balancer they may come to each. No console shows the line *, so a database counts as one of it where it
// has nothing but defaults; what clearly has a line of its own is missing elsewhere for a reason. Databases that were
// added are named, by pool.
func WithSiblings(o Observation) (Observation, map[string][]string) {
	added := map[string][]string{}
	processes := slices.Clone(o.Processes)
	for i := range processes {
		p := &processes[i]
		var missing []Alias
		if _, gathered := p.Alias(AutoDB); gathered { // they are in it
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
			b.Guessed = GuessLineKept
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

// auto reports whether an alias is a database of the line *, by the process's file; where that is not known, whether it
// may be one by what a console shows.
func (p Process) auto(a Alias) bool {
	if p.Filed != nil && (!p.lined(a.Name) || !p.FiledBefore) {
		return a.Name != AutoDB && !p.lined(a.Name)
	}
	return a.Name != AutoDB && a.Database == a.Name && a.ForceUser == "" && p.Defaults(a)
}

// unused is an alias of another process as it is in one where nobody has used it yet.
func (a Alias) unused(s Settings) Alias {
	return Alias{Name: a.Name, Host: a.Host, Port: a.Port, Database: a.Database, SizeConns: s.DefaultPoolConns,
		ReserveConns: s.DefaultReserveConns, MaxConns: s.MaxDBConns, Lifetime: s.Lifetime, PoolMode: a.mode(),
		Server: a.Server, AlsoOn: a.AlsoOn,
		Proof: a.Proof, Unplaced: a.Unplaced, Counters: Counters{Assignments: -1}}
}

// LinedIn reports whether a pool has a line of its own in some process of its group besides those.
func LinedIn(o Observation, id string, besides []string) bool {
	return slices.ContainsFunc(o.Processes, func(p Process) bool {
		name, ours := strings.CutPrefix(id, p.Group+"/")
		_, there := p.Alias(name)
		return ours && there && p.lined(name) && !slices.Contains(besides, p.ID)
	})
}

// UnlinedNote says what a pool counts of processes that have no line for it, and others have.
func UnlinedNote(id string, in []string) string {
	return fmt.Sprintf("%s: %s %s no line for it, and may give it to a client by the line of *: it counts there, too, "+
		"and keeps its size",
		id, strings.Join(in, ", "), words.Plural(len(in), "has", "have"))
}

// UnusedNote says what a pool counts of processes in which nobody has used it.
func UnusedNote(id string, in []string) string {
	return fmt.Sprintf("%s: %s %s not used it yet, and may: the pool seems to be a database of the line *, and counts "+
		"there, too",
		id, strings.Join(in, ", "), words.Plural(len(in), "has", "have"))
}

// Followers lists the pools (group/alias) of a group that have, in each process that has them, what their process gives
// to a line without numbers of its own, sorted. No console tells which of them have a line at all: those that have none
// live by the line of *. Where they are gathered already (Gather), it is empty.
func Followers(o Observation, group string) []string {
	follows := map[string]bool{}
	for _, p := range o.Processes {
		if p.Group != group {
			continue
		}
		for _, a := range p.Aliases {
			id := group + "/" + a.Name
			before, seen := follows[id]
			follows[id] = p.Defaults(a) && (before || !seen)
		}
	}
	if _, gathered := follows[group+"/"+AutoDB]; gathered {
		return nil
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(follows)) {
		if follows[id] {
			out = append(out, id)
		}
	}
	return out
}

// ClientLimits are limits of clients that no console tells; 0: not declared.
type ClientLimits struct {
	Files    int // file descriptors that each process of a group may have open
	Balancer int // connections of clients that the balancer before a group lets through to all of its processes
}

// ClientsOf is max_user_client_connections as it holds for a user, and who counts under it now; 0: no limit.
func (p Process) ClientsOf(user string) (most, now int) {
	for _, u := range p.UserClients {
		if u.Name == user {
			return u.Most, u.Now
		}
	}
	return p.Settings.MaxUserClients, 0
}

// Clients counts the clients of an alias, whether they wait, are served, or idle.
func (a Alias) Clients() (n int) {
	for _, p := range a.Pools {
		n += p.ClientsActive + p.ClientsWaiting
	}
	return n
}
