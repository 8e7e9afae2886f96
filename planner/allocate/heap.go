package allocate

// offer is the next unit of one term of a row: its gain per connection, and
// the term's index in the row.
type offer struct {
	rate float64
	term int32
}

// before orders offers: best rate first, ties by the lower term. Terms of a
// row are kept in item order, so ties go to the lower item.
func (a offer) before(b offer) bool {
	return a.rate > b.rate || (a.rate == b.rate && a.term < b.term)
}

// offers is a binary heap, best offer first. It is replaced at the top rather
// than popped and pushed: one sift per unit taken.
type offers []offer

// build orders the offers as a heap.
func (h offers) build() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sift(i)
	}
}

// sift moves the offer at i down to its place.
func (h offers) sift(i int) {
	x := h[i]
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(x) {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = x
}

// pop removes the best offer.
func (h offers) pop() offers {
	end := len(h) - 1
	h[0] = h[end]
	h = h[:end]
	if end > 0 {
		h.sift(0)
	}
	return h
}
