package allocate

import (
	"math"
	"slices"
)

// mixed is a problem with lists, above its floors: a column per item, and what
// each row that can bind has left for them.
//
// At shadow prices y >= 0 every answer costs
//
//	Σ over columns (reduced cost of its choice - least reduced cost) + Σ y × spare
//
// more than a bound that no answer beats (Everett 1963). That is its loss. It
// needs no shape of the costs or uses, and no term of it is negative.
type mixed struct {
	p       Problem
	s       *solver // ladders of the curves
	columns []column
	caps    []int   // per row: connections above all floors
	members [][]int // per row: columns that use it
}

// newMixed returns the columns of p, which must fit at its floors.
func newMixed(p Problem, listed []int) *mixed {
	m := &mixed{p: p, caps: make([]int, len(p.Rows)), members: make([][]int, len(p.Rows))}
	m.s = newSolver(m.rest(listed, func(c int) int { return p.Items[c].options()[0] }))
	for r, row := range p.Rows {
		m.caps[r] = row.Cap
		for _, t := range row.Terms {
			m.caps[r] -= t.Coef * p.Items[t.Item].Lo
		}
	}
	m.columns = make([]column, len(p.Items))
	for i, it := range p.Items {
		if it.List == nil {
			m.columns[i] = column{item: i, ladder: &m.s.items[i]}
			continue
		}
		m.columns[i] = newListColumn(i, it)
		for t, r := range it.List.Rows {
			m.caps[r] -= it.List.Options[m.columns[i].option[0]].Uses[t]
		}
	}
	for r, row := range p.Rows {
		for _, t := range row.Terms {
			if c := &m.columns[t.Item]; t.Coef > 0 {
				c.rows, c.coef = append(c.rows, r), append(c.coef, t.Coef)
			}
		}
	}
	m.fit()
	m.tight()
	return m
}

// rest is the problem of the curves alone when each listed item takes an
// option.
func (m *mixed) rest(listed []int, option func(item int) int) Problem {
	p := Problem{Items: append([]Item(nil), m.p.Items...), Rows: append([]Row(nil), m.p.Rows...), MinGain: m.p.MinGain}
	for _, i := range listed {
		l := m.p.Items[i].List
		for t, r := range l.Rows {
			p.Rows[r].Cap -= l.Options[option(i)].Uses[t]
		}
		p.Items[i] = Item{ID: m.p.Items[i].ID, Cost: Table{Costs: []float64{0}}}
	}
	return p
}

// fit keeps of each list the options that the rows hold when all others stand
// on their floors, and of those the ones that no other beats: none costs as
// little and uses no more of every row. A row that limits one item alone is
// spent by that.
func (m *mixed) fit() {
	for j := range m.columns {
		c := &m.columns[j]
		if c.ladder != nil {
			continue
		}
		var keep []int
		for k := range c.cost {
			ok := true
			for t, r := range c.rows {
				ok = ok && c.takes(k, t) <= m.caps[r]
			}
			for _, o := range keep {
				ok = ok && !c.beats(o, k)
			}
			if !ok {
				continue
			}
			left := keep[:0]
			for _, o := range keep {
				if !c.beats(k, o) {
					left = append(left, o)
				}
			}
			keep = append(left, k)
		}
		c.keep(keep)
	}
}

// tight drops the rows that cannot bind, and of several that use the same of
// every column all but the tightest.
func (m *mixed) tight() {
	uses := make([][]int, len(m.caps)) // per row: column, place of the row in it, …
	for j := range m.columns {
		for t, r := range m.columns[j].rows {
			uses[r] = append(uses[r], j, t)
		}
	}
	place := make([]int, len(m.caps))
	var caps []int
	var kept []int // rows
	for r := range m.caps {
		place[r] = -1
		most := 0
		for u := 0; u < len(uses[r]); u += 2 {
			most += m.columns[uses[r][u]].largest(uses[r][u+1])
		}
		if most <= m.caps[r] {
			continue
		}
		if twin := slices.IndexFunc(kept, func(q int) bool { return m.alike(uses[r], uses[q]) }); twin >= 0 {
			caps[twin] = min(caps[twin], m.caps[r])
			continue
		}
		place[r] = len(kept)
		kept, caps = append(kept, r), append(caps, m.caps[r])
	}
	m.caps, m.members = caps, make([][]int, len(caps))
	for j := range m.columns {
		m.columns[j].renumber(place)
		for _, r := range m.columns[j].rows {
			m.members[r] = append(m.members[r], j)
		}
	}
}

