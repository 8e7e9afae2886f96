package planner

import (
	"cmp"
	"math"
	"slices"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// A pool below the load of one of its copies has an endless queue, and one below its floor breaks a promise. A
// best-effort plan prices both, so high that no waiting anywhere else outweighs them. chosen: waiting clients a unit.
const (
	unstablePrice = 1e9
	brokenPrice   = 1e6
)

// copyLoad is a load that several copies share: the same Erlangs, counted once.
type copyLoad struct {
	erlangs float64
	copies  int
}

// poolCurve is the cost of a pool's size: its waiting clients, weighted, over all copies that follow the line.
type poolCurve struct {
	loads  []copyLoad // sorted by load
	factor float64    // weight × Allen–Cunneen factor
	floor  int        // best effort: the size below which a promise breaks; 0: sizes below the floor are never asked for
}

var _ allocate.Curve = poolCurve{}

// curveOf builds the curve of p at its target load.
func curveOf(p FleetPool) poolCurve {
	c := poolCurve{factor: p.Rules.Weight * scvFactor(p.Load)}
	for _, cp := range p.Copies {
		if cp.FixedConns > 0 {
			continue
		}
		a := p.Load.Erlangs.Target * cp.Share
		if i := slices.IndexFunc(c.loads, func(l copyLoad) bool { return l.erlangs == a }); i >= 0 {
			c.loads[i].copies++
		} else {
			c.loads = append(c.loads, copyLoad{a, 1})
		}
	}
	slices.SortFunc(c.loads, func(a, b copyLoad) int { return cmp.Compare(a.erlangs, b.erlangs) })
	return c
}

func scvFactor(l Load) float64 {
	f := queue.AllenCunneen(l.ArrivalSCV, l.HoldSCV)
	if f == 0 {
		return 1
	}
	return f
}

// Cost returns the weighted waiting clients at size n; +Inf where a copy cannot keep up, unless the curve is a
// best-effort one.
func (c poolCurve) Cost(n int) float64 {
	if c.floor == 0 {
		var sum float64
		for _, l := range c.loads {
			sum += float64(l.copies) * queue.WaitingClients(n, l.erlangs)
		}
		return c.factor * sum
	}
	// Best effort: walk down from a size where every promise is kept.
	gains := make([]float64, max(0, c.floor-n))
	c.Gains(n, gains)
	cost := poolCurve{loads: c.loads, factor: c.factor}.Cost(max(n, c.floor))
	for _, g := range gains {
		cost += g
	}
	return cost
}

// Gains fills dst with what each unit on top of n saves.
func (c poolCurve) Gains(n int, dst []float64) {
	clear(dst)
	for _, l := range c.loads {
		if l.erlangs == 0 {
			continue
		}
		stable := max(n, int(math.Floor(l.erlangs))+1)
		w := queue.NewWalker(l.erlangs, stable)
		for k := range dst {
			if n+k < stable {
				dst[k] += float64(l.copies) * unstablePrice
				continue
			}
			g := min(w.Gain(), brokenPrice)
			if n+k < c.floor {
				g += brokenPrice
			}
			dst[k] += float64(l.copies) * g
			w.Next()
		}
	}
	for k := range dst {
		dst[k] *= c.factor
	}
}

// reserveCurve is the cost of lowering a pool's reserve: just above what counts as nothing, so that it goes only where a
// connection buys waiting elsewhere, and stays where connections are left over.
type reserveCurve struct {
	top  int
	unit float64 // what one more in the reserve of every copy is worth
}

var _ allocate.Curve = reserveCurve{}

// leastReserveGain is what a reserve connection is worth where nothing counts as too little. chosen: far below any
// waiting that matters, far above the rounding of sums.
const leastReserveGain = 1e-9

func newReserveCurve(p FleetPool, leastGain float64) reserveCurve {
	return reserveCurve{p.Reserve.Max, float64(p.sized()) * max(leastReserveGain, 1.001*leastGain)}
}

// Cost returns what lowering the reserve to n costs.
func (c reserveCurve) Cost(n int) float64 { return c.unit * float64(c.top-n) }

// Gains fills dst with the same gain for every unit.
func (c reserveCurve) Gains(_ int, dst []float64) {
	for k := range dst {
		dst[k] = c.unit
	}
}
