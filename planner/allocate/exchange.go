package allocate

import (
	"cmp"
	"slices"
)

// finish turns sizes that fit into better ones: greedy at the rows' prices, then
// exchanges between two items as long as one gains.
func (m *mesh) finish(y []float64) {
	m.greedy(func(j int) float64 {
		if p := m.cost(j, y); p > 0 {
			return p
		}
		return freeWeight
	})
	for round := 0; round < exchangeRounds && m.exchange(y); round++ {
	}
}

const (
	// freeWeight stands for the price of an item that uses only rows without a
	// price: its units come first. Chosen: the smallest normal number.
	freeWeight = 0x1p-1022
	// exchangeItems bounds the items on either side of an exchange, the
	// nearest to their price first. Chosen: 200² pairs take about 0.2 ms.
	exchangeItems = 200
	// exchangeUnits bounds the units of one item in an exchange. Chosen: the
	// copies of a pool rarely exceed it.
	exchangeUnits = 16
	// exchangeRounds bounds the passes over all pairs.
	exchangeRounds = 50
)

// exchange makes the best exchange of units of one item for units of another:
// one unit in for the fewest of the other that make room, or one unit out for
// all of the other that then fit. It says whether one gained.
func (m *mesh) exchange(y []float64) bool {
	ins := m.nearest(y, func(l *ladder) float64 { return l.next() }, -1)
	outs := m.nearest(y, func(l *ladder) float64 {
		if l.k == 0 {
			return none
		}
		return l.gains[l.k-1]
	}, 1)
	best, in, more, out, less := 0.0, -1, 0, -1, 0
	try := func(i, a, o, b int, gain float64) {
		if gain > best {
			best, in, more, out, less = gain, i, a, o, b
		}
	}
	for _, i := range ins {
		for _, o := range outs {
			if i == o {
				continue
			}
			if b, loss := m.makeRoom(i, o); b > 0 {
				try(i, 1, o, b, m.ladder(i).next()-loss)
			}
			l := m.ladder(o)
			m.move(o, -1)
			a, gain := m.fillWith(i)
			m.move(o, 1)
			try(i, a, o, 1, gain-l.gains[l.k-1])
		}
	}
	if in < 0 || best <= margin*m.ladder(in).next() {
		return false
	}
	m.move(out, -less)
	m.move(in, more)
	return true
}

// nearest returns the items that have a gain of the given kind, those whose
// gain lies nearest to their price first; side says on which side of it the
// gain normally is.
func (m *mesh) nearest(y []float64, gain func(*ladder) float64, side float64) []int {
	type near struct {
		item int
		away float64
	}
	var list []near
	for j := range m.items {
		if g := gain(m.ladder(j)); g != none {
			list = append(list, near{j, side * (g - m.cost(j, y))})
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(a.away, b.away) })
	list = list[:min(len(list), exchangeItems)]
	items := make([]int, len(list))
	for i, n := range list {
		items[i] = n.item
	}
	return items
}

// makeRoom returns the fewest units of item o that must go for one more of item
// i to fit, and what they lose; 0 when o cannot make the room.
func (m *mesh) makeRoom(i, o int) (units int, loss float64) {
	l := m.ladder(o)
	most := min(l.k, exchangeUnits)
	for units < most && !m.fits(i) {
		units++
		loss += l.gains[l.k-1]
		m.move(o, -1)
	}
	ok := m.fits(i)
	m.move(o, units)
	if !ok {
		return 0, 0
	}
	return units, loss
}

// fillWith returns how many units of item i fit, and what they gain.
func (m *mesh) fillWith(i int) (units int, gain float64) {
	l := m.ladder(i)
	for units < exchangeUnits && m.fits(i) && l.next() != none {
		gain += l.next()
		m.move(i, 1)
		units++
	}
	m.move(i, -units)
	return units, gain
}
