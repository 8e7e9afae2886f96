package allocate

import "slices"

// refill takes the units that still fit, best gain at the rows' shadow prices first.
func (m *mesh) refill(y []float64) {
	m.greedy(func(j int) float64 {
		if p := m.cost(j, y); p > 0 {
			return p
		}
		return freeWeight
	})
}

// improve exchanges units between two items as long as one exchange gains.
func (m *mesh) improve(y []float64) {
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
	// pools of a line rarely exceed it.
	exchangeUnits = 16
	// exchangeRounds bounds the passes over all pairs.
	exchangeRounds = 50
)

// exchange goes over the items and makes for each the best exchange that brings
// it in: one unit for the fewest of another item that make room, or all units
// that fit for one unit of another. It says whether any gained.
func (m *mesh) exchange(y []float64) (gained bool) {
	ins := m.nearest(y, func(l *ladder) float64 { return l.next() }, -1)
	outs := m.nearest(y, func(l *ladder) float64 { return l.last() }, 1)
	for _, i := range ins {
		g := m.ladder(i).next()
		best, more, out, less := margin*g, 0, -1, 0
		for _, o := range outs {
			if l := m.ladder(o); i == o || g == none || l.k == 0 {
				continue
			}
			m.work += len(m.use(i)) + len(m.use(o))
			if m.ladder(o).last() < exchangeUnits*g-best {
				m.move(o, -1)
				units, gain := m.fillWith(i)
				m.move(o, 1)
				if gain -= m.ladder(o).last(); units > 0 && gain > best {
					best, more, out, less = gain, units, o, 1
				}
			}
			if m.ladder(o).last() < g-best {
				if units, loss := m.makeRoom(i, o); units > 1 && g-loss > best {
					best, more, out, less = g-loss, 1, o, units
				}
			}
		}
		if out >= 0 {
			m.move(out, -less)
			m.move(i, more)
			gained = true
		}
	}
	return gained
}

// nearest returns the items that have a gain of the given kind, those whose
// gain lies nearest to their price first; side says on which side of it the
// gain normally is.
func (m *mesh) nearest(y []float64, gain func(*ladder) float64, side float64) []int {
	type near struct {
		item int
		away float64
	}
	list := make([]near, 0, m.reach+1)
	for j := range m.items {
		g := gain(m.ladder(j))
		if g == none {
			continue
		}
		n := near{j, side * (g - m.cost(j, y))}
		if len(list) == m.reach && n.away >= list[m.reach-1].away {
			continue
		}
		at, _ := slices.BinarySearchFunc(list, n.away, func(a near, away float64) int {
			if a.away <= away {
				return -1 // of two as near, the lower item comes first
			}
			return 1
		})
		list = slices.Insert(list, at, n)
		list = list[:min(len(list), m.reach)]
	}
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