// largest is the most that a choice of the column uses of its t-th row.
func (c *column) largest(t int) int {
	if c.ladder != nil {
		return c.ladder.top * c.coef[t]
	}
	n := 0
	for k := range c.cost {
		n = max(n, c.takes(k, t))
	}
	return n
}

// alike says that two rows, as tight lists them, use the same of every column.
func (m *mixed) alike(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for u := 0; u < len(a); u += 2 {
		if a[u] != b[u] {
			return false
		}
		c := &m.columns[a[u]]
		if c.ladder != nil && c.coef[a[u+1]] != c.coef[b[u+1]] {
			return false
		}
		for k := range c.cost {
			if c.takes(k, a[u+1]) != c.takes(k, b[u+1]) {
				return false
			}
		}
	}
	return true
}

// renumber gives the column's rows their new numbers; -1 drops a row.
func (c *column) renumber(place []int) {
	var rows, coef, use []int
	for t, r := range c.rows {
		if place[r] < 0 {
			continue
		}
		rows = append(rows, place[r])
		if c.ladder != nil {
			coef = append(coef, c.coef[t])
		}
	}
	for k := range c.cost {
		for t, r := range c.rows {
			if place[r] >= 0 {
				use = append(use, c.takes(k, t))
			}
		}
	}
	c.rows, c.coef, c.use = rows, coef, use
}

// beats says that option a costs no more than b and uses no more of any row.
func (c *column) beats(a, b int) bool {
	if c.cost[a] > c.cost[b] {
		return false
	}
	for t := range c.rows {
		if c.takes(a, t) > c.takes(b, t) {
			return false
		}
	}
	return true
}

// keep drops all options but those at the given places.
func (c *column) keep(places []int) {
	kept := column{item: c.item, rows: c.rows}
	for _, k := range places {
		kept.option = append(kept.option, c.option[k])
		kept.cost = append(kept.cost, c.cost[k])
		kept.use = append(kept.use, c.use[k*len(c.rows):(k+1)*len(c.rows)]...)
	}
	*c = kept
}

// loss is what picks, which must fit, lose at the rows' shadow prices.
func (m *mixed) loss(picks []int, y []float64) float64 {
	var total sum
	for j := range m.columns {
		total.add(m.columns[j].loss(picks[j], y))
	}
	for r, spare := range m.spare(picks) {
		total.add(y[r] * float64(spare))
	}
	return max(0, total.value())
}

// spare is what each row has left beside picks.
func (m *mixed) spare(picks []int) []int {
	spare := append([]int(nil), m.caps...)
	for j := range m.columns {
		for t, r := range m.columns[j].rows {
			spare[r] -= m.columns[j].takes(picks[j], t)
		}
	}
	return spare
}

// priceRounds is the number of passes over the rows' shadow prices. Chosen: one is
// exact for one row, and a dozen leave little to gain for several.
const priceRounds = 12

// prices searches for shadow prices with a high bound: row by row, each to where its
// use meets its cap. Any prices >= 0 bound; these bound well.
func (m *mixed) prices() (y []float64) {
	y = make([]float64, len(m.caps))
	for round := 0; round < priceRounds; round++ {
		moved := false
		for r := range y {
			was := y[r]
			m.meet(r, y)
			moved = moved || math.Abs(was-y[r]) > 1e-9*max(was, y[r])
		}
		if !moved {
			break
		}
	}
	return y
}

// used is what the columns use of row r at prices y.
func (m *mixed) used(r int, y []float64) int {
	n := 0
	for _, j := range m.members[r] {
		c := &m.columns[j]
		k := c.best(y)
		for t, q := range c.rows {
			if q == r {
				n += c.takes(k, t)
			}
		}
	}
	return n
}

// meet sets the price of row r to the least at which its columns use no more
// than its cap, to rounding.
func (m *mixed) meet(r int, y []float64) {
	y[r] = 0
	if m.used(r, y) <= m.caps[r] {
		return
	}
	lo, hi := 0.0, 1.0
	for y[r] = hi; m.used(r, y) > m.caps[r]; y[r] = hi {
		lo, hi = hi, 16*hi
	}
	for range 200 {
		y[r] = (lo + hi) / 2
		if hi-lo <= 1e-14*hi || y[r] == lo || y[r] == hi {
			break
		}
		if m.used(r, y) > m.caps[r] {
			lo = y[r]
		} else {
			hi = y[r]
		}
	}
	y[r] = hi
}
