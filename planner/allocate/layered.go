package allocate

import "math"

// layers is a component of nested rows in which a unit of an item uses the same
// connections of every row around it: a server's budget around the connection
// limits of its roles. Only the connections that an inner row hands on matter
// to the row around it, so one exact search per row, the innermost first, and a
// join of their states solves it (the tree knapsack of Johnson and Niemi 1983,
// on the core of each row).
type layers struct {
	m     *mesh
	order []int     // rows of the solver, every row before the one around it
	owner []int32   // per item: its innermost row
	coef  []int     // per item: connections per unit, in the root row's measure
	scale []int     // per row of the mesh: root measure per unit of its cap
	inner [][]int   // per row of the solver: the rows directly inside it
	place []int     // per row of the solver: its index in the mesh
	lists [][]state // per row of the solver: its states
	floor []float64 // per row of the solver: what its items and rows lose at least
	limit []float64 // per row of the solver: losses from here on are of no use
}

// maxUnits bounds the candidates of one row, and maxSpan the connections that
// its states differ by. Chosen: beyond them branch and bound is no worse.
const (
	maxUnits = 1 << 14
	maxSpan  = 1 << 18
)

// deepenings divides the loss to beat into the first limit of a layered search.
// Chosen: small limits cost little, and the more rows there are, the less of
// the loss is one row's.
const deepenings = 1 << 10

// newLayers returns the layers of the given rows of m, or nil when they are not
// nested in one of them or weigh an item differently.
func (m *mesh) newLayers(rows []int) *layers {
	s := m.s
	a := &layers{m: m, owner: s.owner(), coef: make([]int, len(s.items)), scale: make([]int, len(m.rows))}
	nested := false
	if a.order, nested = s.nest(rows, a.owner); !nested || len(s.rows[a.root()].terms) < len(m.items) {
		return nil
	}
	a.place, a.lists = make([]int, len(s.rows)), make([][]state, len(s.rows))
	a.floor, a.limit = make([]float64, len(s.rows)), make([]float64, len(s.rows))
	for j, r := range m.rows {
		a.place[r] = j
	}
	a.inner = make([][]int, len(s.rows))
	for _, r := range a.order {
		if o := s.outer[r]; o >= 0 {
			a.inner[o] = append(a.inner[o], r)
		}
	}
	for _, t := range s.rows[a.root()].terms {
		a.coef[t.Item] = t.Coef
	}
	for _, r := range rows {
		j := a.place[r]
		for _, t := range s.rows[r].terms {
			if a.scale[j] == 0 {
				a.scale[j] = a.coef[t.Item] / t.Coef
			}
			if a.coef[t.Item] != t.Coef*a.scale[j] {
				return nil
			}
		}
	}
	return a
}

// solve searches for the sizes that lose least at the rows' shadow prices y, starting
// from the units that are worth their price, when the best known lose least. It
// deepens: the search for losses below a limit is fast when the limit is small,
// and one that comes up empty proves that nothing loses less, and how much each
// row loses at least, which shortens the next. It returns what is proved to be
// lost at least, and whether sizes that lose no more are in the mesh.
//
// Rows of the mesh that are not layers are not enforced: a unit only pays their
// price, as a toll. What is proved holds for them all the same.
func (a *layers) solve(y []float64, least float64) (proved float64, found bool) {
	m := a.m
	for j, i := range m.items {
		l, p := m.ladder(j), m.cost(j, y)
		l.k = 0
		for l.next() > p {
			l.k++
		}
		m.s.toll[i] = p
		for r := a.owner[i]; r >= 0; r = m.s.outer[r] {
			m.s.toll[i] -= y[a.place[r]] * float64(a.coef[i]/a.scale[a.place[r]])
		}
		if len(a.order) == len(m.rows) {
			m.s.toll[i] = 0 // exactly
		}
	}
	defer clear(m.s.toll)
	m.s.core.complete, m.s.core.effort = false, 0
	for more := least / deepenings; ; {
		limit := min(proved+more, least)
		end, ok := a.search(y, limit)
		if !ok {
			return proved, false
		}
		if end != nil {
			m.s.apply(end.step)
			return end.loss, true
		}
		if limit == least {
			return least, false
		}
		if a.floor[a.root()] < proved+2*more {
			more *= 2 // the rows add up to little more than was searched for
		}
		proved = min(a.floor[a.root()], least)
	}
}

