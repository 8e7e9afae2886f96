package sizing

import (
	"cmp"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
)

// listedPool is a pool whose sizes are listed one by one, because its connections or its waiting do not follow its size
// unit by unit: where max_db_connections is reached in one process, one more there takes nothing, and in another
// process it still does.
type listedPool struct {
	on       bool
	uses     []rowUse
	reserves []int // of each option
}

// rowUse is what a listed pool takes of a row at a size and reserve.
type rowUse struct {
	row   int
	conns func(size, reserve int) int
}

func (sp *serverProblem) use(row, pool int, conns func(size, reserve int) int) {
	sp.listed[pool].uses = append(sp.listed[pool].uses, rowUse{row, conns})
}

// takes is what pool i takes of a row at a size and reserve, beside what was taken off the row's cap.
func (sp serverProblem) takes(row, i, size, reserve int) int {
	for _, u := range sp.listed[i].uses {
		if u.row == row {
			return u.conns(size, reserve)
		}
	}
	conns := sp.coef(row, i) * size
	if of := sp.reserve[i]; of >= 0 {
		conns += sp.coef(row, of) * reserve
	}
	return conns
}

// unit is what one unit on top of a size takes of a row.
func (sp serverProblem) unit(row, i, size, reserve int) int {
	return sp.takes(row, i, size+1, reserve) - sp.takes(row, i, size, reserve)
}

// mostListed bounds the sizes that are listed. chosen: 2^14, because no PostgreSQL server is asked to accept more, and
// so many can be held.
const mostListed = 1 << 14

// lastBend is the size plus reserve from which on nothing that limits the pool changes its part in it any more.
func lastBend(p budget.FleetPool, s budget.FleetServer) int {
	last := 0
	for _, z := range p.Sizes {
		if users, fixed := p.UsersIn(z.Process); z.CapConns > 0 && users > 0 {
			last = max(last, (z.CapConns-fixed+users-1)/users)
		}
		if p.Rules.Count != budget.CountWorst {
			last = max(last, z.Conns)
		}
	}
	for _, c := range p.LinePools {
		last = max(last, c.Maybe(p.MostReserve()))
		if c.Doubtful && p.ReserveFree { // up to its own, a larger reserve of the line adds nothing
			last = max(last, c.OwnReserve, 1)
		}
		if c.FixedConns == 0 && c.SeenConns > c.Worst(p.SizeIn(c.Process), p.ReserveConns) {
			last = max(last, c.SeenConns)
		}
	}
	for _, c := range s.Caps {
		for _, t := range c.Terms {
			if t.Pool == p.ID && t.Coef > 0 {
				last = max(last, c.Conns/t.Coef+1)
			}
		}
	}
	return min(last, mostListed)
}

// limited reports whether anything but its own line may limit the pool.
func limited(p budget.FleetPool, s budget.FleetServer) bool {
	return lastBend(p, s) > 0
}

// bends reports whether the pool's connections do not grow by the same number a unit over the sizes it may get, or its
// gains rise somewhere.
func bends(p budget.FleetPool, s budget.FleetServer, item allocate.Item) bool {
	if !limited(p, s) {
		return false
	}
	least, most := p.LeastReserve(), p.LeastReserve()
	if p.ReserveFree {
		most = p.Reserve.Max
	}
	top := min(max(item.Hi, item.Lo), max(item.Lo, lastBend(p, s)+1))
	unit := p.UnitConns(item.Lo, least)
	for n := item.Lo; n < top; n++ {
		if p.UnitConns(n, least) != unit || p.UnitConns(n, most) != unit {
			return true
		}
	}
	for r := least; r < most; r++ {
		if one := p.ReserveAt(item.Lo, least); p.ReserveAt(item.Lo, r) != one || p.ReserveAt(top, r) != one {
			return true
		}
	}
	if item.Lo >= top {
		return false
	}
	gains := make([]float64, top-item.Lo)
	item.Cost.Gains(item.Lo, gains)
	for k := 1; k < len(gains); k++ {
		if !(gains[k] <= gains[k-1]*(1+1e-12)) {
			return true
		}
	}
	return math.IsNaN(gains[0]) || math.IsInf(gains[0], 0)
}

