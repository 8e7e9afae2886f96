package allocate

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// crossing is a branch and cut on the board of a box of a tree (Padberg and
// Rinaldi 1991): cuts bring the relaxation of the whole box near to its best
// sizes, then the box is split as in a branch and bound.
type crossing struct {
	t      *tree
	b      *board
	offset float64   // what the least sizes of the box save over the tree's first
	awake  int       // columns awake per line, about
	whole  box       // of the root, narrowed
	near   []float64 // per column: gain less the prices of the root
	eager  bool      // sizes are improved even where they are not the best so far
	open   nodes
	made   int     // nodes kept
	visits int     // nodes bounded
	order  []int32 // scratch: lines
}

// Limits of the search. Chosen by trial on crossing rows of unequal copies, 100
// pools in 2 × 8 rows and 1,000 in 2 × 30.
const (
	maxCells   = 75_000    // numbers of a board that is searched
	wideCells  = 1_000_000 // numbers of a board that is only bounded
	coreShare  = 15        // columns of the first core per two rows
	coreVisits = 20        // nodes of the first core
	awakeShare = 4         // columns awake per line
	cutRounds  = 30
	wideRounds = 5    // of a board that is only bounded
	stillGain  = 0.05 // share of the gap that a round of cuts must close
	stillMost  = 3    // rounds in a row that may close less
	maxPivots  = 1000 // of one relaxation
	maxRoused  = 100  // times that columns are woken for one node
	crossShare = 6    // of the work: the search of the whole box
	sizeShare  = 6    // times that more where the board is as large as can be
)

// effort bounds one crossing: the numbers of its board, its rounds of cuts, and
// the columns awake per line.
type effort struct{ cells, rounds, awake int }

// cross searches the tree's root by branch and cut, first a core of it for a
// good answer. Where the root is too large for that, the largest core that is
// not is searched window by window, and the root is only bounded. It says
// whether the root was closed: no sizes save more than the tree's best; and
// whether anything was searched at all.
func (t *tree) cross() (closed, searched bool) {
	root, within := &t.open[0], t.m.s.within.work
	if t.m.work >= within {
		return false, false
	}
	narrow := effort{maxCells, cutRounds, awakeShare}
	columns := coreShare * len(t.m.rows) / 2
	whole := t.tighten(root.in, t.slackness(root.in))
	n := whole.count()
	large := n*len(t.m.rows) > maxCells
	if large {
		columns = maxCells / len(t.m.rows)
	}
	if n > columns+columns/4 {
		a := t.newCrossing(t.core(root.in, columns), math.Inf(1), effort{2 * maxCells, cutRounds, awakeShare})
		switch {
		case a == nil:
		case large:
			a.eager = true
			searched = a.windows(windowShare * within)
		default:
			a.search(coreVisits, within)
		}
		whole = t.tighten(root.in, t.slackness(root.in))
	}
	if large {
		narrow = effort{wideCells, wideRounds, awakeShare}
	}
	a := t.newCrossing(whole, root.bound, narrow)
	if a == nil {
		return root.bound <= t.gained+t.tiny, searched
	}
	if !large {
		searched = true
		limit := within / crossShare * (maxCells + sizeShare*n*len(t.m.rows)) / maxCells
		a.search(math.MaxInt, limit/5)
		a.windows(limit / 5 * 3)
		a.search(math.MaxInt, limit)
	}
	root.bound = min(root.bound, a.bound())
	return root.bound <= t.gained+t.tiny, searched
}

// bound is what any sizes of the box save over the tree's first at most.
func (a *crossing) bound() float64 {
	most := a.t.gained
	for _, n := range a.open {
		most = max(most, n.bound)
	}
	return most
}

// slackness is what the linear relaxation gains over the best sizes.
func (t *tree) slackness(in box) float64 { return t.m.gap(t.y, t.first, in) - t.gained }

