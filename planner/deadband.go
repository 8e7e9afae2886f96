package planner

import (
	"fmt"
	"slices"

	"github.com/pgbudget/pgbudget/planner/allocate"
)

// deadbandTries bounds the re-solving: the smallest changes are tried first. chosen: a plan of 1,000 pools stays within
// a second.
const deadbandTries = 64

// listedTries is how many re-solves any fleet with listed pools gets. chosen: a search to its limit takes about a
// second.
const listedTries = 4

// deadband takes back resizes that are not worth a RELOAD. A pool keeps today's size when that size meets its floor and
// leaving it alone, the others re-solved, costs less than share of the objective or less than DeadbandClients; the sum of
// all that is given up stays below that, too, and is added to the gap. Pools are tried from the smallest change up. The second result names the
// reason for each pool that was kept.
func (sp serverProblem) deadband(best allocate.Solution, share float64) (allocate.Solution, map[int]string) {
	kept := map[int]string{}
	if share <= 0 {
		return best, kept
	}
	type change struct{ item, conns int }
	var changes []change
	for i, p := range sp.pools {
		from, same := p.fromSize()
		it := sp.problem.Items[i]
		if same && from != best.N[i] && from >= it.Lo && from <= it.Hi && sp.offers(i, from) {
			changes = append(changes, change{i, p.sized() * abs(from-best.N[i])})
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
		from, _ := sp.pools[c.item].fromSize()
		was := problem.Items[c.item]
		problem.Items[c.item].Lo, problem.Items[c.item].Hi = from, from
		sol, err := allocate.Solve(problem)
		if err != nil || sol.Objective-best.Objective > max(share*sol.Objective, DeadbandClients) {
			problem.Items[c.item] = was
			continue
		}
		chosen = sol
		kept[c.item] = fmt.Sprintf("deadband (%g %%)", 100*share)
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
