package sim

import "time"

// pool is one (alias, user) pool of one PgBouncer process. Names in parentheses are PgBouncer's functions, in 1.25.
type pool struct {
	w      *World
	alias  *alias
	tally  *tally  // shared by all pools of the line of one pool_size line
	idle   []int32 // the last one is served first (objects.c:333, LIFO)
	queue  queue
	active int
	proc   *process
	srv    *server

	used   []int32 // as idle
	login  int32   // the one connection that logs in; -1: none
	tested int
	count  int  // every connection, the login included
	seen   bool // it has had a client

	exiting int // backends that it let go of and that are about to end

	welcome      bool // welcome_msg_ready: some login has succeeded since the last RECONNECT
	served       bool // some login has ever succeeded
	loginFailed  bool // last_connect_failed
	lastConnect  int64
	lastLifeOver int64 // last_lifetime_disconnect
	clients      int   // most clients at one time: those that cl_active counts while they do nothing
	closed       int   // closed clients that are connected to it

	free  []int32  // connections to make again
	user  *counter // of its user in this process, or of its forced user in this alias before 1.23
	role  *counter // nil: PostgreSQL does not limit its role
	name  string   // the user's
	share float64
}

// counter counts connections against a limit; 0 is none.
type counter struct {
	conns, limit int
}

// arrive brings a transaction to the pool (find_server).
func (p *pool) arrive(x waiter) {
	w := p.w
	p.seen = true
	p.tally.arrivals++
	if p.proc.waiting+p.proc.serving >= p.proc.maxClients {
		w.refuse(p, x) // at its login, which no counter of transactions knows of
		return
	}
	p.alias.xacts++
	if w.now >= p.proc.due {
		p.proc.loopPass()
	}
	for n := len(p.idle); n > 0; n = len(p.idle) {
		i := p.idle[n-1]
		p.idle = p.idle[:n-1]
		if w.conns[i].close {
			w.close(i)
			continue
		}
		w.assign(i, x)
		return
	}
	if p.loginFailed && p.count == b2i(p.login >= 0) { // nobody could serve it (check_fast_fail)
		w.refuse(p, x)
		p.launch(true)
		return
	}
	p.push(x)
	p.activate()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *pool) push(x waiter) {
	p.queue.push(x)
	if p.queue.n == 1 {
		p.proc.due = min(p.proc.due, p.due())
	}
	p.proc.waiting++
	p.tally.waiting++
	p.tally.maxWaiting = max(p.tally.maxWaiting, p.tally.waiting)
	p.w.total.waiting++
	p.w.total.maxWaiting = max(p.w.total.maxWaiting, p.w.total.waiting)
}

func (p *pool) pop() waiter {
	p.proc.waiting--
	p.tally.waiting--
	p.w.total.waiting--
	return p.queue.pop()
}

// refuse turns a transaction away.
func (w *World) refuse(p *pool, x waiter) {
	p.tally.refused++
	w.goes(x)
}

// assign links a connection and a transaction and starts its work (activate_client, find_server).
func (w *World) assign(i int32, x waiter) {
	c := &w.conns[i]
	p := c.pool
	a, t := p.alias, p.tally
	wait := w.now - x.asked
	a.assignments++
	a.waitTime += wait
	t.assigned++
	if wait > 0 {
		t.waited++
		t.waitSum += float64(wait)
	}
	t.wait.Add(time.Duration(wait))
	t.held -= w.now >> grain
	p.active++
	p.proc.serving++
	if n := p.active + p.queue.n; n > p.clients {
		p.clients = n
	}
	c.state, c.x, c.started = connActive, x, w.now
	l := &w.loads[x.load]
	hold := x.hold
	if l.slow != 1 {
		hold = int64(min(float64(hold)*l.slow, longest))
	}
	c.cpu = 0
	if l.cpu > 0 && p.srv.cpu != nil {
		c.cpu = int64(float64(hold) * l.cpu)
		hold -= c.cpu
	}
	if c.vanishing = x.vanish >= 0; c.vanishing {
		query := float64(hold) * (1 - l.idleOfRest)
		gone := int64(query * float64(x.vanish))
		c.rest = int64(query) - gone
		hold = gone
	}
	if hold > 0 || c.cpu == 0 || c.vanishing {
		w.cal.set(w.base+i, w.now+hold)
		return
	}
	c.state = connActiveCPU
	w.cal.clear(w.base + i)
	p.srv.cpu.enter(c.cpuSlot, c.cpu)
}

// done ends a transaction: PgBouncer books it now, the time it queued included.
func (w *World) done(i int32) {
	c := &w.conns[i]
	p := c.pool
	p.alias.xactTime += w.now - c.x.asked
	if p.alias.session {
		p.alias.xactTime -= int64(float64(w.now-c.started) * w.loads[c.x.load].spec.Idle)
	}
	p.tally.done++
	p.tally.held += w.now >> grain
	p.active--
	p.proc.serving--
	x := c.x
	w.release(i, false)
	if w.now >= p.proc.due {
		p.proc.loopPass()
	}
	if x.client >= 0 {
		w.think(x)
	}
}

