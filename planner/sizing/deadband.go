package sizing

import (
	"slices"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
)

// deadbandTries bounds the re-solving: the smallest changes are tried first. chosen: 64, because a plan of 1,000 pools
// stays within a second then.
const deadbandTries = 64

// listedTries is how many re-solves any fleet with listed pools gets. chosen: 4, because a search to its limit
// takes about a second.
const listedTries = 4

// deadband takes back resizes that are not worth a RELOAD. A pool keeps today's size when that size meets its floor and
// leaving it alone, the others re-solved, costs less than share of the objective or less than DeadbandClients; the sum
// of all that is given up stays below that, too, and is added to the gap. Pools are tried from the smallest change up.
// The second result has the pools that were kept.
func (sp serverProblem) deadband(best allocate.Solution, share float64) (allocate.Solution, map[int]bool) {
	kept := map[int]bool{}
	if share <= 0 {
		return best, kept
	}
	type change struct{ item, conns int }
	var changes []change
	for i, p := range sp.pools {
		from, same := p.FromSize()
		it := sp.problem.Items[i]
		if same && from != best.N[i] && from >= it.Lo && from <= it.Hi && sp.offers(i, from) {
			changes = append(changes, change{i, p.Sized() * abs(from-best.N[i])})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.conns - b.conns })
	problem := sp.problem
	problem.Items = slices.Clone(problem.Items)
	chosen := best
	tries := deadbandTries
	if best.Options != nil { // listed pools: each try takes about a thousand times longer
		tries = min(tries, max(listedTries, deadbandTries*50/len(sp.pools)))
		if best.Method == allocate.Bounded {
			tries = listedTries // each searches to its limit
		}
	}
	for _, c := range changes[:min(len(changes), tries)] {
		from, _ := sp.pools[c.item].FromSize()
		was := problem.Items[c.item]
		problem.Items[c.item].Lo, problem.Items[c.item].Hi = from, from
		sol, err := allocate.Solve(problem)
		if err != nil || sol.Objective-best.Objective > max(share*sol.Objective, budget.DeadbandClients) {
			problem.Items[c.item] = was
			continue
		}
		chosen = sol
		kept[c.item] = true
	}
	if len(kept) > 0 {
		chosen.Gap = max(0, chosen.Objective-(best.Objective-best.Gap))
	}
	return chosen, kept
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// marginal finds what a little more and a little less of a server's budget is worth at the planned sizes: the unit with
// the best gain a connection that does not fit into the spare, and the cheapest unit to lose when the spare is used up.
// Both are judged by the pools' own curves, so sizes that the deadband kept count like any other.
func (sp serverProblem) marginal(sol allocate.Solution, spare int) Marginal {
	var out Marginal
	var bestMore, bestFewer float64
	for i, it := range sp.problem.Items[:len(sp.pools)] {
		n, reserve := sp.sizes(sol, i)
		if least := sp.pools[i].LeastReserve(); reserve > least { // nobody waits for what a reserve holds
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
