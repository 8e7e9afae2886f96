//go:build !heap

package sim

import "math"

// never is the time of a slot in which nothing is pending.
const never = math.MaxInt64

// calendar holds at most one pending event for each of its slots, as a winner tree: the root names the slot whose time
// is least, and of equal times the one with the smaller number, so that the order of events is total. A slot that gets
// a new time plays its way to the root again, log2(slots) comparisons without a branch that depends on the times.
// Source of the structure: Knuth, The Art of Computer Programming 3, section 5.4.1, trees of winners.
type calendar struct {
	times []int64 // by slot, padded to a power of two
	wins  []int32 // wins[1] is the root, wins[n] beats wins[2n] and wins[2n+1]; the leaves are implicit
}

// newCalendar returns a calendar of n empty slots.
func newCalendar(n int) calendar {
	var c calendar
	c.resize(n)
	return c
}

// resize makes room for at least n slots, the new ones empty.
func (c *calendar) resize(n int) {
	size := 2
	for size < n {
		size *= 2
	}
	if size <= len(c.times) {
		return
	}
	times := make([]int64, size)
	for i := copy(times, c.times); i < size; i++ {
		times[i] = never
	}
	c.times, c.wins = times, make([]int32, size)
	for n := size - 1; n > 0; n-- {
		c.play(n)
	}
}

// play decides node n.
func (c *calendar) play(n int) {
	size := len(c.times)
	var a, b int32
	if 2*n >= size {
		a, b = int32(2*n-size), int32(2*n+1-size)
	} else {
		a, b = c.wins[2*n], c.wins[2*n+1]
	}
	if c.times[b] < c.times[a] {
		a = b
	}
	c.wins[n] = a
}

// set gives a slot its time, which replaces the one it had.
func (c *calendar) set(slot int32, t int64) {
	times, wins := c.times, c.wins
	times[slot] = t
	n := (int(slot) + len(times)) >> 1
	a := slot &^ 1
	b := a + 1
	if times[b] < times[a] {
		a = b
	}
	wins[n] = a
	for n > 1 {
		n >>= 1
		a, b := wins[2*n], wins[2*n+1]
		if times[b] < times[a] {
			a = b
		}
		wins[n] = a
	}
}

// clear takes the pending event out of a slot.
func (c *calendar) clear(slot int32) { c.set(slot, never) }

// at returns the time of a slot.
func (c *calendar) at(slot int32) int64 { return c.times[slot] }

// first returns the slot whose event comes first, and its time; never if there is none.
func (c *calendar) first() (slot int32, t int64) {
	slot = c.wins[1]
	return slot, c.times[slot]
}
