package planner

import "github.com/pgbudget/pgbudget/planner/allocate"

// price finds what a little more and a little less of a server's budget is worth at the planned sizes: the unit with the
// best gain a connection that does not fit into the spare, and the cheapest unit to lose when the spare is used up. Both
// are judged by the pools' own curves, so sizes that the deadband kept count like any other.
func (sp serverProblem) price(sol allocate.Solution, spare int) PlanPrice {
	var out PlanPrice
	var bestMore, bestFewer float64
	for _, t := range sp.problem.Rows[0].Terms {
		i := t.Item
		if t.Coef == 0 {
			continue
		}
		if i >= len(sp.pools) { // a reserve that the plan may lower: nobody waits for what it holds
			it := sp.problem.Items[i]
			if sol.N[i] > it.Lo && t.Coef > spare && (out.OneFewer == nil || bestFewer > 0) {
				bestFewer = 0
				out.OneFewer = &OneFewer{Pool: it.ID, UnitConns: t.Coef}
			}
			continue
		}
		it, n := sp.problem.Items[i], sol.N[i]
		var gain [1]float64
		if n < it.Hi && t.Coef > spare && sp.fits(sol, i) {
			it.Cost.Gains(n, gain[:])
			if per := gain[0] / float64(t.Coef); per > sp.problem.MinGain && (out.OneMore == nil || per > bestMore) {
				bestMore = per
				out.OneMore = &OneMore{Pool: sp.pools[i].ID, UnitConns: t.Coef, ShortConns: t.Coef - spare, Saves: gain[0]}
			}
		}
		if n > it.Lo && spare < t.Coef {
			it.Cost.Gains(n-1, gain[:])
			if per := gain[0] / float64(t.Coef); out.OneFewer == nil || per < bestFewer {
				bestFewer = per
				out.OneFewer = &OneFewer{Pool: sp.pools[i].ID, UnitConns: t.Coef, Costs: gain[0]}
			}
		}
	}
	return out
}

// fits reports whether every row but the budget has room for one more unit of pool i.
func (sp serverProblem) fits(sol allocate.Solution, i int) bool {
	for r, row := range sp.problem.Rows[1:] {
		for _, t := range row.Terms {
			if t.Item == i && sol.RowUse[r+1]+t.Coef > row.Cap {
				return false
			}
		}
	}
	return true
}