// list writes the options of every listed pool into its item.
func (sp *serverProblem) list() {
	for i, p := range sp.pools {
		l := &sp.listed[i]
		if !l.on {
			continue
		}
		item := &sp.problem.Items[i]
		list := &allocate.List{}
		slices.SortFunc(l.uses, func(a, b rowUse) int { return cmp.Compare(a.row, b.row) })
		for _, u := range l.uses {
			list.Rows = append(list.Rows, u.row)
			list.Bare = append(list.Bare, u.conns(p.Rules.Min, p.LeastReserve()))
		}
		for _, o := range sp.choices(i) {
			var uses []int
			for _, u := range l.uses {
				uses = append(uses, u.conns(o.size, o.reserve))
			}
			l.reserves = append(l.reserves, o.reserve)
			list.Options = append(list.Options, allocate.Option{Size: o.size, Cost: o.cost, Uses: uses})
		}
		item.List = list
	}
}

// sizeChoice is a size and reserve that a pool may get.
type sizeChoice struct {
	size, reserve int
	cost          float64
}

// choices lists what a pool may get, the fewest connections first.
func (sp *serverProblem) choices(i int) []sizeChoice {
	p, item := sp.pools[i], sp.problem.Items[i]
	least, most := p.LeastReserve(), p.LeastReserve()
	reserveCost := func(int) float64 { return 0 }
	if p.ReserveFree {
		most = p.Reserve.Max
		reserveCost = newReserveCurve(p, sp.leastGain).Cost
	}
	var out []sizeChoice
	add := func(size int, cost float64) {
		for r := least; r <= most; r++ {
			if c := cost + reserveCost(r); !math.IsInf(c, 0) && !math.IsNaN(c) {
				out = append(out, sizeChoice{size, r, c})
			}
		}
	}
	costs := sp.costs(i)
	for k, cost := range costs {
		add(item.Lo+k, cost)
	}
	if from, same := p.FromSize(); same && from >= item.Lo+len(costs) && from <= item.Hi {
		add(from, item.Cost.Cost(from)) // it saves no waiting, and leaving it alone saves a RELOAD
	}
	slices.SortStableFunc(out, func(a, b sizeChoice) int {
		return cmp.Or(cmp.Compare(a.size+a.reserve, b.size+b.reserve), cmp.Compare(a.size, b.size))
	})
	return out
}

// costs returns the pool's cost at every size from its item's Lo on that may be worth its connections.
func (sp *serverProblem) costs(i int) []float64 {
	p, item := sp.pools[i], sp.problem.Items[i]
	top, bend := min(max(item.Hi, item.Lo), item.Lo+mostListed), lastBend(p, sp.server)
	nothing := sp.leastGain * float64(max(1, p.Sized()))
	var gains []float64
	for n := item.Lo; n < top; {
		block := make([]float64, min(max(64, bend+1-n), top-n))
		item.Cost.Gains(n, block)
		end := false
		for k, g := range block {
			size := n + k
			end = size > bend && g <= nothing || p.PlannedConns(size, p.LeastReserve()) > sp.server.BudgetConns
			if end {
				block = block[:k]
				break
			}
		}
		gains = append(gains, block...)
		if end {
			break
		}
		n += len(block)
	}
	// Sizes from which on all others together gain no more than nothing are not worth it.
	sum, worth := 0.0, 0
	for k := len(gains) - 1; k >= 0; k-- {
		sum = max(0, sum) + gains[k] - nothing // the most that any of the sizes from here on gain together
		if sum > 0 {
			worth = max(worth, k+1)
		}
	}
	gains = gains[:worth]
	costs := make([]float64, len(gains)+1)
	costs[len(gains)] = item.Cost.Cost(item.Lo + len(gains))
	for k := len(gains) - 1; k >= 0; k-- {
		costs[k] = costs[k+1] + gains[k]
	}
	return costs
}

// offers reports whether a size is among those that pool i may get.
func (sp serverProblem) offers(i, size int) bool {
	list := sp.problem.Items[i].List
	return list == nil || slices.ContainsFunc(list.Options, func(o allocate.Option) bool { return o.Size == size })
}
