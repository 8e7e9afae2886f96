package allocate

import (
	"cmp"
	"slices"
)

// unit is one unit of one item that the exact search may still add to, or take
// out of, the answer it starts from.
type unit struct {
	item int32
	coef int32   // connections, negative for a unit to take out
	rate float64 // gain per connection
	loss float64 // what the swap costs at the break rate: |gain - rate × coef|
}

// state is a set of swaps: the connections it adds to the answer, its loss at
// the break rate, and the last step of the path to it, -1 for none.
type state struct {
	conns int
	loss  float64
	step  int32
}

// step is one swap on the path to a state; or, where unit is -1, the join of two
// paths.
type step struct{ before, unit, joined int32 }

// core is the exact search for one row of unequal coefficients around the break
// rate (the core algorithm of Pisinger 1997, Operations Research 45, "A minimal
// algorithm for the 0-1 knapsack problem"; the rows here are bounded by ladders
// instead of single items, which changes nothing: a ladder's units come in
// order of rate, so no answer gains by skipping one).
//
// At the break rate p every set of swaps loses
// Σ loss + p × (connections unspent) ≥ 0 against the linear optimum. The search
// keeps for every number of connections the least loss, adds the candidates one
// by one from the break outwards, and drops whatever cannot beat the best.
type core struct {
	adds, outs   []unit // candidates, the nearest to the break first
	units        []unit // candidates in the order of the search
	states, next []state
	steps        []step
	least        float64 // states that lose as much are dropped
	complete     bool    // any state that fits is an answer: keep the best in least and best
	best         int32   // the step that ends it; greedyWins if none beat greedy
	effort       int     // states considered so far
	within       int     // no more of them than this
}

// greedyWins marks that no set of swaps beat the greedy answer.
const greedyWins = -2

// maxEffort bounds the states that one exact search considers, so that a row
// with huge coprime coefficients cannot run for ever. Chosen: about a tenth of
// a second; rows with coefficients up to 16 stay below one hundredth of it.
const maxEffort = 1 << 24

// knapsack solves one row exactly. It returns 0, or a bound on the distance to
// the optimum where the search was cut off.
func (s *solver) knapsack(r row) (gap float64) {
	left, open := s.fill(r)
	if left == 0 || len(open) == 0 {
		return 0
	}
	price := open[0].rate
	extra, least := s.complete(r, left, price, open)
	if least <= 0 {
		return 0
	}
	for _, t := range extra {
		s.items[r.terms[t].Item].k--
	}
	c := &s.core
	c.least, c.complete, c.best = least, true, greedyWins
	c.reset()
	c.effort = 0
	w := 0
	for _, t := range r.terms {
		w = max(w, t.Coef)
	}
	s.collect(r.terms, price, 2*w-1)
	c.adds, c.outs = thin(c.adds, w), thin(c.outs, w)
	proved := c.search(left, price, price)
	if c.best == greedyWins {
		for _, t := range extra {
			s.items[r.terms[t].Item].k++
		}
	}
	s.apply(c.best)
	if !proved {
		return c.least
	}
	return 0
}

// complete goes on from a fill and takes whatever still fits, best rate first.
// It returns the terms taken and the loss of the answer at the given price.
func (s *solver) complete(r row, left int, price float64, open offers) (extra []int32, loss float64) {
	extra = s.extra[:0]
	for len(open) > 0 && left > 0 {
		t := r.terms[open[0].term]
		if t.Coef > left {
			open = open.pop()
			continue
		}
		loss += (price - open[0].rate) * float64(t.Coef)
		left -= t.Coef
		extra = append(extra, open[0].term)
		open = s.advance(open, t)
	}
	s.extra = extra
	return extra, loss + price*float64(left)
}

// apply makes the swaps on the path to step n.
func (s *solver) apply(n int32) {
	for ; n >= 0; n = s.core.steps[n].before {
		st := s.core.steps[n]
		if st.unit < 0 {
			s.apply(st.joined)
			continue
		}
		if u := s.core.units[st.unit]; u.coef > 0 {
			s.items[u.item].k++
		} else {
			s.items[u.item].k--
		}
	}
}

// collect gathers the units whose swap alone loses less than the core's least,
// from the break outwards, at most most of each item and direction. A unit's
// gain counts less its item's toll.
func (s *solver) collect(terms []Term, price float64, most int) {
	c := &s.core
	c.adds, c.outs = c.adds[:0], c.outs[:0]
	for _, t := range terms {
		l, toll := &s.items[t.Item], s.toll[t.Item]
		par := price * float64(t.Coef)
		for x := l.k; x < l.k+most; x++ {
			g := l.gain(x)
			if g == none {
				break
			}
			g -= toll
			loss := max(0, par-g)
			if loss >= c.least {
				break
			}
			c.adds = append(c.adds, unit{int32(t.Item), int32(t.Coef), g / float64(t.Coef), loss})
		}
		for x := l.k - 1; x >= max(0, l.k-most); x-- {
			g := l.gains[x] - toll
			loss := max(0, g-par)
			if loss >= c.least {
				break
			}
			c.outs = append(c.outs, unit{int32(t.Item), -int32(t.Coef), g / float64(t.Coef), loss})
		}
	}
	slices.SortStableFunc(c.adds, func(a, b unit) int { return cmp.Compare(b.rate, a.rate) })
	slices.SortStableFunc(c.outs, func(a, b unit) int { return cmp.Compare(a.rate, b.rate) })
}

// thin keeps the first 2·w-1 units of each coefficient, w being the largest.
//
// That many suffice: order the swaps of an optimal answer so that the running
// sum stays in (-w, w]; a sum met twice encloses swaps of total zero, which by
// the order of rates gain nothing and can be left out, so at most 2·w-1 swaps
// remain.
func thin(units []unit, w int) []unit {
	if len(units) < 2*w {
		return units
	}
	count := make([]int, w+1)
	return slices.DeleteFunc(units, func(u unit) bool {
		m := max(u.coef, -u.coef)
		count[m]++
		return count[m] > 2*w-1
	})
}
