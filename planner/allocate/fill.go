package allocate

// fill takes units of r's items, which stand on their floors, best gain per
// connection first, until the next best unit does not fit. It returns the
// connections left and the offers still open, the one that did not fit on top;
// none open means that every unit was taken.
//
// With equal coefficients the result is optimal for r and its items: the gains
// of an item do not rise, so the best units overall are a prefix of each
// ladder. Otherwise it is the linear optimum rounded down (Dantzig 1957).
func (s *solver) fill(r row) (left int, open offers) {
	if len(r.terms) >= manyTerms {
		s.prefill(r)
	}
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

const (
	// manyTerms is the length of a row from which prefill pays. Measured.
	manyTerms = 2000
	// sampled is the number of items that prefill solves for a first price.
	// Chosen: that price is off by a few per cent then.
	sampled = 500
	// above lifts the first price so that what it buys very likely fits.
	above = 1.1
)

// prefill takes, without a heap, every unit whose rate is above a price that is
// a little higher than the break price seems to be: fill would take them all
// before any other. The price comes from a sample of the items with their share
// of the connections. If the units do not fit after all, none is taken.
func (s *solver) prefill(r row) {
	sample := row{terms: make([]Term, 0, len(r.terms)/(len(r.terms)/sampled)+1)}
	weight, all := 0, 0
	for j, t := range r.terms {
		all += t.Coef
		if j%(len(r.terms)/sampled) == 0 {
			sample.terms = append(sample.terms, t)
			weight += t.Coef
		}
	}
	sample.cap = int(float64(r.cap) * float64(weight) / float64(all))
	_, open := s.fill(sample)
	for _, t := range sample.terms {
		s.items[t.Item].k = 0
	}
	if len(open) == 0 {
		return
	}
	price := above * open[0].rate
	left := r.cap
	for _, t := range r.terms {
		l, par := &s.items[t.Item], price*float64(t.Coef)
		for l.next() > par {
			l.k++
			left -= t.Coef
		}
		if left < 0 {
			break
		}
	}
	if left < 0 {
		for _, t := range r.terms {
			s.items[t.Item].k = 0
		}
	}
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
