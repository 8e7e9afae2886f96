package allocate

import (
	"cmp"
	"math"
	"slices"
)

// label is a choice of some columns: what it uses of every row, what it loses at
// the rows' shadow prices, and the path to it.
type label struct {
	use    []int
	key    []int   // use, or what the row surely has at the end where that is more
	loss   float64 // of its choices
	bound  float64 // what any path on from here loses at least
	worth  float64 // its cost, up to a constant: of two with the same key the lower is as good in every path on
	before int32   // path
}

// path is one choice on the path to a label.
type path struct {
	before, column int32
	k              int32
}

// labels is the exact search of a mixed problem: column by column it keeps for
// every use of the rows the label that costs least, and drops those that lose
// more than a limit (label setting with Lagrangian bounds; for one row this is
// the core algorithm of Pisinger 1995, "A minimal algorithm for the multiple-
// choice knapsack problem").
type labels struct {
	m      *mixed
	y      []float64
	limit  float64
	width  int // more labels than this are not kept
	effort *int
	most   []int // per row: what the columns to come may use at most
	paths  []path
	open   []label
	next   []label
	// dropped is what a label that did not fit into width loses at least.
	dropped float64
}

const (
	// maxLabels bounds the labels kept at once. Chosen: 2^16 take some megabytes.
	maxLabels = 1 << 16
	// beam is how many are kept once the effort is spent, so that the search
	// still ends with an answer. Chosen: it ends at once.
	beam = 64
	// effortShare divides the limit on states: a label takes that many times the
	// work of a state. Measured, roughly.
	effortShare = 16
)

// search returns the picks that lose least, if any lose at most limit, and what
// the labels lose that it had to drop.
func (m *mixed) search(y []float64, limit float64, width int, effort *int) (picks []int, loss, dropped float64) {
	a := &labels{m: m, y: y, limit: limit, width: width, effort: effort, most: make([]int, len(y)), dropped: math.Inf(1)}
	picks = make([]int, len(m.columns))
	first := label{use: make([]int, len(y)), key: make([]int, len(y)), before: -1}
	var order []int
	options := make([][]choice, len(m.columns))
	for j := range m.columns {
		c := &m.columns[j]
		options[j] = c.choices(y, limit)
		if len(options[j]) == 1 {
			picks[j] = options[j][0].k
			for t, r := range c.rows {
				first.use[r] += c.takes(picks[j], t)
			}
			continue
		}
		order = append(order, j)
		for t, r := range c.rows {
			a.most[r] += c.most(options[j], t)
		}
	}
	m.arrange(order, options)
	a.open = append(a.open, first)
	if !a.settle(&a.open[0]) {
		return nil, 0, a.dropped
	}
	for _, j := range order {
		a.add(j, options[j])
	}
	end := -1
	for i := range a.open {
		if end < 0 || a.open[i].bound < a.open[end].bound {
			end = i
		}
	}
	if end < 0 {
		return nil, 0, a.dropped
	}
	for w := a.open[end].before; w >= 0; w = a.paths[w].before {
		picks[a.paths[w].column] = int(a.paths[w].k)
	}
	return picks, a.open[end].bound, a.dropped
}

// most is the largest use of the column's t-th row among some choices.
func (c *column) most(list []choice, t int) int {
	n := 0
	for _, x := range list {
		n = max(n, c.takes(x.k, t))
	}
	return n
}

// arrange orders columns so that rows of few columns are done with early, and
// their use need not be told apart any longer.
func (m *mixed) arrange(order []int, options [][]choice) {
	size := make([]int, len(m.caps))
	for _, j := range order {
		for _, r := range m.columns[j].rows {
			size[r]++
		}
	}
	smallest := func(j int) int {
		at := -1
		for _, r := range m.columns[j].rows {
			if at < 0 || size[r] < size[at] {
				at = r
			}
		}
		return at
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(smallest(a), smallest(b)), cmp.Compare(len(options[a]), len(options[b])))
	})
}

// add joins every label with every choice of column j.
func (a *labels) add(j int, list []choice) {
	c := &a.m.columns[j]
	for t, r := range c.rows {
		a.most[r] -= c.most(list, t)
	}
	rows := len(a.y)
	arena := make([]int, 2*rows*len(a.open)*len(list))
	a.next = a.next[:0]
	for i := range a.open {
		for _, x := range list {
			l := label{use: arena[:rows:rows], key: arena[rows : 2*rows : 2*rows], loss: a.open[i].loss + x.loss}
			copy(l.use, a.open[i].use)
			for t, r := range c.rows {
				l.use[r] += c.takes(x.k, t)
			}
			if !a.settle(&l) {
				continue
			}
			arena = arena[2*rows:]
			a.paths = append(a.paths, path{a.open[i].before, int32(j), int32(x.k)})
			l.before = int32(len(a.paths) - 1)
			a.next = append(a.next, l)
		}
	}
	*a.effort -= len(a.open) * len(list)
	if *a.effort < 0 {
		a.width = min(a.width, beam)
	}
	a.open, a.next = a.next, a.open
	a.thin()
}

// settle fills in what follows from a label's use and loss. It says false when
// no path on from it fits the rows within the limit.
func (a *labels) settle(l *label) bool {
	l.bound, l.worth = l.loss, l.loss
	for r, u := range l.use {
		left := a.m.caps[r] - u
		if left < 0 {
			return false
		}
		l.key[r] = max(u, a.m.caps[r]-a.most[r])
		if left > a.most[r] {
			l.bound += a.y[r] * float64(left-a.most[r])
		}
		l.worth -= a.y[r] * float64(u)
	}
	return l.bound <= a.limit
}

// window is how many labels before it may drop a label of several rows. Chosen:
// a wider one costs more than it drops.
const window = 24

// thin drops labels that another is at least as good as, then the worst of too
// many.
func (a *labels) thin() {
	slices.SortFunc(a.open, func(x, z label) int {
		return cmp.Or(slices.Compare(x.key, z.key), cmp.Compare(x.worth, z.worth), cmp.Compare(x.before, z.before))
	})
	kept := a.open[:0]
	for _, l := range a.open {
		good := true
		for i := len(kept) - 1; good && i >= max(0, len(kept)-window); i-- {
			good = !kept[i].covers(l)
		}
		if good {
			kept = append(kept, l)
		}
	}
	a.open = kept
	if len(a.open) <= a.width {
		return
	}
	slices.SortFunc(a.open, func(x, z label) int {
		return cmp.Or(cmp.Compare(x.bound, z.bound), cmp.Compare(x.before, z.before))
	})
	a.dropped = min(a.dropped, a.open[a.width].bound)
	a.open = a.open[:a.width]
}

// covers says that whatever can follow l can follow x, and costs no more.
func (x label) covers(l label) bool {
	if x.worth > l.worth {
		return false
	}
	for r := range x.key {
		if x.key[r] > l.key[r] {
			return false
		}
	}
	return true
}
