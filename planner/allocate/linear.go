package allocate

import "math"

// linear is the linear relaxation of a mesh within a box, solved by the primal
// simplex method for piecewise linear concave gains (Fourer 1985; the bounded
// variable method of Dantzig 1963, chapter 18, when a piece is one unit). An
// item outside the basis stands at a whole number of units; one inside it lies
// within one unit. The columns are read from the ladders as they are needed, so
// the size of the method is rows × rows, not rows × units.
//
// Its shadow prices feed a Lagrangian bound that holds for any prices >= 0, so
// rounding here can loosen a bound and never falsify it.
type linear struct {
	m     *mesh
	in    box
	at    []int     // per item: units taken, whole ones in the basis
	basis []int     // per place: the item, or len(items) + the row whose spare it is
	place []int     // per item and row: place in the basis, or -1
	x     []float64 // per place: units of the item within at, or spare connections
	inv   []float64 // inverse of the basis, rows × rows
	y     []float64 // price per row
	col   []float64 // scratch: the entering column in terms of the basis
}

// Tolerances of the simplex method, relative. Chosen: coefficients are small
// integers, so a pivot below tinyPivot is rounding.
const (
	tinyPivot  = 1e-9
	tinyGain   = 1e-11
	refreshed  = 50  // pivots between two fresh inverses
	patience   = 20  // steps of length 0 before Bland's rule takes over
	pivotShare = 200 // pivots per row before the method stops with what it has
)

// newLinear allocates the relaxation of m.
func newLinear(m *mesh) *linear {
	n, r := len(m.items), len(m.rows)
	return &linear{
		m: m, at: make([]int, n), basis: make([]int, r), place: make([]int, n+r),
		x: make([]float64, r), inv: make([]float64, r*r), y: make([]float64, r), col: make([]float64, r),
	}
}

// solve starts from k, which must fit the rows and the box, and leaves the row
// prices in y. Prices are never negative on return.
func (p *linear) solve(k []int, in box) {
	p.in = in
	copy(p.at, k)
	n, rows := len(p.at), len(p.basis)
	for v := range p.place {
		p.place[v] = -1
	}
	for r := range p.basis {
		p.basis[r] = n + r
		p.place[n+r] = r
	}
	p.invert()
	still := 0
	for pivots := 0; pivots < pivotShare*(rows+1); {
		p.prices()
		v, up := p.entering(still > patience)
		if v < 0 {
			break
		}
		long, pivoted := p.step(v, up)
		still++
		if long {
			still = 0
		}
		if pivoted {
			if pivots++; pivots%refreshed == 0 {
				p.invert()
			}
		}
	}
	for r := range p.y {
		p.y[r] = max(0, p.y[r])
	}
}

// prices sets y to the gains of the basis times its inverse.
func (p *linear) prices() {
	n, rows := len(p.at), len(p.basis)
	clear(p.y)
	for b, v := range p.basis {
		if v >= n {
			continue
		}
		g := p.m.ladder(v).gain(p.at[v])
		for r := range p.y {
			p.y[r] += g * p.inv[b*rows+r]
		}
	}
	p.m.work += rows * rows
}

// entering returns the variable whose change gains most per unit, and whether
// it grows; -1 when none gains. With first it returns the first that gains.
func (p *linear) entering(first bool) (best int, up bool) {
	best = -1
	most := 0.0
	n := len(p.at)
	for v, b := range p.place {
		if b >= 0 {
			continue
		}
		var gain float64
		grows := true
		if v >= n {
			y := p.y[v-n]
			if gain = -y; gain <= 0 {
				continue
			}
		} else {
			l, price := p.m.ladder(v), p.m.cost(v, p.y)
			p.m.work += len(p.m.use(v))
			tiny := tinyGain * math.Abs(price)
			k, next := p.at[v], float64(none)
			if k < p.in.hi[v] {
				next = l.gain(k)
			}
			if next != none && next-price > tiny {
				gain = next - price
			} else if k > p.in.lo[v] && price-l.gains[k-1] > tiny {
				gain, grows = price-l.gains[k-1], false
			} else {
				continue
			}
		}
		if first {
			return v, grows
		}
		if gain > most {
			best, up, most = v, grows, gain
		}
	}
	return best, up
}

// step moves variable v up or down until it meets its next whole unit or a
// variable of the basis meets its bound, and then exchanges the two. It says
// whether anything moved, and whether the basis changed.
func (p *linear) step(v int, up bool) (moved, pivoted bool) {
	n, rows := len(p.at), len(p.basis)
	sign := 1.0
	if !up {
		sign = -1
	}
	p.column(v)
	length, leave := 1.0, -1
	if v >= n {
		length = math.Inf(1)
	}
	for b := range p.basis {
		fall := sign * p.col[b] // by how much x[b] falls per unit of v
		var room float64
		switch {
		case fall > tinyPivot:
			room = p.x[b]
		case fall < -tinyPivot && p.basis[b] < n:
			room = 1 - p.x[b]
		default:
			continue
		}
		t := max(0, room) / math.Abs(fall)
		if t < length || (t == length && leave >= 0 && p.basis[b] < p.basis[leave]) {
			length, leave = t, b
		}
	}
	if math.IsInf(length, 1) {
		return false, false // rounding: a spare that nothing bounds; try again with a fresh inverse
	}
	for b := range p.basis {
		p.x[b] -= sign * p.col[b] * length
	}
	if leave < 0 {
		p.at[v] += int(sign)
		return true, false
	}
	out := p.basis[leave]
	if out < n && sign*p.col[leave] < 0 {
		p.at[out]++
	}
	enter := length // x of v in the basis
	if v < n && !up {
		p.at[v]--
		enter = 1 - length
	}
	p.place[out], p.place[v] = -1, leave
	p.basis[leave], p.x[leave] = v, enter
	p.pivot(leave)
	p.m.work += rows * rows
	return length > 0, true
}

// column sets col to the inverse times the column of variable v.
func (p *linear) column(v int) {
	n, rows := len(p.at), len(p.basis)
	if v >= n {
		for b := range p.col {
			p.col[b] = p.inv[b*rows+v-n]
		}
		return
	}
	clear(p.col)
	for _, u := range p.m.use(v) {
		for b := range p.col {
			p.col[b] += p.inv[b*rows+u.Item] * float64(u.Coef)
		}
	}
	p.m.work += rows * len(p.m.use(v))
}

// pivot updates the inverse after col entered the basis at place b.
func (p *linear) pivot(b int) {
	rows := len(p.basis)
	line := p.inv[b*rows : (b+1)*rows]
	f := 1 / p.col[b]
	for r := range line {
		line[r] *= f
	}
	for o := range p.basis {
		if o == b || p.col[o] == 0 {
			continue
		}
		f := p.col[o]
		other := p.inv[o*rows : (o+1)*rows]
		for r := range other {
			other[r] -= f * line[r]
		}
	}
}
