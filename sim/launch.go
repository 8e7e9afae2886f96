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
		for evict && u.conns >= u.limit && w.evict(p.proc.pools, p) {
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

// evict closes the idle connection that was used least recently among the pools (of the same credentials as one, where
// it is set), used ones only of pools without waiters (evict_connection, evict_user_connection).
func (w *World) evict(pools []*pool, as *pool) bool {
	var from *pool
	var oldest int64 = never
	fromUsed := false
	for _, p := range pools {
		if as != nil && !as.sameCredentials(p) {
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

// sameCredentials reports whether two pools of a process log in with the same credentials object: a forced user has one
// of its own in each alias, even where connections count against one limit (force_user_credentials, objects.c:602).
func (p *pool) sameCredentials(q *pool) bool {
	if p.alias.forced || q.alias.forced {
		return p.alias == q.alias
	}
	return p.name == q.name
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
		w.leave(i, connExiting)
		w.backendEnd(i)
		if p.hopeless() {
			for p.queue.n > 0 {
				w.refuse(p, p.pop())
			}
		}
		p.activate()
		p.proc.due = min(p.proc.due, p.due())
		return
	}
	p.loginFailed, p.welcome, p.served = false, true, true
	w.release(i, true)
	p.activate()
}

// hopeless reports whether a failed login sends the pool's waiters away (kill_pool_logins): from 1.22 on when it has no
// connection that will last, before only clients that never saw a server, which is to say in a pool that never had one.
func (p *pool) hopeless() bool {
	if p.proc.since122 {
		return p.count == 0 || !p.welcome
	}
	return !p.served
}
