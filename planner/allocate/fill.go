package allocate

// fill takes units of r's items, best gain per connection first, starting from
// what is taken already, until the next best unit does not fit. It returns the
// connections left and the offers still open, the one that did not fit on top;
// none open means that every unit was taken.
//
// With equal coefficients the result is optimal for r and its items: the gains
// of an item do not rise, so the best units overall are a prefix of each
// ladder. Otherwise it is the linear optimum rounded down (Dantzig 1957).
func (s *solver) fill(r row) (left int, open offers) {
	left, open = s.offered(r)
	for len(open) > 0 {
		t := r.terms[open[0].term]
		if t.Coef > left {
			break
		}
		left -= t.Coef
		open = s.advance(open, t)
	}
	return left, open
}

// offered returns the connections that r has left, and the next unit of every
// item as a heap in the solver's scratch.
func (s *solver) offered(r row) (left int, open offers) {
	left = r.cap
	if cap(s.heap) < len(r.terms) {
		s.heap = make(offers, 0, len(r.terms))
	}
	open = s.heap[:0]
	for j, t := range r.terms {
		l := &s.items[t.Item]
		left -= t.Coef * l.k
		if g := l.next(); g != none {
			open = append(open, offer{g / float64(t.Coef), int32(j)})
		}
	}
	open.build()
	return left, open
}

// advance takes the unit on top of open, which belongs to t, and offers the
// item's next.
func (s *solver) advance(open offers, t Term) offers {
	l := &s.items[t.Item]
	l.k++
	g := l.next()
	if g == none {
		return open.pop()
	}
	open[0].rate = g
	if t.Coef != 1 {
		open[0].rate /= float64(t.Coef)
	}
	open.sift(0)
	return open
}

// takeAll takes every unit of the item that its ceilings allow.
func (l *ladder) takeAll() {
	for l.next() != none {
		l.k++
	}
}
