package sim

// connState is what a server connection does. Each state but idle and used ends at the time in the connection's slot,
// or, on the CPU, when the processor says so.
type connState uint8

const (
	connFree      connState = iota
	connLogin               // logging in
	connIdle                // ready, in the pool's idle list
	connUsed                // idle for more than server_check_delay, in the used list
	connTested              // its check query runs
	connActive              // serves a transaction that is not on the CPU
	connActiveCPU           // serves a transaction that is
	connOrphan              // PgBouncer let go of it, its query runs on, off the CPU
	connOrphanCPU           // and on it
	connExiting             // PgBouncer let go of it, the backend is about to end
)

// conn is one server connection of one pool with the backend behind it; it outlives its place in the pool by as long as
// the backend runs. Its number in World.conns gives its slot in the calendar.
type conn struct {
	state     connState
	vanishing bool // the client vanishes when the slot's time comes
	close     bool // close_needed: RECONNECT has flagged it
	doomed    bool // its login found no slot at all
	pool      *pool
	x         waiter // the transaction that it serves
	started   int64  // since when it serves it
	cpu       int64  // CPU time the transaction still has before it, ns
	rest      int64  // what is left to do off the CPU after the client vanishes
	opened    int64  // connect_time
	used      int64  // request_time: when it was released last
	cpuSlot   int32  // in its server's processor
}

// waiter is one transaction that wants, or has, a connection.
type waiter struct {
	asked  int64
	hold   int64
	load   int32
	client int32   // of a closed load; -1
	vanish float32 // share of its query after which the client vanishes; negative: it stays
}

// queue is a ring of waiters, first in first out.
type queue struct {
	ring []waiter // its length is a power of two
	head int
	n    int
}

func (q *queue) push(x waiter) {
	if q.n == len(q.ring) {
		ring := make([]waiter, max(16, 2*len(q.ring)))
		for i := range q.n {
			ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
		}
		q.ring, q.head = ring, 0
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = x
	q.n++
}

func (q *queue) first() *waiter { return &q.ring[q.head] }

func (q *queue) at(i int) *waiter { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *queue) pop() waiter {
	x := q.ring[q.head]
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return x
}

// take makes a connection of the pool, logging in from now on. Its number may be one that was used before in this pool.
func (p *pool) take() int32 {
	w := p.w
	var i int32
	if n := len(p.free); n > 0 {
		i = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		i = int32(len(w.conns))
		w.conns = append(w.conns, conn{pool: p})
		w.cal.resize(int(w.base) + len(w.conns))
		if p.srv.cpu != nil {
			w.conns[i].cpuSlot = p.srv.cpu.join(i)
		}
	}
	w.conns[i] = conn{state: connLogin, pool: p, opened: w.now, used: w.now, cpuSlot: w.conns[i].cpuSlot}
	p.count++
	p.alias.conns++
	for _, c := range p.alias.caps {
		c.add(1)
	}
	p.user.conns++
	p.tally.conns++
	p.tally.maxConns = max(p.tally.maxConns, p.tally.conns)
	w.total.conns++
	w.total.maxConns = max(w.total.maxConns, w.total.conns)
	return i
}

// leave takes the connection out of its pool's counts; the backend stays, to end at `at` or when its query does.
func (w *World) leave(i int32, state connState) {
	c := &w.conns[i]
	p := c.pool
	p.count--
	p.alias.conns--
	for _, c := range p.alias.caps {
		c.add(-1)
	}
	p.user.conns--
	p.tally.conns--
	w.total.conns--
	c.state = state
	p.srv.leaving++
	p.makesRoom()
	if state == connExiting {
		p.exiting++
	}
	p.ledger()
}

// close closes a connection that serves no transaction. It must not be in any list any more.
func (w *World) close(i int32) {
	c := &w.conns[i]
	if c.state == connLogin {
		c.pool.login = -1
	}
	srv := c.pool.srv
	w.leave(i, connExiting)
	w.cal.set(w.base+i, w.now+srv.exitLatency)
}

// orphan lets a connection go whose query runs: its client is gone. rest is what the query still does off the CPU.
func (w *World) orphan(i int32, rest int64) {
	c := &w.conns[i]
	srv := c.pool.srv
	state := connOrphan
	if c.state == connActiveCPU {
		state = connOrphanCPU
	}
	srv.orphans++
	w.leave(i, state)
	c.used = w.now // from now on: since when it is an orphan
	srv.tally.orphans++
	if state == connOrphan {
		w.cal.set(w.base+i, w.now+rest)
	}
}

// backendEnd ends a backend that PgBouncer had let go.
func (w *World) backendEnd(i int32) {
	c := &w.conns[i]
	p := c.pool
	if c.state == connExiting {
		p.exiting--
	} else {
		p.srv.orphans--
	}
	c.state = connFree
	w.cal.clear(w.base + i)
	p.srv.leaving--
	p.srv.backendGone(c)
	p.free = append(p.free, i)
	p.ledger()
}

// connEvent handles the time in a connection's slot.
func (w *World) connEvent(i int32) {
	c := &w.conns[i]
	switch c.state {
	case connActive:
		switch {
		case c.vanishing:
			w.vanish(i)
		case c.cpu > 0:
			c.state = connActiveCPU
			w.cal.clear(w.base + i)
			c.pool.srv.cpu.enter(c.cpuSlot, c.cpu)
		default:
			w.done(i)
		}
	case connLogin:
		w.loginEnd(i)
	case connTested:
		c.pool.tested--
		w.release(i, false)
	case connOrphan:
		if c.cpu > 0 {
			c.state = connOrphanCPU
			w.cal.clear(w.base + i)
			c.pool.srv.cpu.enter(c.cpuSlot, c.cpu)
			return
		}
		w.backendEnd(i)
	case connExiting:
		w.backendEnd(i)
	default:
		panic("sim: an event for a connection in state " + string('0'+rune(c.state)))
	}
}

// offCPU handles a connection whose CPU work is done.
func (w *World) offCPU(i int32) {
	c := &w.conns[i]
	c.cpu = 0
	if c.state == connOrphanCPU {
		w.backendEnd(i)
		return
	}
	w.done(i)
}
