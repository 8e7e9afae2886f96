package allocate

// mesh is one component with several rows: which rows each of its items uses,
// and what the rows have left.
type mesh struct {
	s     *solver
	rows  []int   // rows of the solver, in its order
	items []int32 // items of the solver, in its order
	from  []int32 // item j of items has uses[from[j]:from[j+1]]
	uses  []Term  // Term.Item is an index into rows
	spare []int   // connections that each row has left
	reach int     // items on either side of an exchange
	work  int     // elementary operations so far, of the searches that are bounded
}

// newMesh returns the mesh of connected rows with every item at its floor.
func (s *solver) newMesh(rows []int) *mesh {
	m := &mesh{s: s, rows: rows, reach: exchangeItems, spare: make([]int, len(rows))}
	count := make([]int32, len(s.items))
	total := 0
	for _, r := range rows {
		for _, t := range s.rows[r].terms {
			count[t.Item]++
		}
		total += len(s.rows[r].terms)
	}
	m.from = append(m.from, 0)
	place := make([]int32, len(s.items)) // where the item's next use goes
	for i, c := range count {
		if c == 0 {
			continue
		}
		place[i] = m.from[len(m.items)]
		m.items = append(m.items, int32(i))
		m.from = append(m.from, place[i]+c)
	}
	m.uses = make([]Term, total)
	for j, r := range rows {
		for _, t := range s.rows[r].terms {
			m.uses[place[t.Item]] = Term{j, t.Coef}
			place[t.Item]++
		}
	}
	m.clear()
	return m
}

// clear puts every item on its floor.
func (m *mesh) clear() {
	for j := range m.items {
		m.ladder(j).k = 0
	}
	for j, r := range m.rows {
		m.spare[j] = m.s.rows[r].cap
	}
}

// ladder and use return the ladder and the rows of item j.
func (m *mesh) ladder(j int) *ladder { return &m.s.items[m.items[j]] }
func (m *mesh) use(j int) []Term     { return m.uses[m.from[j]:m.from[j+1]] }

// fits says whether every row has the connections of one more unit of item j.
func (m *mesh) fits(j int) bool {
	for _, u := range m.use(j) {
		if u.Coef > m.spare[u.Item] {
			return false
		}
	}
	return true
}

// move takes units more of item j, or gives them back where units < 0.
func (m *mesh) move(j, units int) {
	m.ladder(j).k += units
	for _, u := range m.use(j) {
		m.spare[u.Item] -= units * u.Coef
	}
}

// cost is the price of one unit of item j at the rows' shadow prices y.
func (m *mesh) cost(j int, y []float64) float64 {
	p := 0.0
	for _, u := range m.use(j) {
		p += y[u.Item] * float64(u.Coef)
	}
	return p
}

// greedy takes units that fit, best gain per weight first, until none fits. A
// unit that does not fit never will: rows only fill. weight must be positive.
func (m *mesh) greedy(weight func(j int) float64) {
	open := make(offers, 0, len(m.items))
	for j := range m.items {
		if g := m.ladder(j).next(); g != none && m.fits(j) {
			open = append(open, offer{g / weight(j), int32(j)})
		}
	}
	open.build()
	for len(open) > 0 {
		j := int(open[0].term)
		if !m.fits(j) {
			open = open.pop()
			continue
		}
		m.move(j, 1)
		if g := m.ladder(j).next(); g != none {
			open[0].rate = g / weight(j)
			open.sift(0)
		} else {
			open = open.pop()
		}
	}
}

// load returns the largest coefficient of item j: its connections per unit.
func (m *mesh) load(j int) float64 {
	c := 1
	for _, u := range m.use(j) {
		c = max(c, u.Coef)
	}
	return float64(c)
}

// sizes returns the units taken of every item.
func (m *mesh) sizes() []int {
	k := make([]int, len(m.items))
	for j := range k {
		k[j] = m.ladder(j).k
	}
	return k
}

// set takes k[j] units of every item j, and says whether the rows hold.
func (m *mesh) set(k []int) bool {
	for j := range k {
		if d := k[j] - m.ladder(j).k; d != 0 {
			m.move(j, d)
		}
	}
	for _, v := range m.spare {
		if v < 0 {
			return false
		}
	}
	return true
}
