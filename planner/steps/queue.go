package steps

import "container/heap"

// waiting is a pool's place in a queue: the smallest value first, of equals the first pool.
type waiting struct {
	value float64
	pool  int
}

// poolQueue is a heap of pools. The first of it stands at 0.
type poolQueue []waiting

// order makes a heap of what was appended.
func (q *poolQueue) order() { heap.Init(q) }

// again puts the first pool back with another value.
func (q *poolQueue) again(value float64) {
	(*q)[0].value = value
	heap.Fix(q, 0)
}

// drop takes the first pool out.
func (q *poolQueue) drop() { heap.Pop(q) }

// Len, Less, Swap, Push and Pop make it a heap.Interface.
func (q poolQueue) Len() int      { return len(q) }
func (q poolQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *poolQueue) Push(x any)   { *q = append(*q, x.(waiting)) }

func (q poolQueue) Less(i, j int) bool {
	return q[i].value < q[j].value || q[i].value == q[j].value && q[i].pool < q[j].pool
}

func (q *poolQueue) Pop() any {
	last := len(*q) - 1
	first := (*q)[last]
	*q = (*q)[:last]
	return first
}
