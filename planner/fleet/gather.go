package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/operr"
)

// Gather returns the sample with every database that lives by the line of * shown as one alias, AutoDB, whose size is
// the process's default_pool_size: that is the one number behind all of their sizes. lines has the processes that are
// gathered, each with the aliases that have a line of their own. A pool of it is one user of one database,
// "user@database" with its Login, because each has a size to itself; their counters are added up. max_db_connections of
// a single database is not counted: the worst case is then too large, never too small.
//
// The error, of KindUsage, names a user of such a database that has a size of its own.
func Gather(o Observation, lines map[string][]string) (Observation, error) {
	if len(lines) == 0 {
		return o, nil
	}
	o.Processes = slices.Clone(o.Processes)
	// of each group: the server of its *, where some process shows it; the lines
	servers, owned := map[string][]string{}, map[string][]string{}
	for i := range o.Processes {
		p := &o.Processes[i]
		own, ours := lines[p.ID]
		if !ours {
			continue
		}
		owned[p.Group] = append(owned[p.Group], slices.Concat(own, []string{AutoDB})...)
		if err := p.gather(own); err != nil {
			return o, err
		}
		if a, _ := FindAlias(o, p.ID, AutoDB); a.Server != "" {
			servers[p.Group] = append([]string(nil), a.Servers()...)
		}
	}
	for i, p := range o.Processes {
		for j := range p.Aliases {
			if a := &o.Processes[i].Aliases[j]; a.Name == AutoDB && a.Server == "" && a.Proof != ProofElsewhere &&
				servers[p.Group] != nil {
				a.Server, a.AlsoOn, a.Proof = servers[p.Group][0], servers[p.Group][1:], ProofAddress
			}
		}
	}
	o.Servers = slices.Clone(o.Servers)
	for i := range o.Servers {
		s := &o.Servers[i]
		s.IdleInTransaction = slices.Clone(s.IdleInTransaction)
		for j, h := range s.IdleInTransaction {
			if group, alias, _ := strings.Cut(h.Pool, "/"); owned[group] != nil && !slices.Contains(owned[group], alias) {
				s.IdleInTransaction[j].Pool = group + "/" + AutoDB
			}
		}
	}
	return o, nil
}

// pausedTenants is the share of the transactions of a * that paused databases must have had for its load not to be
// known. chosen: 5 %, because the interval of a minute's load leaves more open.
const pausedTenants = 0.05

// gather is Gather for one process; own are the aliases that stay.
func (p *Process) gather(own []string) error {
	all := Alias{Name: AutoDB, Database: AutoDB, SizeConns: p.Settings.DefaultPoolConns, Lifetime: p.Settings.Lifetime,
		PoolMode: p.Settings.PoolMode}
	all.ReserveConns = p.Settings.DefaultReserveConns
	if !VersionAtLeast(p.Version, 1, 23) {
		all.Counters.Assignments = -1
	}
	var rest []Alias
	var paused int64 // transactions of databases that are paused now
	for _, a := range p.Aliases {
		follows := a.SizeConns == all.SizeConns && a.ReserveConns == all.ReserveConns && a.mode() == p.Settings.PoolMode
		if slices.Contains(own, a.Name) || !follows { // what says otherwise has a line by now
			rest = append(rest, a)
			continue
		}
		all.Host, all.Port = cmp.Or(all.Host, a.Host), cmp.Or(all.Port, a.Port)
		all.placeWith(a)
		// a user pools sessions: nobody's holding times are in the counters; see Alias.PoolMode
		if a.LinePoolMode != "" && all.PoolMode != "session" {
			all.PoolMode, all.LinePoolMode = a.PoolMode, a.LinePoolMode
		}
		all.CurrentConns += a.CurrentConns
		if a.Paused {
			paused += a.Counters.Xacts
		}
		all.Counters = all.Counters.Plus(a.Counters)
		for _, g := range a.Pools {
			if u, ok := p.User(g.User); ok && (u.SizeConns != 0 || u.ReserveConns > 0) {
				return &operr.Error{Kind: operr.KindUsage, Subject: p.ID,
					Err: fmt.Errorf("user %s of database %s, which lives by *, has a size of its own in [users]: the databases of * "+
						"cannot be counted as one", g.User, a.Name),
					Hint: "write a line for " + a.Name + ", or leave " + p.Group + "/* out of pools:"}
			}
			g.Login = a.Login(g)
			g.User = g.Login.Name()
			all.Pools = append(all.Pools, g)
		}
	}
	all.Paused = float64(paused) > pausedTenants*float64(all.Counters.Xacts) // what waits for its RESUME is in no counter
	slices.SortFunc(all.Pools, func(a, b PoolGauges) int { return strings.Compare(a.User, b.User) })
	p.Aliases = append(rest, all)
	slices.SortFunc(p.Aliases, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// Plus returns the sum of two processes' or aliases' counters. Assignments stay −1 where c does not count them
// (before PgBouncer 1.23).
func (c Counters) Plus(d Counters) Counters {
	c.Xacts += d.Xacts
	c.XactTime += d.XactTime
	c.WaitTime += d.WaitTime
	if c.Assignments >= 0 {
		c.Assignments += max(0, d.Assignments)
	}
	return c
}
