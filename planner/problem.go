package planner

import (
	"fmt"
	"math"

	"github.com/pgbudget/pgbudget/planner/allocate"
)

// serverProblem is one server's integer problem and the way back from its items to pools.
type serverProblem struct {
	server     FleetServer
	pools      []FleetPool // ours to size, sorted; item i is pools[i]
	floors     []floor
	reserve    []int // item of the pool's reserve, -1 where the reserve is fixed
	problem    allocate.Problem
	constConns int // connections of the budget row that no item changes
	bestEffort bool
}

// floor is a pool's smallest size and the promise behind it.
type floor struct {
	size int
	by   string
}

// newServerProblem writes the promise as rows: the budget, the caps of roles, databases and users, and each pool's
// max_db_connections. Connections that no size of ours changes are taken off the budget first.
func newServerProblem(f Fleet, s FleetServer, bestEffort bool) (serverProblem, error) {
	sp := serverProblem{server: s, bestEffort: bestEffort, problem: allocate.Problem{MinGain: f.LeastGain}}
	budget := allocate.Row{Name: fmt.Sprintf("budget of %s", s.Name)}
	for _, p := range f.Pools {
		if !p.On(s.Name) {
			continue
		}
		if p.Frozen != "" {
			sp.constConns += p.countedConns()
			continue
		}
		fl, by, err := Floor(p)
		if err != nil {
			return serverProblem{}, err
		}
		i := len(sp.pools)
		sp.pools = append(sp.pools, p)
		sp.floors = append(sp.floors, floor{fl, by})
		item := allocate.Item{ID: p.ID, Lo: fl, Hi: math.MaxInt32, Min: p.Rules.Min}
		curve := curveOf(p)
		if bestEffort {
			curve.floor, item.Lo = fl, p.Rules.Min
		}
		item.Cost = curve
		if p.Rules.Max > 0 {
			item.Hi = p.Rules.Max
		}
		if p.Load.Session && p.largestSize() <= item.Hi { // a session may never give its connection back
			item.Lo = max(item.Lo, p.largestSize())
		}
		coef := p.charge(&sp, item)
		if p.Rules.Count != CountWorst {
			item.Lo = max(item.Lo, min(p.largestSize(), item.Hi))
		}
		sp.problem.Items = append(sp.problem.Items, item)
		budget.Terms = append(budget.Terms, allocate.Term{Item: i, Coef: coef})
	}
	sp.addReserves(&budget, f.LeastGain)
	budget.Cap = s.BudgetConns - sp.constConns
	sp.problem.Rows = append(sp.problem.Rows, budget)
	sp.addAliasCaps()
	sp.addCaps()
	return sp, nil
}

// charge takes off the budget what no size changes, and returns what one unit of the pool's size costs.
//
// Where max_db_connections already binds today, the alias takes all of it whatever its size: it is counted at the cap.
// A pool counted at what was seen is charged for every connection by which a process grows, and never shrinks.
func (p FleetPool) charge(sp *serverProblem, item allocate.Item) (coef int) {
	if p.Rules.Count != CountWorst {
		sp.constConns += p.countedConns()
		for _, c := range p.Copies {
			if c.FixedConns == 0 {
				sp.constConns -= min(p.sizeIn(c.Process), item.Hi) // what shrinks to max: gives back nothing
				coef++
			}
		}
		return coef
	}
	sp.constConns += p.OverConns
	for _, s := range p.Sizes {
		if p.capBinds(s) {
			sp.constConns += s.CapConns
			continue
		}
		users, fixed := p.usersIn(s.Process)
		coef += users
		sp.constConns += fixed + p.maybeAbove(s.Process, item.Lo)
		for _, c := range p.Copies { // a reserve of its own stays whatever the line's becomes
			switch {
			case c.Process != s.Process || c.Shared || c.FixedConns > 0:
			case !p.ReserveFree || c.OwnReserve > 0:
				sp.constConns += c.reserve(max(p.ReserveConns, p.Reserve.Max))
			}
		}
	}
	return coef
}

// capBinds reports whether today's settings already reach max_db_connections in a process.
func (p FleetPool) capBinds(s Size) bool {
	return s.CapConns > 0 && p.worstIn(s, s.Conns, p.ReserveConns) >= s.CapConns
}

