package allocate

// flow solves a component whose rows of equal coefficients form two nested
// families: greedy first, then improving cycles until none is left. The arcs'
// incidence is totally unimodular, so the integer answer is optimal exactly
// when no residual cycle gains (Klein 1967). The node potentials of the last
// search are shadow prices; the gap they prove is what is returned.
func (s *solver) flow(rows []int, owner0, owner1 []int32) (gap float64) {
	m := s.newMesh(rows)
	m.greedy(func(int) float64 { return 1 })
	w := newNetwork(m, owner0, owner1)
	for b := range w.bundles {
		w.refresh(b)
	}
	for {
		cycle := w.search()
		if len(cycle) == 0 || !w.push(cycle) {
			break
		}
	}
	y := make([]float64, len(rows))
	for r := range y {
		if m.spare[r] == 0 {
			y[r] = max(0, w.dist[w.tail[r]]-w.dist[w.head[r]])
		}
	}
	return m.proof(m.gap(y, m.sizes(), m.whole()))
}

// refresh finds the best item of a bundle to add to and to take from.
func (w *network) refresh(b int) {
	e := &w.bundles[b]
	e.add, e.out = -1, -1
	for _, j := range e.items {
		l := w.m.ladder(int(j))
		if g := l.next(); g != none && (e.add < 0 || g > e.gain) {
			e.add, e.gain = j, g
		}
		if l.k > 0 && (e.out < 0 || l.gains[l.k-1] < e.loss) {
			e.out, e.loss = j, l.gains[l.k-1]
		}
	}
}

// margin is the relative gain that an arc must add to a walk to count: less
// may be rounding, and rounding would go in circles. Chosen: a walk adds a
// few dozen gains, each good to 2^-53.
const margin = 1e-13

// search searches for a residual cycle that gains, by Bellman and Ford from all
// nodes at once. It returns the cycle's arcs, or none with the potentials in
// dist.
func (w *network) search() []hop {
	for v := range w.dist {
		w.dist[v] = 0
		w.via[v] = hop{from: -1}
	}
	for {
		changed := false
		relax := func(u, v int32, gain float64, h hop) {
			d := w.dist[u] + gain
			if d-w.dist[v] > margin*(w.dist[u]+max(gain, -gain)) {
				w.dist[v], w.via[v], changed = d, h, true
			}
		}
		for r := range w.tail {
			if w.m.spare[r] > 0 {
				relax(w.tail[r], w.head[r], 0, hop{w.tail[r], -1, false})
			}
			if w.m.spare[r] < w.m.s.rows[w.m.rows[r]].cap {
				relax(w.head[r], w.tail[r], 0, hop{w.head[r], -1, true})
			}
		}
		for b := range w.bundles {
			e := &w.bundles[b]
			if e.add >= 0 {
				relax(e.tail, e.head, e.gain, hop{e.tail, int32(b), false})
			}
			if e.out >= 0 {
				relax(e.head, e.tail, -e.loss, hop{e.head, int32(b), true})
			}
		}
		if !changed {
			return nil
		}
		if cycle := w.loop(); cycle != nil {
			return cycle
		}
	}
}

// loop returns the arcs of a cycle among the last arcs of the walks, if there
// is one: such a cycle always gains.
func (w *network) loop() []hop {
	seen := make([]int32, len(w.via)) // the start that passed here, plus 1
	for start := range w.via {
		v := int32(start)
		for v >= 0 && seen[v] == 0 {
			seen[v] = int32(start + 1)
			v = w.via[v].from
		}
		if v < 0 || seen[v] != int32(start+1) {
			continue
		}
		var cycle []hop
		for u := v; ; {
			h := w.via[u]
			cycle = append(cycle, h)
			if u = h.from; u == v {
				return cycle
			}
		}
	}
	return nil
}

// push moves one unit around the cycle. It says false, and moves nothing, when
// the exact sum of the cycle's gains is not positive after all.
func (w *network) push(cycle []hop) bool {
	var total sum
	for _, h := range cycle {
		switch {
		case h.bundle < 0:
		case h.out:
			total.add(-w.bundles[h.bundle].loss)
		default:
			total.add(w.bundles[h.bundle].gain)
		}
	}
	if total.value() <= 0 {
		return false
	}
	for _, h := range cycle {
		switch {
		case h.bundle < 0:
		case h.out:
			w.m.move(int(w.bundles[h.bundle].out), -1)
		default:
			w.m.move(int(w.bundles[h.bundle].add), 1)
		}
	}
	for _, h := range cycle {
		if h.bundle >= 0 {
			w.refresh(int(h.bundle))
		}
	}
	return true
}
