package queue

// Walker walks n upwards for one load and says at each size how many clients wait and what one more server is worth.
//
// It is a value: copy it to come back to a size later. It never allocates, and a step takes a few nanoseconds. Make
// one with NewWalker.
type Walker struct {
	at   system
	gain float64 // what Gain returns; never more than at any size already passed
}

// NewWalker returns a Walker at n servers under a erlangs, n >= 0 and a >= 0, in O(sqrt(a)) steps whatever n is.
func NewWalker(a float64, n int) Walker {
	p := at(n, a)
	return Walker{at: p, gain: p.gain()}
}

// N returns the number of servers the Walker stands at.
func (w Walker) N() int { return int(w.at.n) }

// Waiting returns the mean number of waiting clients, WaitingClients(N(), a).
func (w Walker) Waiting() float64 { return w.at.waiting() }

// Gain returns how many clients fewer wait with one server more: Lq(n) - Lq(n+1), >= 0.
//
// Where Lq(n) is +Inf the gain is +Inf, also when Lq(n+1) still is: a server that is needed to keep up at all is worth
// more than any that is not. At a = 0 it is 0. Gains never rise along a walk; that is a theorem (Dyer and Proll 1977)
// and, should rounding ever say otherwise, the last gain is kept.
func (w Walker) Gain() float64 { return w.gain }

// Next moves on to one server more.
func (w *Walker) Next() {
	w.at = w.at.next()
	if g := w.at.gain(); g < w.gain {
		w.gain = g
	}
}
