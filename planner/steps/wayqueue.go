package steps

// waiting is a pool's place in a queue: the smallest value first, of equals the first pool.
type waiting struct {
	value float64
	pool  int
}

func (a waiting) before(b waiting) bool {
	return a.value < b.value || a.value == b.value && a.pool < b.pool
}

// poolQueue is a binary heap of pools. The first of it stands at 0.
type poolQueue []waiting

// order makes a heap of what was appended.
func (q poolQueue) order() {
	for i := len(q)/2 - 1; i >= 0; i-- {
		q.sink(i)
	}
}

// again puts the first pool back with another value.
func (q poolQueue) again(value float64) {
	q[0].value = value
	q.sink(0)
}

// drop takes the first pool out.
func (q *poolQueue) drop() {
	last := len(*q) - 1
	(*q)[0] = (*q)[last]
	*q = (*q)[:last]
	q.sink(0)
}

func (q poolQueue) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q); child++ {
			if q[child].before(q[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
}
