package allocate

import "slices"

// dive searches for a good answer in a box: it fixes the items whose relaxed sizes
// are whole, or nearest to whole, one split item a time, until the relaxation
// is whole, and then exchanges units.
func (t *tree) dive(in box) {
	in = box{slices.Clone(in.lo), slices.Clone(in.hi)}
	end := t.best
	for range 2 * len(t.y) {
		if t.m.work > t.m.s.within.work || !t.start(in) {
			break
		}
		t.lp.solve(t.k, in)
		split, up := t.lp.nearest()
		t.lp.rounded(t.k)
		t.adopt()
		end = t.m.sizes()
		if split < 0 {
			break
		}
		lo, hi := in.lo[split], in.hi[split]
		size := t.lp.at[split]
		if up {
			in.lo[split], in.hi[split] = size+1, size+1
			if t.start(in) {
				continue
			}
		}
		in.lo[split], in.hi[split] = max(lo, size), min(hi, size)
	}
	if t.m.set(end) {
		t.m.improve(t.y)
		t.keep()
	}
}

// nearest returns the split item of the relaxation that is nearest to a whole
// number of units, and whether that is the next one up; -1 when all are whole.
func (p *linear) nearest() (item int, up bool) {
	item = -1
	least := 1.0
	for b, v := range p.basis {
		if v >= len(p.at) || p.x[b] <= wholeUnit || p.x[b] >= 1-wholeUnit {
			continue
		}
		if f := min(p.x[b], 1-p.x[b]); f < least || (f == least && v < item) {
			item, up, least = v, p.x[b] > 0.5, f
		}
	}
	return item, up
}
