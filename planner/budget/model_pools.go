package budget

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// login is Login for a pool of the line; a is the alias in one of its processes.
func (c LinePool) login(a fleet.Alias) fleet.Login {
	l := c.Login
	if l == (fleet.Login{}) {
		l = a.Login(fleet.PoolGauges{User: c.User})
	}
	l.Forced = l.Forced && !c.Twin
	return l
}

// modelPools makes a FleetPool of every alias of every group that uses one of our servers, and of every pool that is
// only declared. Those that are not ours to size are frozen: they stay in the ledger.
func modelPools(d Declared, e load.Evidence, loads []load.Load, unused map[string][]string) ([]FleetPool, []string,
	error) {
	var pools []FleetPool
	var warnings []string
	seen := map[string]bool{}
	for _, id := range fleet.PoolIDs(e.Last) {
		seen[id] = true
		p, warn, err := modelPool(id, d, e, loads)
		warnings = append(warnings, warn...)
		if err != nil {
			return nil, nil, err
		}
		if p.Server != "" {
			if in := unused[id]; len(in) > 0 {
				note, why := fleet.UnusedNote(id, in), verdict.Of(verdict.DatabaseOfStar, "")
				if fleet.LinedIn(e.Last, id, in) {
					note, why = fleet.UnlinedNote(id, in), verdict.Of(verdict.LineMissing, "")
				}
				warnings = append(warnings, note)
				p.Frozen.Reason = verdict.Or(p.Frozen.Reason, why)
			}
			pools = append(pools, p)
		}
	}
	for _, dp := range d.Pools {
		if seen[dp.ID] {
			if !slices.Equal(dp.servers(), []string{Elsewhere}) &&
				!slices.ContainsFunc(pools, func(p FleetPool) bool { return p.ID == dp.ID }) {
				return nil, nil, &operr.Error{Kind: operr.KindUsage, Subject: dp.Where + "pool " + dp.ID,
					Err:  fmt.Errorf("its connections lead to none of the servers observed"),
					Hint: "add its server under servers:, or take the pool out"}
			}
			continue
		}
		if e.Samples > 0 && (dp.LinePools == 0 || dp.Load == nil) {
			return nil, nil, &operr.Error{Kind: operr.KindUsage, Subject: dp.Where + "pool " + dp.ID,
				Err: fmt.Errorf("no console shows this pool; the pools observed are %s", strings.Join(fleet.PoolIDs(e.Last),
					", ")),
				Hint: "correct the name, or declare size:, line_pools: and load: to plan a pool that does not exist yet"}
		}
		p, err := declaredPool(dp, d)
		if err != nil {
			return nil, nil, err
		}
		if pools = append(pools, p); dp.Size != nil {
			warnings = append(warnings, p.riskNote()...)
		}
	}
	slices.SortFunc(pools, func(a, b FleetPool) int { return cmp.Compare(a.ID, b.ID) })
	return pools, warnings, nil
}

// Pool returns what was declared of the pool of that id, group/alias. Where nothing was, it returns the defaults and
// false.
func (d Declared) Pool(id string) (DeclaredPool, bool) {
	i := slices.IndexFunc(d.Pools, func(p DeclaredPool) bool { return p.ID == id })
	if i < 0 {
		return DeclaredPool{ID: id, Weight: 1, Min: 1, Utilization: DefaultUtilization, MaxWaitMean: DefaultMaxWaitMean,
			MaxWaitP99: DefaultMaxWaitP99, Count: CountWorst}, false
	}
	return d.Pools[i], true
}

// fileOf names the file that a process reads, for hints: recordings leave its path out.
func fileOf(p fleet.Process) string { return cmp.Or(p.Identity.ConfFile, "the pgbouncer.ini of "+p.ID) }

// placed is one process's side of a pool.
type placed struct {
	process fleet.Process
	alias   fleet.Alias
}

// open is what a user has open there, in the second of its pools where that is asked for.
func (x placed) open(user string, twin bool) int {
	for _, g := range x.alias.Pools {
		switch {
		case g.User != user:
		case twin:
			twin = false
		default:
			return slots(g)
		}
	}
	return 0
}

// slots returns the connections of the pool that may hold a slot of max_connections: a socket that carries a cancel
// request ends in PostgreSQL before it takes one (postmaster.c, processCancelRequest).
func slots(g fleet.PoolGauges) int { return g.Conns() - g.ServersActiveCancel }

