package allocate

import "slices"

// solver holds one solve: a ladder per item and the rows that can still bind.
type solver struct {
	items  []ladder
	rows   []row
	heap   offers  // scratch of every fill
	extra  []int32 // scratch of complete
	within limits
	core   core      // scratch of knapsack
	toll   []float64 // per item: what a unit pays to rows that collect does not see
	owners []int32   // scratch of nest
	outer  []int32   // per row, by nest: the smallest row around it, or -1
}

// row is a cap over what items take above their floors, divided by the
// greatest common divisor of its coefficients.
type row struct {
	terms []Term // coefficients >= 1, in item order
	cap   int
	equal bool // every coefficient is 1
}

// newSolver reads the items, subtracts the floors from the rows, turns every
// row into ceilings of its items, and keeps the rows that these do not imply.
// p must be feasible at n = Lo.
func newSolver(p Problem) *solver {
	s := &solver{items: make([]ladder, len(p.Items))}
	terms := 0
	for _, r := range p.Rows {
		terms += len(r.Terms)
	}
	arena := make([]Term, 0, terms)
	s.rows = make([]row, 0, len(p.Rows))
	conns := make([]int, len(p.Items)) // largest coefficient of each item
	for i, it := range p.Items {
		own := min(it.Hi, MaxSize) - it.Lo
		s.items[i] = ladder{curve: it.Cost, lo: it.Lo, own: own, top: own, step: firstBatch}
		conns[i] = 1
	}
	for _, pr := range p.Rows {
		from := len(arena)
		room, sum, gcd := pr.Cap, 0, 0
		for _, t := range pr.Terms {
			if t.Coef == 0 {
				continue
			}
			room -= t.Coef * p.Items[t.Item].Lo
			sum += t.Coef
			gcd = divisor(t.Coef, gcd)
			arena = append(arena, t)
			conns[t.Item] = max(conns[t.Item], t.Coef)
		}
		if len(arena) == from {
			continue
		}
		r := row{terms: arena[from:len(arena):len(arena)], cap: room / gcd, equal: true}
		for j := range r.terms {
			t := &r.terms[j]
			t.Coef /= gcd
			r.equal = r.equal && t.Coef == 1
			s.items[t.Item].limit(r.cap / t.Coef)
			s.items[t.Item].batch(room / sum)
		}
		if !slices.IsSortedFunc(r.terms, byItem) {
			slices.SortFunc(r.terms, byItem)
		}
		s.rows = append(s.rows, r)
	}
	s.allot(p.MinGain, conns)
	s.rows = slices.DeleteFunc(s.rows, s.implied)
	s.outer = make([]int32, len(s.rows))
	s.toll = make([]float64, len(s.items))
	return s
}

// firstBatch and lastBatch bound the first batch of gains read from a curve,
// in units. Chosen: an Erlang curve starts in about the time of ten steps.
const (
	firstBatch = 4
	lastBatch  = 64
)

// batch sets the length of the first batch from the units an even share of a
// row would buy, half more for those that get more.
func (l *ladder) batch(share int) {
	l.step = min(max(l.step, share+share/2+2), lastBatch)
}

// allot sets the least gain of every ladder and gives each the memory of its
// first batches from one piece.
func (s *solver) allot(minGain float64, conns []int) {
	size := 0
	for i := range s.items {
		size += min(2*s.items[i].step, s.items[i].own)
	}
	arena := make([]float64, size)
	for i := range s.items {
		l := &s.items[i]
		l.floor = minGain * float64(conns[i])
		n := min(2*l.step, l.own)
		l.gains = arena[:0:n]
		arena = arena[n:]
	}
}

// implied says that the items' ceilings alone keep r.
func (s *solver) implied(r row) bool {
	room := r.cap
	for _, t := range r.terms {
		room -= t.Coef * s.items[t.Item].top
		if room < 0 {
			return false
		}
	}
	return true
}

func byItem(a, b Term) int { return a.Item - b.Item }

// divisor returns the greatest common divisor of a and b; divisor(a, 0) = a.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