// count is the number of columns of a board of the box.
func (in box) count() int {
	n := 0
	for j := range in.lo {
		n += in.hi[j] - in.lo[j]
	}
	return n
}

// core returns the box of the sizes that lose least at the prices of the
// relaxation, no more than about some number of columns.
func (t *tree) core(in box, columns int) box {
	lo, hi := 0.0, t.slackness(in)
	core := in
	for range 12 {
		core = t.tighten(in, (lo+hi)/2)
		switch n := core.count(); {
		case n > columns+columns/8:
			hi = (lo + hi) / 2
		case n < columns:
			lo = (lo + hi) / 2
		default:
			return core
		}
	}
	return t.tighten(in, lo)
}

// newCrossing cuts the relaxation of a box, of which a bound is known, and keeps
// the box as a node unless nothing is left of it. It returns nil when the board
// would be too large.
func (t *tree) newCrossing(in box, bound float64, e effort) *crossing {
	b := t.m.newBoard(in, e.cells, e.awake*len(t.m.rows), t.y)
	if b == nil {
		return nil
	}
	a := &crossing{t: t, b: b, offset: t.m.saved(t.first, in.lo), awake: e.awake}
	n := node{in: box{slices.Clone(in.lo), slices.Clone(in.hi)}, bound: bound}
	b.enter(n.in)
	if !a.root(&n, e.rounds) {
		heap.Push(&a.open, n)
	}
	a.whole, a.near = box{slices.Clone(n.in.lo), slices.Clone(n.in.hi)}, slices.Clone(b.rest)
	return a
}

// root cuts the relaxation of the whole box as long as that brings the bound
// down. It says whether nothing is left of the box.
func (a *crossing) root(n *node, rounds int) (closed bool) {
	t, b := a.t, a.b
	still, was := 0, math.Inf(1)
	for range rounds {
		how := a.relax(n)
		if how == empty || n.bound <= t.gained+t.tiny {
			return true
		}
		if how != solved {
			return false
		}
		now := b.worth() - a.asked()
		if still++; was-now > stillGain*now {
			still = 0
		}
		was = now
		if a.round(n) && a.weigh(n) {
			return true
		}
		b.enter(n.in)
		b.shrink()
		b.sleep(a.awake * len(b.line))
		if still > stillMost {
			return false
		}
		b.purge()
		list := b.sections(b.rows)
		if len(list) == 0 {
			return false
		}
		b.add(list)
	}
	return false
}

// relax brings the tableau to the optimum of the node's relaxation, bounds the
// node and narrows its box by that.
func (a *crossing) relax(n *node) outcome {
	for range maxRoused {
		how := a.b.optimize(a.asked(), maxPivots)
		if how == empty || a.weigh(n) || how == spent || !a.b.rouse() {
			return how
		}
	}
	return spent
}

// asked is the gain of columns above which sizes are better than the best.
func (a *crossing) asked() float64 { return a.t.gained + a.t.tiny - a.offset }

// weigh bounds the node by the tableau's prices and narrows its box by that. It
// says whether nothing is left of the node.
func (a *crossing) weigh(n *node) (closed bool) {
	t := a.t
	bound := a.offset + a.b.bound()
	n.bound = min(n.bound, bound)
	if n.bound > t.gained+t.tiny && a.b.narrow(n.in, bound-t.gained-t.tiny) {
		return false
	}
	n.bound = min(n.bound, t.gained)
	return true
}

// search splits the nodes that are open, the one with the most to gain first,
// and goes on with one half of each as far down as it leads. It ends after
// visits nodes or when the mesh has done that much work.
func (a *crossing) search(visits, work int) {
	t := a.t
	for end := a.visits + min(visits, math.MaxInt/2); len(a.open) > 0 && a.visits < end && t.m.work < work; {
		n := heap.Pop(&a.open).(node)
		if n.bound <= t.gained+t.tiny {
			a.open = nil // every other node has less to gain
			return
		}
		for alive := true; alive; {
			if t.m.work >= work {
				heap.Push(&a.open, n)
				return
			}
			n, alive = a.visit(n)
		}
		a.b.sleep(a.awake * len(a.b.line))
	}
}

