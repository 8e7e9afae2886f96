//go:build heap

package sim

import (
	"container/heap"
	"math"
)

// never is the time of a slot in which nothing is pending.
const never = math.MaxInt64

// calendar is the winner tree's dumb brother, a plain binary heap with the same order: the oracle that
// TestAPlainHeapWalksTheSameTrajectory builds the package with.
type calendar struct {
	times []int64
	place []int // in the heap, by slot; -1: not in it
	heap  []int32
}

func newCalendar(n int) calendar {
	var c calendar
	c.resize(n)
	return c
}

func (c *calendar) resize(n int) {
	for len(c.times) < n {
		c.times, c.place = append(c.times, never), append(c.place, -1)
	}
}

func (c *calendar) Len() int { return len(c.heap) }

func (c *calendar) Less(i, j int) bool {
	a, b := c.heap[i], c.heap[j]
	return c.times[a] < c.times[b] || c.times[a] == c.times[b] && a < b
}

func (c *calendar) Swap(i, j int) {
	c.heap[i], c.heap[j] = c.heap[j], c.heap[i]
	c.place[c.heap[i]], c.place[c.heap[j]] = i, j
}

func (c *calendar) Push(x any) {
	c.place[x.(int32)] = len(c.heap)
	c.heap = append(c.heap, x.(int32))
}

func (c *calendar) Pop() any {
	last := c.heap[len(c.heap)-1]
	c.heap = c.heap[:len(c.heap)-1]
	c.place[last] = -1
	return last
}

func (c *calendar) set(slot int32, t int64) {
	c.times[slot] = t
	switch in := c.place[slot] >= 0; {
	case t == never && in:
		heap.Remove(c, c.place[slot])
	case t == never:
	case in:
		heap.Fix(c, c.place[slot])
	default:
		heap.Push(c, slot)
	}
}

func (c *calendar) clear(slot int32) { c.set(slot, never) }

func (c *calendar) at(slot int32) int64 { return c.times[slot] }

func (c *calendar) first() (slot int32, t int64) {
	if len(c.heap) == 0 {
		return 0, never
	}
	return c.heap[0], c.times[c.heap[0]]
}
