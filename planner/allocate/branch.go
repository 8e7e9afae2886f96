package allocate

import (
	"container/heap"
	"math"
	"slices"
)

// maxWork bounds the elementary operations of one branch and bound, so that it
// ends, and ends at the same point on every machine. Chosen: about half a
// second; a large box that is searched by windows takes a few times that.
const maxWork = 200_000_000

// scan is the number of elementary operations per item that bounding one box
// takes besides its relaxation. Measured, roughly.
const scan = 100

// general solves a component that has no exact method: the linear relaxation
// for prices and a bound, greedy and exchanges for an answer, then branch and cut
// (see crossing), and where its board is too large, branch and bound, the node
// with the most to gain first (Land and Doig 1960), within its limits.
func (s *solver) general(rows []int) (gap float64, method Method) {
	m := s.newMesh(rows)
	m.greedy(m.load)
	t := &tree{m: m, lp: newLinear(m), k: make([]int, len(m.items))}
	t.first = m.sizes()
	t.best = slices.Clone(t.first)
	t.visit(node{in: m.whole(), bound: math.Inf(1)})
	if t.layered() {
		return 0, Layered
	}
	searched := false
	if len(t.open) > 0 {
		closed := false
		if closed, searched = t.cross(); closed {
			t.open = nil
		}
	}
	dive := 0
	for !searched && len(t.open) > 0 && t.m.work < t.m.s.within.work {
		n := heap.Pop(&t.open).(node)
		if n.bound <= t.gained+t.tiny {
			t.open = nil // every other node has less to gain
			break
		}
		down, up := n.halves()
		t.visit(down)
		t.visit(up)
		if t.visits >= dive {
			t.dive(n.in)
			dive = t.visits + t.visits/4 + 8
		}
	}
	m.set(t.best)
	for _, n := range t.open {
		gap = max(gap, n.bound-t.gained)
	}
	if gap = m.proof(gap); gap > 0 {
		return gap, Bounded
	}
	return 0, Branched
}

// tree is one branch and bound.
type tree struct {
	m      *mesh
	lp     *linear
	first  []int     // the greedy sizes, which every bound is measured from
	best   []int     // the best sizes so far
	gained float64   // what best saves over first
	tiny   float64   // less than this is rounding
	y      []float64 // the shadow prices of the root
	open   nodes
	made   int   // nodes kept
	visits int   // nodes bounded
	k      []int // scratch
}

// node is a box of sizes, a bound on what any of them saves over the tree's
// first, and the item and size at which to split it.
type node struct {
	in          box
	bound       float64
	split, size int
	number      int
}

// visit bounds a box, tries its rounded answer, and keeps the box when it may
// hold a better one. It says whether the box holds any sizes at all.
func (t *tree) visit(n node) bool {
	if !t.start(n.in) {
		return false
	}
	t.visits++
	t.lp.solve(t.k, n.in)
	relaxed := t.m.gap(t.lp.y, t.first, n.in)
	n.bound = min(n.bound, relaxed)
	n.split = t.lp.rounded(t.k)
	t.adopt()
	if t.visits == 1 {
		t.tiny = t.m.rest() * proofShare
		t.y = slices.Clone(t.lp.y)
	}
	if n.bound <= t.gained+t.tiny {
		return true
	}
	n.in = t.tighten(n.in, relaxed-t.gained)
	if n.split < 0 || n.in.lo[n.split] == n.in.hi[n.split] {
		n.split = t.widest(n.in)
	}
	if n.split < 0 {
		return true
	}
	n.size = min(max(t.lp.at[n.split], n.in.lo[n.split]), n.in.hi[n.split]-1)
	t.made++
	n.number = t.made
	heap.Push(&t.open, n)
	return true
}

// adopt fills up k, which must fit, and keeps it if it is the best so far.
func (t *tree) adopt() {
	if t.m.set(t.k) { // else rounding: the relaxation did not quite fit
		t.m.refill(t.lp.y)
		t.keep()
	}
}

// keep makes the sizes of the mesh, which must fit, the best if they are.
func (t *tree) keep() {
	k := t.m.sizes()
	if saved := t.m.saved(t.first, k); saved > t.gained {
		t.gained, t.best = saved, k
	}
}