func modelPool(id string, d Declared, e load.Evidence, loads []load.Load) (FleetPool, []string, error) {
	rules, listed := d.Pool(id)
	var at []placed
	for _, proc := range e.Last.Processes {
		if a, shown := proc.AliasOf(id); shown {
			at = append(at, placed{proc, a})
		}
	}
	group, alias := at[0].process.Group, at[0].alias.Name
	p := FleetPool{ID: id, Group: group, Alias: alias, Rules: rules.rules()}
	var warnings []string
	servers, warn, err := serversOf(id, rules, at, e.Last)
	if err != nil || len(servers) == 0 {
		return FleetPool{}, warn, err
	}
	p.Server, p.AlsoOn = servers[0], servers[1:]
	warnings = append(warnings, warn...)
	if !listed && !d.SizeAll {
		p.Frozen = verdict.Print(verdict.NotListed, "")
	} else if len(p.AlsoOn) > 0 { // its load on each of them is not known
		p.Frozen = verdict.Print(verdict.SeveralServers, "")
	}
	reserves := map[int]bool{}
	for _, x := range at {
		p.Guessed = cmp.Or(p.Guessed, x.alias.Guessed)
		for _, u := range x.process.Users {
			comes := x.authRole(u.Name) ||
				slices.ContainsFunc(x.alias.Pools, func(g fleet.PoolGauges) bool { return g.User == u.Name })
			if u.SizeConns == fleet.Unlimited && x.alias.MaxConns == 0 && comes {
				return FleetPool{}, nil, &operr.Error{Kind: operr.KindEvidence, Subject: x.process.ID + "/" + x.alias.Name,
					Err: fmt.Errorf("user %s has, or may have, pool_size 0 of its own, which means no limit: the worst case has no "+
						"bound", u.Name),
					Hint: "write a pool_size of at least 1 for it into [users] of " + fileOf(x.process) +
						" and RELOAD, or set max_db_connections"}
			}
		}
		if fleet.EffectiveSize(x.process, x.alias, "") == fleet.Unlimited && x.alias.MaxConns == 0 {
			return FleetPool{}, nil, &operr.Error{Kind: operr.KindEvidence, Subject: x.process.ID + "/" + x.alias.Name,
				Err: fmt.Errorf("pool_size is 0, which PgBouncer %s reads as no limit: the worst case has no bound",
					x.process.Version),
				Hint: "write a pool_size of at least 1 into " + fileOf(x.process) + " and RELOAD"}
		}
		if x.alias.SizeConns == 0 && x.alias.Name != fleet.AutoDB && !p.Frozen.Any() { // no step may write a 0 again
			p.Frozen = verdict.Print(verdict.SizeZero, x.process.ID)
		}
		p.Sizes = append(p.Sizes, Size{x.process.ID, min(fleet.EffectiveSize(x.process, x.alias, ""),
			max(x.alias.MaxConns, x.alias.SizeConns, 1)), x.alias.MaxConns})
		reserve := fleet.EffectiveReserve(x.process, x.alias, "")
		reserves[reserve] = true
		p.ReserveConns = max(p.ReserveConns, reserve)
	}
	var ld load.Load
	if i := slices.IndexFunc(loads, func(l load.Load) bool { return l.Pool == id }); i >= 0 {
		ld = loads[i]
	}
	var noUser bool
	p.LinePools, noUser = linePoolsOf(at, rules, ld)
	if p.Uneven = len(reserves) > 1; p.Uneven {
		warnings = append(warnings,
			fmt.Sprintf("%s: reserve_pool_size differs between its processes: the largest, %d, counts", id, p.ReserveConns))
	}
	p.Reserve, p.ReserveFree = rules.reserveRange(p.ReserveConns)
	if i := slices.IndexFunc(p.LinePools, func(c LinePool) bool { return c.MaybeConns > 0 }); i >= 0 {
		warnings = append(warnings,
			fmt.Sprintf("%s: SHOW USERS of %s may show %s the pool_size of another user; the larger counts, so up to %d "+
				"connections for each such user",
				id, p.LinePools[i].Process, p.LinePools[i].User, p.LinePools[i].Maybe(p.ReserveConns)))
	}
	if noUser {
		warnings = append(warnings,
			fmt.Sprintf("%s was never used and its line has no user=: it counts with one user; declare users: if more may come",
				id))
	}
	p.see(at, e)
	p.Load, p.SeenPerSec = ld, ld.ServedPerSec
	switch {
	case rules.Load != nil:
		p.Load = rules.Load.load(id, p.LinePools)
		p.Load.Session = ld.Session
	case !p.Frozen.Any():
		if p.Frozen.Reason = ld.TooLittle(); p.Frozen.Any() {
			warnings = append(warnings,
				fmt.Sprintf("%s keeps its size: %s; take samples while the pool is in use, or declare load: for it", id,
					p.Frozen.Text()))
		}
	}
	if why := p.throttle(); why.Any() && !p.Frozen.Any() {
		p.Frozen.Reason = why
		warnings = append(warnings, fmt.Sprintf("%s keeps its size: %s", id, why.Text()))
	}
	if why := p.unfollowed(); why.Any() && !p.Frozen.Any() {
		p.Frozen.Reason = why
		warnings = append(warnings, fmt.Sprintf("%s: %s", id, why.Text()))
	}
	warnings = append(append(warnings, rules.ignored()...), rules.disproved(at)...)
	warnings = append(warnings, fleet.IdleUsers(e.Last, id)...)
	return p, append(warnings, p.riskNote()...), nil
}