// vanish is a client that goes away while its query runs: PgBouncer closes the connection, the backend works on.
// Nothing is booked: PgBouncer books a transaction when the server says that it has ended.
func (w *World) vanish(i int32) {
	c := &w.conns[i]
	p := c.pool
	p.tally.vanished++
	p.tally.held += w.now >> grain
	p.active--
	p.proc.serving--
	c.vanishing = false
	x := c.x
	w.orphan(i, c.rest)
	p.activate()
	w.goes(x)
}

// goes ends a client's try that led to nothing; a closed client thinks and tries again, after it has connected again:
// not at the same instant, at which it would be refused for ever.
func (w *World) goes(x waiter) {
	if x.client < 0 {
		return
	}
	w.think(x)
	if slot := w.loads[x.load].slot + x.client; w.cal.at(slot) < w.now+int64(time.Millisecond) {
		w.cal.set(slot, w.now+int64(time.Millisecond))
	}
}

// release gives a connection back (release_server): lifetime, except of one that has just logged in, and close_needed
// are enforced at once, and a waiter gets it whatever pool_size says (reuse_on_release).
func (w *World) release(i int32, fresh bool) {
	c := &w.conns[i]
	p := c.pool
	c.used = w.now
	old := !fresh && w.now-c.opened >= p.alias.lifetime && p.lifeOver()
	if old {
		p.lastLifeOver = w.now
	}
	if old || c.close {
		w.close(i)
		p.activate()
		return
	}
	if p.queue.n > 0 {
		w.assign(i, p.pop())
		if p.queue.n > 0 {
			p.activate()
		}
		return
	}
	p.rest(i)
}

// makesRoom wakes whoever waits under a cap that the pool shares: one of its connections has become idle, which evicts,
// or is gone.
func (p *pool) makesRoom() {
	if (p.alias.maxConns > 0 || p.user.limit > 0) && p.proc.waiting > p.queue.n {
		p.w.awake = p.proc
	}
}

// rest puts a connection into the idle list.
func (p *pool) rest(i int32) {
	w := p.w
	p.makesRoom()
	w.conns[i].state = connIdle
	w.cal.clear(w.base + i)
	if p.proc.roundRobin {
		p.idle = append(p.idle, 0)
		copy(p.idle[1:], p.idle)
		p.idle[0] = i
		return
	}
	p.idle = append(p.idle, i)
}

// lifeOver says whether one more connection may end of age: they end lifetime/pool_size apart (life_over).
func (p *pool) lifeOver() bool {
	return p.w.now-p.lastLifeOver >= p.alias.lifetime/int64(max(1, p.alias.size))
}

// activate is what each pass of PgBouncer's event loop does for a pool with waiters (per_loop_activate).
func (p *pool) activate() {
	w := p.w
	tested, used := p.tested, len(p.used)
	for n := p.queue.n; n > 0; n-- {
		switch {
		case len(p.idle) > 0:
			i := p.idle[len(p.idle)-1]
			p.idle = p.idle[:len(p.idle)-1]
			if w.conns[i].close {
				w.close(i)
				continue
			}
			w.assign(i, p.pop())
		case tested > 0:
			tested--
		case used > 0:
			used--
			p.recheck()
		default:
			p.launch(true)
			return
		}
	}
}

// due is when a pool with waiters may open a connection for no other reason than that time has passed: the reserve, or
// another try after a failed login. never: no time does it.
func (p *pool) due() int64 {
	switch {
	case p.queue.n == 0:
		return never
	case p.loginFailed:
		return p.lastConnect + p.proc.loginRetry
	case p.alias.reserve > 0 && p.proc.reserveTimeout > 0 && p.count < p.alias.size+p.alias.reserve:
		return p.queue.first().asked + p.proc.reserveTimeout
	default:
		return never
	}
}

// loopPass is one pass of the process's event loop in which some pool may be due (per_loop_maint). PgBouncer makes one
// whenever anything happens to the process, so a busy one notices at once, and a quiet one at its next tick.
func (p *process) loopPass() {
	p.due = never
	for _, q := range p.pools {
		if q.queue.n == 0 {
			continue
		}
		q.activate()
		if at := q.due(); at > q.w.now { // else it waits for a login's end, or for room under a cap, and is told
			p.due = min(p.due, at)
		}
	}
}

// recheck sends server_check_query over a connection that was idle for long (launch_recheck).
func (p *pool) recheck() {
	i := p.used[len(p.used)-1]
	p.used = p.used[:len(p.used)-1]
	p.tested++
	p.w.conns[i].state = connTested
	p.w.cal.set(p.w.base+i, p.w.now+int64(CheckLatency))
}
