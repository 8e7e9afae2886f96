package sim

// launch opens one more connection if the pool may have one (launch_new_connection): one login at a time, none within
// server_login_retry of a failed one, up to pool_size once a login has succeeded, beyond it from the reserve when the
// first waiter has waited long enough, and never above max_db_connections and max_user_connections, for which idle
// connections of the same alias or user make room.
func (p *pool) launch(evict bool) {
	w, a := p.w, p.alias
	if p.login >= 0 || !p.proc.up {
		return
	}
	if p.loginFailed && w.now-p.lastConnect < p.proc.loginRetry {
		return
	}
	if p.count >= a.size && p.welcome && !p.mayUseReserve() {
		return
	}
	if a.maxConns > 0 {
		for evict && a.conns >= a.maxConns && w.evict(a.pools, nil) {
		}
		if a.conns >= a.maxConns {
			return
		}
	}
	if u := p.user; u.limit > 0 {
		for evict && u.conns >= u.limit && w.evict(p.proc.pools, u) {
		}
		if u.conns >= u.limit {
			return
		}
	}
	p.lastConnect = w.now
	p.login = p.take()
	p.srv.loginStart(&w.conns[p.login])
	p.ledger()
	w.cal.set(w.base+p.login, w.now+p.srv.loginLatency)
}

// mayUseReserve reports whether the reserve may be opened for the first waiter.
func (p *pool) mayUseReserve() bool {
	a := p.alias
	return a.reserve > 0 && p.proc.reserveTimeout > 0 && p.queue.n > 0 && p.count < a.size+a.reserve &&
		p.w.now-p.queue.first().asked >= p.proc.reserveTimeout
}

// evict closes the idle connection that was used least recently among the pools (of one user, where u is set), used
// ones only of pools without waiters (evict_connection, evict_user_connection).
func (w *World) evict(pools []*pool, u *counter) bool {
	var from *pool
	var oldest int64 = never
	fromUsed := false
	for _, p := range pools {
		if u != nil && p.user != u {
			continue
		}
		if len(p.idle) > 0 && w.conns[p.idle[0]].used < oldest {
			from, oldest, fromUsed = p, w.conns[p.idle[0]].used, false
		}
		if p.queue.n == 0 && len(p.used) > 0 && w.conns[p.used[0]].used < oldest {
			from, oldest, fromUsed = p, w.conns[p.used[0]].used, true
		}
	}
	if from == nil {
		return false
	}
	list := &from.idle
	if fromUsed {
		list = &from.used
	}
	i := (*list)[0]
	*list = append((*list)[:0], (*list)[1:]...)
	w.close(i)
	return true
}

// loginEnd ends a login. When PostgreSQL refuses it, waiters of a pool that has no connection at all are sent away
// (kill_pool_logins), and the next try comes server_login_retry after this one began.
func (w *World) loginEnd(i int32) {
	c := &w.conns[i]
	p := c.pool
	p.login = -1
	if !p.srv.loginPasses(c) {
		p.loginFailed = true
		p.tally.loginsFailed++
		doomed := c.doomed
		w.leave(i, connExiting)
		if doomed {
			p.srv.backends++ // backendEnd takes off what it never took
		}
		w.backendEnd(i)
		if p.count == 0 || !p.welcome {
			for p.queue.n > 0 {
				w.refuse(p, p.pop())
			}
		}
		p.activate()
		p.proc.due = min(p.proc.due, p.due())
		return
	}
	p.loginFailed, p.welcome = false, true
	w.release(i)
	p.activate()
}
