package planner

import "github.com/pgbudget/pgbudget/planner/allocate"

// price finds what a little more and a little less of a server's budget is worth at the planned sizes: the unit with the
// best gain a connection that does not fit into the spare, and the cheapest unit to lose when the spare is used up. Both
// are judged by the pools' own curves, so sizes that the deadband kept count like any other.
func (sp serverProblem) price(sol allocate.Solution, spare int) PlanPrice {
	var out PlanPrice
	var bestMore, bestFewer float64
	for i, it := range sp.problem.Items[:len(sp.pools)] {
		n, reserve := sp.sizes(sol, i)
		if least := sp.pools[i].leastReserve(); reserve > least { // nobody waits for what a reserve holds
			unit := sp.takes(0, i, n, reserve) - sp.takes(0, i, n, reserve-1)
			if unit > max(0, spare) && (out.OneFewer == nil || bestFewer > 0) {
				bestFewer = 0
				out.OneFewer = &OneFewer{Pool: sp.pools[i].ID + " reserve", UnitConns: unit}
			}
		}
		var gain [1]float64
		if unit := sp.unit(0, i, n, reserve); n < it.Hi && unit > max(0, spare) && sp.fits(sol, i) {
			it.Cost.Gains(n, gain[:])
			if per := gain[0] / float64(unit); per > sp.problem.MinGain && (out.OneMore == nil || per > bestMore) {
				bestMore = per
				out.OneMore = &OneMore{Pool: sp.pools[i].ID, UnitConns: unit, ShortConns: unit - spare, Saves: gain[0]}
			}
		}
		if n <= it.Lo {
			continue
		}
		if unit := sp.unit(0, i, n-1, reserve); unit > max(0, spare) {
			it.Cost.Gains(n-1, gain[:])
			if per := gain[0] / float64(unit); out.OneFewer == nil || per < bestFewer {
				bestFewer = per
				out.OneFewer = &OneFewer{Pool: sp.pools[i].ID, UnitConns: unit, Costs: gain[0]}
			}
		}
	}
	return out
}

// fits reports whether every row but the budget has room for one more unit of pool i.
func (sp serverProblem) fits(sol allocate.Solution, i int) bool {
	for r := range sp.problem.Rows {
		if r > 0 && sp.full(sol, r, i) {
			return false
		}
	}
	return true
}

// full reports whether a row has no room for one more unit of pool i.
func (sp serverProblem) full(sol allocate.Solution, r, i int) bool {
	size, reserve := sp.sizes(sol, i)
	return sol.RowUse[r]+sp.unit(r, i, size, reserve) > sp.problem.Rows[r].Cap
}
