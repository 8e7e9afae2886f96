package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// With returns the fleet with lines changed, worst cases added up anew. Nothing else of it moves: connections that are
// open stay open, so a line made smaller frees nothing that has not been seen to be gone. A reserve counts at the larger
// of its process's values until all have been changed, as Model counts it.
func (f Fleet) With(sets []Set) Fleet {
	f.Pools = slices.Clone(f.Pools)
	of := make(map[string][]Set, len(sets))
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
			case KeyLifetime:
			case KeyReserve:
				reserve = max(reserve, x.To)
				reserves++
			default:
				for j := range p.Sizes {
					if p.Sizes[j].Process == x.Process {
						p.grow(x.Process, x.To-p.Sizes[j].Conns)
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
			p.tally()
		}
	}
	return f
}

// grow adds to what was seen of a pool that is counted by it, as plannedConns does: every connection by which a process
// grows may be open at once.
func (p *FleetPool) grow(process string, by int) {
	if users, _ := p.usersIn(process); p.Rules.Count != CountWorst && by > 0 {
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
			sum += p.countedConns()
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

// Promise checks that the fleet may take sets now, in every state on the way there, whatever the order in which its
// processes take them: for every server the worst case with all that grows and nothing that shrinks is within the
// budget, or none of its lines grows; and no limit of a role, a database or a user is exceeded that was kept. The error
// is of KindInfeasible and carries both numbers.
func Promise(f Fleet, sets []Set) error {
	var grows []Set
	for _, x := range sets {
		if x.Grows() {
			grows = append(grows, x)
		}
	}
	if len(grows) == 0 {
		return nil
	}
	after := f.With(grows)
	for _, s := range f.Servers {
		before, worst := f.WorstConns(s.Name), after.WorstConns(s.Name)
		if worst > before && worst > s.BudgetConns {
			return &Error{Kind: KindInfeasible, Subject: "server " + s.Name,
				Err:  fmt.Errorf("%s: the worst case would be %d of %d connections, %d now", grown(grows), worst, s.BudgetConns, before),
				Hint: "pgbudget plan shows the ledger line by line"}
		}
	}
	if why := f.beyond(after); why != "" {
		return &Error{Kind: KindInfeasible, Subject: grown(grows), Err: errors.New(why),
			Hint: "release connections under the limit first, or raise it"}
	}
	return nil
}

func grown(sets []Set) string {
	var parts []string
	for _, m := range (Step{Sets: sets}).Moves() {
		parts = append(parts, fmt.Sprintf("%s/%s to %d", m.Process, m.Alias, m.To))
	}
	return strings.Join(slices.Compact(parts), ", ")
}