// visit bounds a node and splits it. It keeps one half and returns the other,
// or says false when nothing is left of the node.
func (a *crossing) visit(n node) (next node, alive bool) {
	t, b := a.t, a.b
	a.visits++
	t.m.work += scan * len(n.in.lo) / 10
	b.enter(n.in)
	how := a.relax(&n)
	if how == empty || n.bound <= t.gained+t.tiny {
		return n, false
	}
	column, up := -1, false
	if how == solved {
		if a.round(&n) && n.bound <= t.gained+t.tiny {
			return n, false
		}
		b.enter(n.in)
		column, up = b.choose()
	}
	if column >= 0 {
		n.split, n.size = int(b.item[column]), int(b.size[column])
	} else { // rounding: the relaxation is whole and yet above what it gains, or was not solved
		if n.split = t.widest(n.in); n.split < 0 {
			if copy(t.k, n.in.lo); t.m.set(t.k) {
				t.keep()
			}
			return n, false
		}
		n.size = (n.in.lo[n.split] + n.in.hi[n.split] - 1) / 2
	}
	next, other := n.halves()
	next.in.lo, other.in.hi = slices.Clone(next.in.lo), slices.Clone(other.in.hi)
	if up {
		next, other = other, next
	}
	a.made++
	other.number = a.made
	heap.Push(&a.open, other)
	return next, true
}

// round makes sizes of the node's relaxation: its whole columns, then those that
// it cuts, the fullest first, then whatever fits. It says whether they are the
// best so far.
func (a *crossing) round(n *node) bool {
	t, b := a.t, a.b
	columns := len(b.item)
	t.m.work += scan * len(t.k) / 4
	copy(t.k, n.in.lo)
	inside := func(c int) bool { // the box may be narrower than when the columns entered it
		x := int(b.size[c])
		return n.in.lo[b.item[c]] <= x && x < n.in.hi[b.item[c]]
	}
	for c, asleep := range b.asleep {
		if asleep && b.high[c] && inside(c) {
			t.k[b.item[c]]++
		}
	}
	for p, v := range b.non {
		if int(v) < columns && b.up[p] && inside(int(v)) {
			t.k[b.item[v]]++
		}
	}
	a.order = a.order[:0]
	for r, v := range b.basic {
		if int(v) >= columns || !inside(int(v)) {
			continue
		}
		if b.x[r] > 1-wholeUnit {
			t.k[b.item[v]]++
		} else if b.x[r] > wholeUnit {
			a.order = append(a.order, int32(r))
		}
	}
	if !t.repair(n.in) {
		return false
	}
	slices.SortStableFunc(a.order, func(x, z int32) int { return cmp.Compare(b.x[z], b.x[x]) })
	for _, r := range a.order {
		if j := int(b.item[b.basic[r]]); t.m.fits(j) && t.m.ladder(j).next() != none {
			t.m.move(j, 1)
		}
	}
	t.m.refill(t.y)
	was := t.gained
	t.keep()
	if best := t.gained > was; best || a.eager {
		a.improve(best)
		t.keep()
	}
	return t.gained > was
}

// nearItems bounds the items on either side of an exchange where the sizes are
// not the best so far, and triedShare divides the work that an exchange counts:
// most pairs are seen to gain nothing at once.
const (
	nearItems  = 50
	triedShare = 8
)

// improve exchanges units of the sizes of the mesh.
func (a *crossing) improve(best bool) {
	m := a.t.m
	work := m.work
	if !best {
		m.reach = nearItems
	}
	m.improve(a.t.y)
	m.reach = exchangeItems
	m.work = work + (m.work-work)/triedShare
}
