package allocate

import "math"

// invert computes the inverse of the basis and the values of its variables
// afresh: the basis of spares only, into which the items are pivoted one by
// one, each at the free place with the largest pivot.
func (p *linear) invert() {
	n, rows := len(p.at), len(p.basis)
	items := make([]int, 0, rows)
	taken := make([]bool, rows) // places that a spare keeps or an item has got
	for b, v := range p.basis {
		if v < n {
			items = append(items, v)
		} else {
			taken[v-n] = true
		}
		p.basis[b] = n + b
		p.place[n+b] = b
	}
	clear(p.inv)
	for r := range rows {
		p.inv[r*rows+r] = 1
	}
	for _, v := range items {
		p.place[v] = -1
		p.column(v)
		b := -1
		for c := range p.col {
			if !taken[c] && (b < 0 || math.Abs(p.col[c]) > math.Abs(p.col[b])) {
				b = c
			}
		}
		if b < 0 || math.Abs(p.col[b]) < tinyPivot {
			continue // dependent after rounding: a spare stays in its place
		}
		p.place[p.basis[b]] = -1
		p.basis[b], p.place[v], taken[b] = v, b, true
		p.pivot(b)
	}
	// The items outside the basis stand at whole units; those inside take the rest.
	spare := make([]float64, rows)
	for r := range spare {
		spare[r] = float64(p.m.s.rows[p.m.rows[r]].cap)
	}
	for j := range p.at {
		for _, u := range p.m.use(j) {
			spare[u.Item] -= float64(p.at[j] * u.Coef)
		}
	}
	for b := range p.x {
		p.x[b] = 0
		for r := range spare {
			p.x[b] += p.inv[b*rows+r] * spare[r]
		}
	}
	p.m.work += rows * rows * (len(items) + 1)
}

// wholeUnit is how near to a whole unit counts as whole. Chosen: well above the
// rounding of x.
const wholeUnit = 1e-7

// rounded writes the relaxation's sizes to k, rounded down, and returns the
// item furthest from a whole number of units, or -1 when all are whole. What is
// rounded down fits where the relaxation fits: coefficients are not negative.
func (p *linear) rounded(k []int) (split int) {
	copy(k, p.at)
	split = -1
	most := wholeUnit
	for b, v := range p.basis {
		if v >= len(p.at) {
			continue
		}
		if p.x[b] > 1-wholeUnit {
			k[v] = min(k[v]+1, p.in.hi[v])
		}
		f := min(p.x[b], 1-p.x[b])
		if f > most || (f == most && split >= 0 && v < split) {
			split, most = v, f
		}
	}
	return split
}
