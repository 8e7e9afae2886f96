package sim

import "slices"

// beginFault begins a fault.
func (w *World) beginFault(n int32) {
	f := w.spec.Faults[n]
	w.faults[n] = f.label()
	w.change(n, 1)
	if f.For > 0 {
		w.note(w.now+int64(f.For), atRelief, n)
	}
	if f.Every > 0 {
		w.note(w.now+int64(f.Every), atFault, n)
	}
	if !slices.Contains(w.struck, w.faults[n]) {
		w.struck = append(w.struck, w.faults[n])
	}
	if f.Kind == PutBack {
		w.faults[n] = ""
	}
}

// relieve ends a fault.
func (w *World) relieve(n int32) {
	w.faults[n] = ""
	w.change(n, -1)
}

// label names a fault for the timeline.
func (f Fault) label() string {
	for _, on := range []string{f.Process, f.Pool, f.Server} {
		if on != "" {
			return string(f.Kind) + " " + on
		}
	}
	return string(f.Kind)
}

// change applies a fault (sign 1) or takes it away again (−1). Faults of one kind add up.
func (w *World) change(n int32, sign int) {
	switch f := w.spec.Faults[n]; f.Kind {
	case Autovacuum:
		c := w.server(f.Server).cpu
		c.setBackground(c.background + float64(sign)*f.Cores)
	case DirectConns:
		s := w.server(f.Server)
		if sign > 0 {
			w.admitted[n] = s.addDirect(f.Conns)
		} else {
			s.dropDirect(w.admitted[n])
		}
	case Surge:
		w.eachLoad(f.Pool, func(l *demand) {
			l.surge = scaled(l.surge, f.Times, sign)
			w.refactor(l)
		})
	case SlowPlan:
		w.eachLoad(f.Pool, func(l *demand) { l.slow = scaled(l.slow, f.Times, sign) })
	case LostScrape:
		w.blind += sign
	case Silent:
		w.eachProcess(f.Process, func(p *process) { p.silent += sign })
	case SilentReload:
		w.eachProcess(f.Process, func(p *process) { p.deaf += sign })
	case Pile:
		w.eachProcess(f.Process, func(p *process) { p.avoided += sign })
		w.retargetAll()
	case HostLost:
		w.eachProcess(f.Process, func(p *process) {
			switch p.lost += sign; {
			case sign > 0 && p.lost == 1:
				w.crash(p)
			case sign < 0 && p.lost == 0:
				p.restart()
			}
		})
		w.retargetAll()
	case PutBack:
		w.each(f.Pool, func(a *alias) { // by a signal, which needs no console
			a.file.size = int64(f.Conns)
			w.reload(a.proc)
		})
	}
}

// scaled multiplies by times or divides by it. A factor that comes back to 1 but for rounding is 1.
func scaled(x, times float64, sign int) float64 {
	if sign > 0 {
		return min(x*times, 1e12) // beyond it there is nothing to tell apart
	}
	if x /= times; x > 1-1e-12 && x < 1+1e-12 {
		return 1
	}
	return x
}

func (w *World) eachLoad(pool string, f func(*demand)) {
	for i := range w.loads {
		if l := &w.loads[i]; l.spec.Pool == pool {
			f(l)
		}
	}
}

func (w *World) eachProcess(id string, f func(*process)) {
	for _, p := range w.processes {
		if id == "" || p.id == id {
			f(p)
		}
	}
}

func (w *World) retargetAll() {
	for i := range w.loads {
		w.retarget(&w.loads[i])
	}
}

// crash ends a process, and its sockets with it: its clients are cut, connections that run no query end, and the
// queries that run work on for nobody. (A host that loses its network leaves every backend to TCP's keepalive; that is
// another fault.)
func (w *World) crash(proc *process) {
	proc.up = false
	for i := range w.conns {
		c := &w.conns[i]
		if c.pool.proc != proc {
			continue
		}
		n := int32(i)
		switch c.state {
		case connLogin, connIdle, connUsed, connTested:
			w.close(n)
		case connActive, connActiveCPU:
			p, x := c.pool, c.x
			p.active--
			proc.serving--
			p.tally.held += w.now >> grain
			p.tally.refused++
			if rest, runs := w.query(c, n); runs {
				w.orphan(n, rest)
			} else {
				w.close(n)
			}
			w.goes(x)
		}
	}
	for _, p := range proc.pools {
		p.idle, p.used, p.tested = p.idle[:0], p.used[:0], 0
		for p.queue.n > 0 {
			w.refuse(p, p.pop())
		}
		p.ledger()
	}
}

// query returns how long the query of a connection still runs off the CPU; false if none does: assign lays a
// transaction out as query, idle time, and CPU work that belongs to the query where it does not sit idle in between.
func (w *World) query(c *conn, n int32) (rest int64, runs bool) {
	if c.state == connActiveCPU {
		return 0, true
	}
	rest = w.cal.at(w.base+n) - w.now
	if c.vanishing {
		c.vanishing = false
		return rest + c.rest, true
	}
	l := &w.loads[c.x.load]
	if l.spec.Idle == 0 {
		return rest, true
	}
	rest -= int64(float64(c.x.hold) * l.slow * l.spec.Idle)
	c.cpu = 0
	return rest, rest > 0
}

// restart brings a process back, with the file's settings and all its counters at 0.
func (p *process) restart() {
	p.restarts++
	p.up = true
	for _, a := range p.aliases {
		a.size, a.reserve, a.lifetime = int(a.file.size), int(a.file.reserve), a.file.lifetime
		a.xacts, a.assignments, a.xactTime, a.waitTime = 0, 0, 0, 0
		for _, q := range a.pools {
			q.welcome, q.loginFailed, q.lastConnect, q.clients, q.seen = false, false, 0, 0, false
			q.ledger()
		}
	}
}
