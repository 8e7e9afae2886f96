package fleet

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// SameServers refuses a sample of other machines than before: a failover in the window makes its counters and its
// ledger those of two servers.
func SameServers(before, now Observation) error {
	for _, s := range now.Servers {
		for _, was := range before.Servers {
			if was.Name != s.Name {
				continue
			}
			other := was.SystemID != "" && s.SystemID != "" && was.SystemID != s.SystemID
			if moved := was.Timeline != 0 && s.Timeline != 0 && was.Timeline != s.Timeline; other || moved ||
				was.InRecovery != s.InRecovery {
				return &operr.Error{Kind: operr.KindDrift, Subject: "server " + s.Name,
					Err: fmt.Errorf("another server answers than at the last sample: system %s timeline %d in recovery %v, now "+
						"system %s timeline %d in recovery %v",
						was.SystemID, was.Timeline, was.InRecovery, s.SystemID, s.Timeline, s.InRecovery),
					Hint: "after a failover, once the DSN of the config leads to the primary: run the same command again; it takes " +
						"new samples and continues"}
			}
		}
	}
	return nil
}

// WithVanished returns the newer sample together with every process, alias and user of the older one that it no longer
// shows, as it was last seen: what may come back keeps its worst case. The reasons name processes (verdict.ProcessGone)
// and aliases (verdict.AliasGone) that are gone.
func WithVanished(older, newer Observation) (Observation, []verdict.Reason) {
	var gone []verdict.Reason
	processes := slices.Clone(newer.Processes)
	for _, was := range older.Processes {
		i := slices.IndexFunc(processes, func(p Process) bool { return p.ID == was.ID })
		if i < 0 {
			processes = append(processes, was)
			gone = append(gone, verdict.Of(verdict.ProcessGone, was.ID))
			continue
		}
		processes[i].Aliases = slices.Clone(processes[i].Aliases)
		for _, a := range was.Aliases {
			j := slices.IndexFunc(processes[i].Aliases, func(b Alias) bool { return b.Name == a.Name })
			if j < 0 {
				processes[i].Aliases = append(processes[i].Aliases, a.closed())
				gone = append(gone, verdict.Of(verdict.AliasGone, was.ID+"/"+a.Name))
				continue
			}
			b := &processes[i].Aliases[j]
			if b.Hidden && !a.Hidden { // what it was, it still is
				as := a
				as.Counters, as.CurrentConns, as.Pools, as.Gone = b.Counters, b.CurrentConns, b.Pools, false
				*b = as
			}
			b.Pools = slices.Clone(b.Pools)
			shown := UsersOf(b.Pools)
			for _, g := range a.Pools {
				if shown[g.User]--; shown[g.User] < 0 {
					b.Pools = append(b.Pools, PoolGauges{User: g.User, Login: g.Login})
				}
			}
		}
		slices.SortFunc(processes[i].Aliases, func(a, b Alias) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(processes, func(a, b Process) int { return cmp.Compare(a.ID, b.ID) })
	newer.Processes = processes
	return newer, gone
}

// closed is an alias that its process no longer shows: it keeps its pools, and PgBouncer has closed their connections
// with it. What of them is still at work in PostgreSQL is counted there, as closing.
func (a Alias) closed() Alias {
	a.Pools, a.CurrentConns, a.Gone = slices.Clone(a.Pools), 0, true
	for i, g := range a.Pools {
		a.Pools[i] = PoolGauges{User: g.User, Login: g.Login}
	}
	return a
}

// UsersOf counts the pools of each user: before PgBouncer 1.23 a forced user and auth_user may have one name.
func UsersOf(pools []PoolGauges) map[string]int {
	n := map[string]int{}
	for _, g := range pools {
		n[g.User]++
	}
	return n
}