// linePoolsOf crosses the pool's processes with every user seen in any of them, or declared, or forced, or who asks
// auth_query there: a user that one process saw may come to the others.
func linePoolsOf(at []placed, rules DeclaredPool, ld load.Load) (linePools []LinePool, noUser bool) {
	users := slices.Clone(rules.Users)
	for _, x := range at {
		if x.alias.ForceUser != "" {
			users = append(users, x.alias.ForceUser)
		}
		for _, g := range x.alias.Pools {
			users = append(users, g.User)
		}
	}
	for _, s := range ld.LinePools {
		users = append(users, s.User)
	}
	slices.Sort(users)
	users = slices.Compact(users)
	logins := map[string]fleet.Login{} // of pools of *
	seen := map[string]bool{}
	for _, x := range at {
		seen[x.alias.ForceUser] = true
		for _, g := range x.alias.Pools {
			if _, known := logins[g.User]; !known && g.Login != (fleet.Login{}) {
				logins[g.User] = g.Login
			}
			seen[g.User] = true
		}
	}
	if noUser = onlyAuth(at, users); noUser {
		users = append([]string{""}, users...)
	}
	var twins, auth []string
	for _, x := range at {
		twins = append(twins, x.twins()...)
		for u, l := range x.process.AuthLogins(x.alias) {
			auth = append(auth, u)
			if _, known := logins[u]; !known && l != (fleet.Login{}) && !seen[u] { // of a pool that is remembered, less is known
				logins[u] = l
			}
		}
	}
	users = append(users, auth...)
	slices.Sort(users)
	users = slices.Compact(users)
	for _, x := range at {
		for _, u := range users {
			c := LinePool{Process: x.process.ID, User: u, Login: logins[u]}
			if i := slices.IndexFunc(ld.LinePools, func(s load.LinePoolShare) bool {
				return s.Process == c.Process &&
					s.User == u
			}); i >= 0 {
				c.Share = ld.LinePools[i].Share
			}
			c.Auth = !seen[u] && slices.Contains(auth, u) && !slices.Contains(rules.Users, u)
			role := c.login(x.alias).Role
			if own, ok := x.process.User(role); ok && own.SizeConns > 0 {
				if c.OwnSize = true; own.Doubtful {
					c.MaybeConns = own.SizeConns
				} else {
					c.FixedConns = own.SizeConns
				}
			}
			if own, ok := x.process.User(role); ok && own.ReserveConns != 0 && x.process.Settings.ReserveTimeout > 0 {
				c.OwnReserve, c.Doubtful = own.ReserveConns, own.DoubtfulReserve // server.c, 1.24 and later
			}
			c.bound(rules.UserMax, x.open(u, false), fleet.EffectiveSize(x.process, x.alias, ""),
				fleet.EffectiveReserve(x.process, x.alias, ""))
			linePools = append(linePools, c)
			if slices.Contains(twins, u) && !fleet.VersionAtLeast(x.process.Version, 1, 23) {
				c.Twin, c.Share = true, 0 // get_pool searches by user, and a forced one is another than auth_user of its name
				linePools = append(linePools, c)
			}
		}
	}
	slices.SortStableFunc(linePools, func(a, b LinePool) int {
		return cmp.Or(cmp.Compare(a.Process, b.Process), cmp.Compare(a.User, b.User))
	})
	return linePools, noUser
}

// see fills in what the samples showed of the pool's connections.
func (p *FleetPool) see(at []placed, e load.Evidence) {
	for _, x := range at {
		for i, c := range p.LinePools {
			if c.Process != x.process.ID {
				continue
			}
			p.LinePools[i].SeenConns = x.open(c.User, c.Twin)
		}
		if f, ok := e.Flow(x.process.ID, p.Alias); ok {
			p.PeakConns += f.PeakConns
			p.P99Conns += f.P99Conns()
		}
	}
	p.Tally()
}