// maybeAbove is what doubtful sizes of users may add in a process to a pool whose size is at least lo: max(n, maybe) <=
// n + max(0, maybe − lo) for every n >= lo.
func (p FleetPool) maybeAbove(process string, lo int) int {
	reserve := p.ReserveConns
	if p.ReserveFree {
		reserve = p.Reserve.Min
	}
	sum := 0
	for _, c := range p.Copies {
		if c.Process == process && c.FixedConns == 0 && !c.Shared {
			sum += max(0, c.MaybeConns-lo-reserve)
		}
	}
	return sum
}

// addReserves makes an item of every reserve that the plan may lower.
func (sp *serverProblem) addReserves(budget *allocate.Row, leastGain float64) {
	for i, p := range sp.pools {
		sp.reserve = append(sp.reserve, -1)
		if !p.ReserveFree {
			continue
		}
		item := len(sp.problem.Items)
		sp.reserve[i] = item
		sp.problem.Items = append(sp.problem.Items, allocate.Item{ID: p.ID + " reserve", Lo: p.Reserve.Min, Hi: p.Reserve.Max,
			Min: p.Reserve.Min, Cost: newReserveCurve(p, leastGain)})
		coef := budget.Terms[i].Coef
		for _, s := range p.Sizes {
			for _, c := range p.Copies {
				if c.Process == s.Process && c.OwnReserve > 0 && c.FixedConns == 0 && !c.Shared && !p.capBinds(s) {
					coef--
				}
			}
		}
		budget.Terms = append(budget.Terms, allocate.Term{Item: item, Coef: coef})
	}
}

// addAliasCaps keeps every copy's growth usable: under max_db_connections the users of one process's alias share a cap,
// so users × (size + reserve) must not grow beyond it. Today's sizes always fit.
func (sp *serverProblem) addAliasCaps() {
	for i, p := range sp.pools {
		for _, s := range p.Sizes {
			if users, fixed := p.usersIn(s.Process); s.CapConns > 0 && users > 0 {
				row := allocate.Row{Name: fmt.Sprintf("max_db_connections %d of %s in %s", s.CapConns, p.ID, s.Process), Cap: max(s.CapConns-fixed, users*(s.Conns+p.ReserveConns))}
				sp.addTerms(&row, i, users)
				sp.problem.Rows = append(sp.problem.Rows, row)
			}
		}
	}
}

func (sp *serverProblem) addCaps() {
	for _, c := range sp.server.Caps {
		row := allocate.Row{Name: c.Name, Cap: c.Conns}
		for _, t := range c.Terms {
			for i, p := range sp.pools {
				if p.ID == t.Pool {
					sp.addTerms(&row, i, t.Coef)
				}
			}
		}
		sp.problem.Rows = append(sp.problem.Rows, row)
	}
}

// addTerms adds pool i's size, and its reserve, to a row; a reserve that stays is taken off the cap.
func (sp *serverProblem) addTerms(row *allocate.Row, i, coef int) {
	row.Terms = append(row.Terms, allocate.Term{Item: i, Coef: coef})
	if r := sp.reserve[i]; r >= 0 {
		row.Terms = append(row.Terms, allocate.Term{Item: r, Coef: coef})
	} else {
		row.Cap -= coef * sp.pools[i].ReserveConns
	}
}

// addBusyCap is the best-effort answer to a CPU that cannot carry the load: no more connections than the ceiling keeps
// busy.
func (sp *serverProblem) addBusyCap(conns int) {
	least := 0
	for i, p := range sp.pools {
		least += p.sized() * sp.problem.Items[i].Lo
	}
	conns = max(conns, least)
	row := allocate.Row{Name: fmt.Sprintf("CPU ceiling of %s: %d busy connections", sp.server.Name, conns), Cap: conns}
	for i, p := range sp.pools {
		row.Terms = append(row.Terms, allocate.Term{Item: i, Coef: p.sized()})
	}
	sp.problem.Rows = append(sp.problem.Rows, row)
}

// sizes returns the planned size and reserve of pool i.
func (sp serverProblem) sizes(sol allocate.Solution, i int) (size, reserve int) {
	reserve = sp.pools[i].ReserveConns
	if r := sp.reserve[i]; r >= 0 {
		reserve = sol.N[r]
	}
	return sol.N[i], reserve
}
