package allocate

import (
	"container/heap"
	"slices"
)

// maxWork bounds the elementary operations of one branch and bound, so that it
// ends, and ends at the same point on every machine. Chosen: about half a
// second.
const maxWork = 200_000_000

// general solves a component that has no exact method: the linear relaxation
// for prices and a bound, greedy and exchanges for an answer, then branch and
// bound, the node with the most to gain first (Land and Doig 1960), within
// maxWork.
func (s *solver) general(rows []int) (gap float64, method Method) {
	m := s.newMesh(rows)
	m.greedy(m.load)
	t := &tree{m: m, lp: newLinear(m), k: make([]int, len(m.items))}
	t.first = m.sizes()
	t.best = slices.Clone(t.first)
	t.visit(node{in: m.whole()})
	for len(t.open) > 0 && t.lp.effort < maxWork {
		n := heap.Pop(&t.open).(node)
		if n.bound <= t.gained+t.tiny {
			t.open = nil // every other node has less to gain
			break
		}
		down, up := n.halves()
		t.visit(down)
		t.visit(up)
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
	first  []int   // the greedy sizes, which every bound is measured from
	best   []int   // the best sizes so far
	gained float64 // what best saves over first
	tiny   float64 // less than this is rounding
	open   nodes
	made   int
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
// hold a better one.
func (t *tree) visit(n node) {
	if !t.start(n.in) {
		return
	}
	t.lp.solve(t.k, n.in)
	n.bound = t.m.gap(t.lp.y, t.first, n.in)
	t.lp.effort += len(t.first) * 4
	n.split = t.lp.rounded(t.k)
	if t.m.set(t.k) {
		t.m.finish(t.lp.y)
		t.lp.effort += len(t.first) * len(t.first)
		k := t.m.sizes()
		if saved := t.m.saved(t.first, k); saved > t.gained {
			t.gained, t.best = saved, k
		}
		if t.made == 0 {
			t.tiny = t.m.rest() * proofShare
		}
	}
	if n.split < 0 {
		n.split = t.widest(n.in)
	}
	if n.split < 0 || n.bound <= t.gained+t.tiny {
		return
	}
	n.size = min(max(t.lp.at[n.split], n.in.lo[n.split]), n.in.hi[n.split]-1)
	t.made++
	n.number = t.made
	heap.Push(&t.open, n)
}

// start sets k to sizes in the box that fit the rows, near the best so far. It
// says false when the box has none.
func (t *tree) start(in box) bool {
	for j := range t.k {
		t.k[j] = min(max(t.best[j], in.lo[j]), in.hi[j])
	}
	for fits := t.m.set(t.k); !fits; fits = t.m.set(t.k) {
		if !t.shrink(in) {
			return false
		}
	}
	return true
}

// shrink takes one unit from k where it frees a broken row for the least gain.
func (t *tree) shrink(in box) bool {
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
