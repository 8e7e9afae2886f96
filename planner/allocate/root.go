package allocate

import (
	"cmp"
	"slices"
)

// layered solves the tree's component exactly when its rows are layers, and
// says whether it did. Otherwise it searches those rows that are, tightens the
// root's bound by what that proves, and repairs what it finds into an answer.
func (t *tree) layered() bool {
	if len(t.open) == 0 {
		return false
	}
	a := t.layers()
	if a == nil {
		return false
	}
	whole := t.m.whole()
	least := t.m.gap(t.y, t.best, whole)
	proved, found := a.solve(t.y, least)
	k := t.m.sizes()
	t.m.clear()
	if len(a.order) == len(t.m.rows) && (found || proved >= least) {
		if found {
			t.best = k
		}
		t.m.set(t.best)
		return true
	}
	root := &t.open[0]
	root.bound = min(root.bound, t.gained+least-proved)
	if found {
		t.k = k
		t.repair(whole)
		t.adopt()
	}
	return false
}

// layers returns the layers of all rows, or else of as many small rows with a
// price as are layers together with a largest row; nil when there are none.
func (t *tree) layers() *layers {
	rows := t.m.rows
	if a := t.m.newLayers(rows); a != nil {
		return a
	}
	order := all(len(rows))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(t.m.s.rows[rows[a]].terms), len(t.m.s.rows[rows[b]].terms))
	})
	chosen := []int{rows[order[len(order)-1]]}
	best := t.m.newLayers(chosen)
	for _, j := range order[:len(order)-1] {
		if best == nil || t.y[j] == 0 {
			continue
		}
		wider := append(slices.Clone(chosen), rows[j])
		slices.Sort(wider)
		if a := t.m.newLayers(wider); a != nil {
			chosen, best = wider, a
		}
	}
	if best != nil {
		best = t.m.newLayers(chosen) // the last trial may have overwritten its scratch
	}
	return best
}
