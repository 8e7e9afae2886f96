package budget

import (
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Drained returns the fleet without the connections that are open beyond what its settings allow.
func (f Fleet) Drained() Fleet {
	f.Pools = slices.Clone(f.Pools)
	for i := range f.Pools {
		f.Pools[i].drain()
	}
	return f
}

// drain takes off a pool what is open beyond what its settings allow.
func (p *FleetPool) drain() {
	own := false // its LinePools: until then they are those of the fleet that it is of
	for _, s := range p.Sizes {
		for j, c := range p.LinePools {
			if c.Process != s.Process {
				continue
			}
			most := c.Worst(s.Conns, p.ReserveConns)
			if c.SeenConns <= most {
				continue
			}
			if !own {
				p.LinePools, own = slices.Clone(p.LinePools), true
			}
			p.LinePools[j].SeenConns = most
		}
	}
	if own {
		p.Tally()
	}
}

// Only is the part of a pool that one process has; false: it has none.
func (p FleetPool) Only(process string) (FleetPool, bool) {
	p.Sizes = slices.DeleteFunc(slices.Clone(p.Sizes), func(s Size) bool { return s.Process != process })
	p.LinePools = slices.DeleteFunc(slices.Clone(p.LinePools), func(c LinePool) bool { return c.Process != process })
	p.Under = nil // those of all pools of its line
	return p, len(p.Sizes) > 0
}

// LeastReserve is the least reserve_pool_size that the plan may give the pool, in connections of each pool of the line.
func (p FleetPool) LeastReserve() int {
	if p.ReserveFree {
		return p.Reserve.Min
	}
	return p.ReserveConns
}

// UnitConns is what one more unit on top of a size takes of the budget.
func (p FleetPool) UnitConns(size, reserve int) int {
	return p.PlannedConns(size+1, reserve) - p.PlannedConns(size, reserve)
}

// ReserveAt is how many connections of the budget one more in the reserve takes, over all pools of the line, at a size
// and a reserve.
func (p FleetPool) ReserveAt(size, reserve int) int {
	return p.PlannedConns(size, reserve+1) - p.PlannedConns(size, reserve)
}

// With returns the fleet with lines changed, worst cases added up anew. Nothing else of it moves: connections that are
// open stay open, so a line made smaller frees nothing that has not been seen to be gone. A reserve counts at the
// larger of its process's values until all have been changed, as Model counts it.
func (f Fleet) With(sets []fleet.SettingChange) Fleet {
	f.Pools = slices.Clone(f.Pools)
	of := make(map[string][]fleet.SettingChange, len(sets))
	for _, x := range sets {
		of[x.Pool()] = append(of[x.Pool()], x)
	}
	for i := range f.Pools {
		p := &f.Pools[i]
		touched := len(of[p.ID]) > 0
		if touched {
			p.Sizes = slices.Clone(p.Sizes)
		}
		reserve, reserves := 0, 0
		for _, x := range of[p.ID] {
			switch x.Key {
			case fleet.KeyLifetime:
			case fleet.KeyReserve:
				reserve = max(reserve, x.To)
				reserves++
			default:
				for j := range p.Sizes {
					if p.Sizes[j].Process == x.Process {
						p.Grow(x.Process, x.To-p.Sizes[j].Conns)
						p.Sizes[j].Conns = x.To
					}
				}
			}
		}
		switch {
		case reserves == len(p.Sizes) && reserves > 0:
			p.ReserveConns = reserve
		case reserves > 0:
			p.ReserveConns = max(p.ReserveConns, reserve)
		}
		if touched {
			p.Tally()
		}
	}
	return f
}

// Grow adds to what was seen of a pool that is counted by it, as plannedConns does: every connection by which a process
// grows may be open at once.
func (p *FleetPool) Grow(process string, by int) {
	if users, _ := p.UsersIn(process); p.Rules.Count != CountWorst && by > 0 {
		p.PeakConns += users * by
		p.P99Conns += users * by
	}
}

// WorstConns is the server's left-hand side of the promise, pools alone: what they may come to under today's settings,
// never less than what is open. The rest of the promise stands in the server's ledger lines.
func (f Fleet) WorstConns(server string) int {
	sum := 0
	for _, p := range f.Pools {
		if p.On(server) {
			sum += p.CountedConns()
		}
	}
	return sum
}

// SpareConns is the budget less WorstConns; negative where the fleet is over it.
func (f Fleet) SpareConns(server string) int {
	i := slices.IndexFunc(f.Servers, func(s FleetServer) bool { return s.Name == server })
	if i < 0 {
		return 0
	}
	return f.Servers[i].BudgetConns - f.WorstConns(server)
}

// recyclingLines are what a RELOAD may open besides the sizes on a server, a line for each process that recycles: one
// connection for each of its pools. What max_db_connections keeps a pool from is not taken off. The notes say why.
func recyclingLines(server string, o fleet.Observation, pools []FleetPool) (lines []Line, notes []string) {
	for _, proc := range o.Processes {
		if !fleet.Recycles(proc.Version, proc.Settings.ServerTLS) {
			continue
		}
		n := 0
		for _, p := range pools {
			if !p.On(server) {
				continue
			}
			for _, c := range p.LinePools {
				if c.Process == proc.ID && !c.Shared { // where max_user_connections binds, it binds here, too
					n++
				}
			}
		}
		if n == 0 {
			continue
		}
		lines = append(lines, Line{"recycling of " + proc.ID, n, "any RELOAD may open one more per pool", CountWorst})
		notes = append(notes,
			fmt.Sprintf("%s: PgBouncer %s with server_tls_sslmode %s closes and reopens every server connection at any RELOAD; "+
				"the %d connections that its pools may open besides their sizes are in the ledger of %s. "+
				"No step RELOADs it without policy: {accept: [recycle]}; server_tls_sslmode = disable where no TLS is used, or "+
				"PgBouncer 1.24, ends it",
				proc.ID, proc.Version, proc.Settings.ServerTLS, n, server))
	}
	return lines, notes
}

// recycleConns adds up what recyclingLines has found.
func recycleConns(lines []Line) (n int) {
	for l := range slices.Values(lines) {
		n += l.Conns
	}
	return n
}

// PlannedConns is what the ledger counts for a pool of ours at a planned size: its worst case with what stays open
// beyond it; for a pool counted at what was seen, that and every connection by which a process grows.
func (p FleetPool) PlannedConns(size, reserve int) int {
	if p.Rules.Count == CountWorst {
		return p.WorstAt(size, reserve) + max(p.OverConns, p.StayConns(size, reserve))
	}
	conns := p.CountedConns()
	for _, c := range p.LinePools {
		if c.FixedConns == 0 {
			conns += max(0, size-p.SizeIn(c.Process))
		}
	}
	return conns
}
