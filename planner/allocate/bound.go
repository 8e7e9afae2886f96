package allocate

// box bounds the units of every item of a mesh, both ends included.
type box struct{ lo, hi []int }

// whole returns the box of all sizes.
func (m *mesh) whole() box {
	b := box{make([]int, len(m.items)), make([]int, len(m.items))}
	for j := range m.items {
		b.hi[j] = m.ladder(j).top
	}
	return b
}

// gap bounds by how much the cost at k, which respects the rows, exceeds the
// least cost within the box, by the Lagrangian at the rows' shadow prices y >= 0:
//
//	Σ_r y_r × spare_r(k) + Σ_j (reduced cost of item j at k_j - its least in the box)
//
// (Everett 1963; Geoffrion 1974). The reduced costs are compared unit by unit
// between the two sizes, never as totals, so that nothing cancels where k is in
// the box; the rounding of the terms is added on top.
func (m *mesh) gap(y []float64, k []int, in box) float64 {
	var total sum
	size := 0.0
	spare := make([]int, len(y))
	for r := range y {
		spare[r] = m.s.rows[m.rows[r]].cap
	}
	count := func(gain float64) {
		total.add(gain)
		size += max(gain, -gain)
	}
	for j := range m.items {
		for _, u := range m.use(j) {
			spare[u.Item] -= k[j] * u.Coef
		}
		l, p := m.ladder(j), m.cost(j, y)
		x := k[j]
		for ; x < in.hi[j]; x++ {
			g := l.gain(x)
			if g == none || (x >= in.lo[j] && g <= p) {
				break
			}
			count(g - p)
			size += p
		}
		if x > k[j] {
			continue
		}
		for ; x > in.lo[j] && (x > in.hi[j] || l.gains[x-1] < p); x-- {
			count(p - l.gains[x-1])
			size += p
		}
	}
	for r, v := range y {
		count(v * float64(spare[r]))
	}
	return total.value() + rounding*size
}

// rounding bounds the relative error of one term of a gap. Chosen: a price is a
// sum of at most a few dozen products, each good to 2^-53.
const rounding = 1e-14

// proof returns 0 where a gap is no more than the rounding of the costs
// themselves, which are at least the gains not yet taken; else the gap.
func (m *mesh) proof(gap float64) float64 {
	if gap <= proofShare*m.rest() {
		return 0
	}
	return gap
}

// rest sums the gains of the units next in line: the least that the items'
// costs can add up to, where no cost falls below zero.
func (m *mesh) rest() float64 {
	total := 0.0
	for j := range m.items {
		total += max(0, m.ladder(j).next())
	}
	return total
}

// proofShare is the share of the remaining gains below which a gap is rounding.
// Chosen: a tenth of the 1e-9 that answers are held to.
const proofShare = 1e-10
