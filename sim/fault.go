package sim

// strike begins a fault.
func (w *World) strike(n int32) {
	f := w.spec.Faults[n]
	w.faults[n] = f.label()
	w.change(f, 1)
	if f.For > 0 {
		w.note(w.now+int64(f.For), atRelief, n)
	}
	if f.Every > 0 {
		w.note(w.now+int64(f.Every), atFault, n)
	}
	w.struck = append(w.struck, w.faults[n])
	if f.Kind == PutBack {
		w.faults[n] = ""
	}
}

// relieve ends a fault.
func (w *World) relieve(n int32) {
	w.faults[n] = ""
	w.change(w.spec.Faults[n], -1)
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
func (w *World) change(f Fault, sign int) {
	switch f.Kind {
	case Autovacuum:
		c := w.server(f.Server).cpu
		c.setBackground(c.background + float64(sign)*f.Cores)
	case DirectConns:
		s := w.server(f.Server)
		s.wantDirect += sign * f.Conns
		s.setDirect(s.wantDirect)
	case Surge:
		w.eachLoad(f.Pool, func(l *load) {
			l.surge = scaled(l.surge, f.Times, sign)
			w.refactor(l)
		})
	case SlowPlan:
		w.eachLoad(f.Pool, func(l *load) { l.slow = scaled(l.slow, f.Times, sign) })
	case LostScrape:
		w.blind += sign
	case Silent:
		w.eachProcess(f.Process, func(p *process) { p.silent += sign })
	case SilentReload:
		w.eachProcess(f.Process, func(p *process) { p.deaf += sign })
	case Pile:
		w.eachProcess(f.Process, func(p *process) { p.avoided = sign > 0 })
		w.retargetAll()
	case HostLost:
		w.eachProcess(f.Process, func(p *process) {
			if sign > 0 {
				w.crash(p)
			} else {
				p.restart()
			}
		})
		w.retargetAll()
	case PutBack:
		_ = w.Do(Act{Verb: SetSize, Pool: f.Pool, Conns: f.Conns}) // New has checked it
	}
}

// scaled multiplies by times or divides by it. A factor that comes back to 1 but for rounding is 1.
func scaled(x, times float64, sign int) float64 {
	if sign > 0 {
		return x * times
	}
	if x /= times; x > 1-1e-12 && x < 1+1e-12 {
		return 1
	}
	return x
}

func (w *World) eachLoad(pool string, f func(*load)) {
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

// crash ends a process: its clients are cut, its idle connections end, and the queries that run work on for nobody.
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
			p.tally.held += w.now
			p.tally.refused++
			rest := w.cal.at(w.base+n) - w.now
			if c.vanishing {
				rest += c.rest
				c.vanishing = false
			}
			w.orphan(n, rest)
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

// restart brings a process back, with the file's settings and all its counters at 0.
func (p *process) restart() {
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