// root returns the row around all others.
func (a *layers) root() int { return a.order[len(a.order)-1] }

// search returns the state of the root that loses least, if less than limit. It
// says false when the search grew too large.
func (a *layers) search(y []float64, limit float64) (end *state, ok bool) {
	a.m.s.core.reset()
	a.limit[a.root()] = limit
	for j := len(a.order) - 1; j >= 0; j-- {
		r := a.order[j]
		rest := 0.0
		for _, o := range a.inner[r] {
			rest += a.floor[o]
		}
		for _, o := range a.inner[r] {
			a.limit[o] = a.limit[r] - (rest - a.floor[o])
		}
	}
	for _, r := range a.order {
		if !a.close(r, y) {
			return nil, false
		}
	}
	list := a.lists[a.root()]
	for i := range list {
		if end == nil || list[i].loss < end.loss {
			end = &list[i]
		}
	}
	return end, true
}

// close computes the list of row r: for the connections that its items use, the
// least loss, what the row itself leaves idle included. It says false when that
// is too much work.
func (a *layers) close(r int, y []float64) bool {
	s := a.m.s
	c := &s.core
	scale := a.scale[a.place[r]]
	left := s.rows[r].cap * scale
	var direct []Term
	for _, t := range s.rows[r].terms {
		left -= a.coef[t.Item] * s.items[t.Item].k
		if a.owner[t.Item] == int32(r) {
			direct = append(direct, Term{t.Item, a.coef[t.Item]})
		}
	}
	price := 0.0
	for o := int32(r); o >= 0; o = s.outer[o] {
		price += y[a.place[o]] / float64(a.scale[a.place[o]])
	}
	idle := y[a.place[r]] / float64(scale)
	limit, rest := a.limit[r], 0.0
	for _, o := range a.inner[r] {
		rest += a.floor[o]
	}
	c.least = limit
	s.collect(direct, price, maxUnits)
	if len(c.adds)+len(c.outs) > maxUnits {
		return false
	}
	ok := false
	if len(a.inner[r]) == 0 {
		ok = c.search(left, price, idle)
	} else { // the inner rows may still use or free any number of connections
		ok = c.search(math.MaxInt32, price, 0)
	}
	for _, o := range a.inner[r] {
		rest -= a.floor[o]
		ok = ok && c.join(a.lists[o], price, limit-rest)
	}
	list, least, inside := a.lists[r][:0], limit, 0.0
	for _, o := range a.inner[r] {
		inside += a.floor[o]
	}
	for _, x := range c.states {
		if x.conns > left {
			break
		}
		if x.loss += idle * float64(left-x.conns); x.loss < limit {
			list = append(list, x)
			least = min(least, x.loss)
		}
	}
	a.lists[r], a.floor[r] = list, max(a.floor[r], least, inside)
	return ok
}

// join replaces the states by their sums with the states of list, the least
// loss for every number of connections, below limit. It says false when they
// are too many.
func (c *core) join(list []state, price, limit float64) bool {
	out := c.next[:0]
	if len(c.states) == 0 || len(list) == 0 {
		c.states, c.next = out, c.states
		return true
	}
	low := c.states[0].conns + list[0].conns
	span := c.states[len(c.states)-1].conns + list[len(list)-1].conns - low + 1
	c.effort += len(c.states)*len(list) + span
	if span > maxSpan || c.effort > c.within {
		return false
	}
	type pair struct {
		loss float64
		a, b int32
	}
	sums := make([]pair, span)
	for i := range sums {
		sums[i].loss = limit
	}
	for i, x := range c.states {
		for j, z := range list {
			if at := &sums[x.conns+z.conns-low]; x.loss+z.loss < at.loss {
				*at = pair{x.loss + z.loss, int32(i), int32(j)}
			}
		}
	}
	worth := math.Inf(-1)
	for i, p := range sums {
		if v := price*float64(low+i) - p.loss; p.loss < limit && v > worth {
			worth = v
			c.steps = append(c.steps, step{c.states[p.a].step, -1, list[p.b].step})
			out = append(out, state{conns: low + i, loss: p.loss, step: int32(len(c.steps) - 1)})
		}
	}
	c.states, c.next = out, c.states
	return true
}