// tighten cuts from a box the sizes that alone lose more at the prices of its
// relaxation than most, which is what the relaxation, and no other bound, gains
// over the best (reduced cost fixing, Dantzig,
// Fulkerson and Johnson 1954).
func (t *tree) tighten(in box, most float64) box {
	out := box{slices.Clone(in.lo), slices.Clone(in.hi)}
	for j := range in.lo {
		l, p := t.m.ladder(j), t.m.cost(j, t.lp.y)
		x := min(max(t.lp.at[j], in.lo[j]), in.hi[j]) // where the reduced cost is least
		for x < in.hi[j] && l.gain(x) > p {
			x++
		}
		for x > in.lo[j] && l.gains[x-1] < p {
			x--
		}
		loss := 0.0
		for hi := x; hi < in.hi[j]; hi++ {
			if loss += max(0, p-l.gain(hi)); loss > most {
				out.hi[j] = hi
				break
			}
		}
		loss = 0
		for lo := x; lo > in.lo[j]; lo-- {
			if loss += max(0, l.gains[lo-1]-p); loss > most {
				out.lo[j] = lo
				break
			}
		}
	}
	return out
}

// start sets k to sizes in the box that fit the rows, near the best so far. It
// says false when the box has none.
func (t *tree) start(in box) bool {
	t.m.work += scan * len(t.k)
	for j := range t.k {
		if in.lo[j] > 0 && t.m.ladder(j).gain(in.lo[j]-1) == none {
			return false // its curve ends below
		}
		t.k[j] = min(max(t.best[j], in.lo[j]), in.hi[j])
	}
	return t.repair(in)
}

// repair takes units from k until it fits the rows. It says false when the box
// has nothing left to take.
func (t *tree) repair(in box) bool {
	for !t.m.set(t.k) {
		if !t.shrink(in) {
			return false
		}
	}
	return true
}

// shrink takes one unit from k where it frees a broken row for the least gain.
func (t *tree) shrink(in box) bool {
	t.m.work += len(t.m.uses)
	out, least := -1, 0.0
	for j := range t.k {
		if t.k[j] <= in.lo[j] {
			continue
		}
		frees := 0
		for _, u := range t.m.use(j) {
			if t.m.spare[u.Item] < 0 {
				frees += u.Coef
			}
		}
		if frees == 0 {
			continue
		}
		if rate := t.m.ladder(j).gains[t.k[j]-1] / float64(frees); out < 0 || rate < least {
			out, least = j, rate
		}
	}
	if out >= 0 {
		t.k[out]--
	}
	return out >= 0
}

// widest returns the item with the most sizes left in the box, or -1.
func (t *tree) widest(in box) int {
	item := -1
	for j := range in.lo {
		if w := in.hi[j] - in.lo[j]; w > 0 && (item < 0 || w > in.hi[item]-in.lo[item]) {
			item = j
		}
	}
	return item
}

// halves splits a node's box at its split item: at most size, and more.
func (n node) halves() (down, up node) {
	down.bound, up.bound = n.bound, n.bound
	down.in = box{n.in.lo, slices.Clone(n.in.hi)}
	down.in.hi[n.split] = n.size
	up.in = box{slices.Clone(n.in.lo), n.in.hi}
	up.in.lo[n.split] = n.size + 1
	return down, up
}

// saved returns by how much the sizes b cost less than a, unit by unit.
func (m *mesh) saved(a, b []int) float64 {
	var total sum
	for j := range a {
		l := m.ladder(j)
		for x := a[j]; x < b[j]; x++ {
			total.add(l.gain(x))
		}
		for x := b[j]; x < a[j]; x++ {
			total.add(-l.gain(x))
		}
	}
	return total.value()
}

// nodes is a heap of nodes, the largest bound first, ties by number.
type nodes []node

func (h nodes) Len() int { return len(h) }
func (h nodes) Less(a, b int) bool {
	return h[a].bound > h[b].bound || (h[a].bound == h[b].bound && h[a].number < h[b].number)
}
func (h nodes) Swap(a, b int) { h[a], h[b] = h[b], h[a] }
func (h *nodes) Push(x any)   { *h = append(*h, x.(node)) }
func (h *nodes) Pop() any {
	old := *h
	n := old[len(old)-1]
	*h = old[:len(old)-1]
	return n
}
