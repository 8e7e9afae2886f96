package sizing

import (
	"cmp"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// A pool below the load of one pool of its line has an endless queue, and one below its floor breaks a promise.
// A best-effort plan gives both a cost, so high that no waiting anywhere else outweighs them. chosen: waiting clients a
// unit.
const (
	unstableCost = 1e9
	brokenCost   = 1e6
)

// linePoolLoad is a load that several pools of the line share: the same Erlangs, counted once.
type linePoolLoad struct {
	erlangs   float64
	linePools int
}

// poolGroup is pools of the line that meet the same limit: they are separate queues until their sizes reach it, and one
// queue of as many connections as it allows from there on. Separate queues wait no less than one, so the larger of both
// is what waits.
type poolGroup struct {
	loads []linePoolLoad // sorted by load
	least float64        // clients that wait at the limit whatever the size; 0: there is none, +Inf: it cannot carry them
	reach int            // the size from which on the limit alone bounds the pools of the line
	under int            // of the pool's ceilings; -1: none
}

// PoolCurve is the cost of a pool's size: its waiting clients, weighted, over all pools of the line that follow the
// line.
type PoolCurve struct {
	groups []poolGroup
	factor float64 // weight × Allen–Cunneen factor
	chosen bool    // the pool is meant to queue: nobody's waiting counts
	floor  int     // best effort: the size below which a promise breaks; 0: sizes below the floor are never asked for
}

var _ allocate.Curve = PoolCurve{}

// CurveOf builds the curve of p at its target load. Of several limits over a pool of the line the one at which most
// wait is taken for all.
func CurveOf(p budget.FleetPool) PoolCurve {
	c := PoolCurve{factor: p.Rules.Weight * load.ScvFactor(p.Load), chosen: p.Rules.Throttle}
	tightest := p.Tightest()
	for i, cp := range p.LinePools {
		if cp.FixedConns > 0 || p.Load.Held() {
			continue
		}
		k := slices.IndexFunc(c.groups, func(g poolGroup) bool { return g.under == tightest[i] })
		if k < 0 {
			g := poolGroup{under: tightest[i]}
			if g.under >= 0 {
				g.least, g.reach = waitingIn(p, g.under, tightest), p.Under[g.under].Reach()
			}
			k, c.groups = len(c.groups), append(c.groups, g)
		}
		c.groups[k].add(p.Load.Erlangs.Target * cp.Share)
	}
	for _, g := range c.groups {
		slices.SortFunc(g.loads, func(a, b linePoolLoad) int { return cmp.Compare(a.erlangs, b.erlangs) })
	}
	return c
}

// waitingIn is what waits at a ceiling of those pools of the line that meet it first.
func waitingIn(p budget.FleetPool, under int, tightest []int) float64 {
	c := p.Under[under]
	waiting := c.Waiting(p)
	if waiting == 0 || math.IsInf(waiting, 1) || c.Share == 0 {
		return waiting
	}
	var share float64
	for _, i := range c.LinePools {
		if tightest[i] == under && p.LinePools[i].FixedConns == 0 {
			share += p.LinePools[i].Share
		}
	}
	return waiting * share / c.Share
}

func (g *poolGroup) add(erlangs float64) {
	if i := slices.IndexFunc(g.loads, func(l linePoolLoad) bool { return l.erlangs == erlangs }); i >= 0 {
		g.loads[i].linePools++
		return
	}
	g.loads = append(g.loads, linePoolLoad{erlangs, 1})
}

// apart is the clients that wait were the pools of the line separate queues of n connections each.
func (g poolGroup) apart(n int) float64 {
	var sum float64
	for _, l := range g.loads {
		sum += float64(l.linePools) * queue.WaitingClients(n, l.erlangs)
	}
	return sum
}

// Cost returns the weighted waiting clients at size n; +Inf where a pool of the line cannot keep up, or a limit carries
// less than its load, unless the curve is a best-effort one.
func (c PoolCurve) Cost(n int) float64 {
	if c.chosen {
		return float64(max(0, c.floor-n)) * brokenCost
	}
	if c.floor == 0 {
		var sum float64
		for _, g := range c.groups {
			sum += max(g.apart(n), g.least)
		}
		return c.factor * sum
	}
	// Best effort: walk down from a size where every promise is kept. What no size carries costs the same at each.
	gains := make([]float64, max(0, c.floor-n))
	c.Gains(n, gains)
	var cost float64
	for _, g := range c.groups {
		if least := g.least; !math.IsInf(least, 1) {
			cost += max(g.apart(max(n, c.floor)), least)
		}
	}
	cost *= c.factor
	for _, g := range gains {
		cost += g
	}
	return cost
}

// Gains sets dst[k] to the weighted waiting clients that unit n+k+1 saves, >= 0. The caller keeps dst.
func (c PoolCurve) Gains(n int, dst []float64) {
	clear(dst)
	if c.chosen {
		for k := range dst {
			if n+k < c.floor {
				dst[k] = brokenCost
			}
		}
		return
	}
	for _, g := range c.groups {
		switch {
		case math.IsInf(g.least, 1): // it never keeps up, and yet serves more the more of the limit it may use
			for k := range dst {
				if n+k < g.reach {
					dst[k] += unstableCost
				}
			}
		case g.least > 0:
			g.limited(n, dst, c.floor)
		default:
			g.separate(n, dst, c.floor)
		}
	}
	for k := range dst {
		dst[k] *= c.factor
	}
}

// separate adds the gains of pools of the line that no limit holds.
func (g poolGroup) separate(n int, dst []float64, floor int) {
	for _, l := range g.loads {
		if l.erlangs == 0 {
			continue
		}
		stable := max(n, int(math.Floor(l.erlangs))+1)
		w := queue.NewWalker(l.erlangs, stable)
		for k := range dst {
			if n+k < stable {
				dst[k] += float64(l.linePools) * unstableCost
				continue
			}
			gain := min(w.Gain(), brokenCost)
			if n+k < floor {
				gain += brokenCost
			}
			dst[k] += float64(l.linePools) * gain
			w.Next()
		}
	}
}

// limited adds the gains of pools of the line whose waiting never falls below least. They end in one unit that saves
// what is left above it, and so never rise.
func (g poolGroup) limited(n int, dst []float64, floor int) {
	sep := make([]float64, len(dst))
	g.separate(n, sep, 0)
	for k := range sep {
		if sep[k] < brokenCost {
			sep[k] = min(sep[k], max(0, g.apart(n+k)-g.least))
		}
		if n+k < floor {
			for _, l := range g.loads {
				sep[k] += float64(l.linePools) * brokenCost
			}
		}
		dst[k] += sep[k]
	}
}

// reserveCurve is the cost of lowering a pool's reserve: just above what counts as nothing, so that it goes only where
// a connection saves waiting elsewhere, and stays where connections are left over.
type reserveCurve struct {
	top  int
	unit float64 // what one more in the reserve of every pool of the line is worth
}

var _ allocate.Curve = reserveCurve{}

// leastReserveGain is what a reserve connection is worth where nothing counts as too little. chosen: 1e-9, because that
// is far below any waiting that matters, far above the rounding of sums.
const leastReserveGain = 1e-9

func newReserveCurve(p budget.FleetPool, leastGain float64) reserveCurve {
	return reserveCurve{p.Reserve.Max, float64(p.Reserved()) * max(leastReserveGain, 1.001*leastGain)}
}

// Cost returns what lowering the reserve to n costs.
func (c reserveCurve) Cost(n int) float64 { return c.unit * float64(c.top-n) }

// Gains fills dst with the same gain for every unit.
func (c reserveCurve) Gains(_ int, dst []float64) {
	for k := range dst {
		dst[k] = c.unit
	}
}
