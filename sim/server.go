package sim

// server is one PostgreSQL server.
type server struct {
	w            *World
	spec         ServerSpec
	cpu          *cpu // nil: not modelled
	loginLatency int64
	exitLatency  int64
	backends     int // slots taken: pool connections, logins, those that were let go, direct ones
	direct       int
	leaving      int // let go by PgBouncer and not ended, orphans included
	orphans      int // of them, those whose client vanished in mid-query
	claims       int // worst case of all pools
	over         bool
	overSince    int64
	tally        serverTally
}

// loginStart is a login that begins. A backend that finds no slot at all is refused when it gets to say so.
func (s *server) loginStart(c *conn) {
	if s.backends >= s.spec.MaxConns {
		c.doomed = true
		return
	}
	s.backends++
	if r := c.pool.role; r != nil {
		r.conns++
	}
	s.tally.maxBackends = max(s.tally.maxBackends, s.backends)
}

// loginPasses tells whether PostgreSQL lets a login in at its end: with the slots taken so far, this one's included,
// those reserved must be left (InitPostgres, HaveNFreeProcs), and the role's limit holds.
func (s *server) loginPasses(c *conn) bool {
	free := s.spec.MaxConns - s.backends
	limited := c.pool.role != nil && c.pool.role.conns > c.pool.role.limit
	if c.doomed || limited || free < s.spec.SuperuserReservedConns+s.spec.ReservedConns {
		s.tally.loginsRefused++
		return false
	}
	return true
}

// backendGone gives back what the connection took, which is nothing where its login found no slot.
func (s *server) backendGone(c *conn) {
	if c.doomed {
		return
	}
	s.backends--
	if r := c.pool.role; r != nil {
		r.conns--
	}
}

// addDirect brings n connections past every PgBouncer and returns how many found a slot. The others are refused, as
// any login is, and do not try again.
func (s *server) addDirect(n int) int {
	room := s.spec.MaxConns - s.spec.SuperuserReservedConns - s.spec.ReservedConns - s.backends
	in := min(n, max(room, 0))
	s.tally.loginsRefused += int64(n - in)
	s.backends += in
	s.direct += in
	s.tally.maxBackends = max(s.tally.maxBackends, s.backends)
	s.judge(s.w.now)
	return in
}

// dropDirect takes n of them away.
func (s *server) dropDirect(n int) {
	s.backends -= n
	s.direct -= n
	s.judge(s.w.now)
}

// worst is what the pools, direct and orphaned backends may come to.
func (s *server) worst() int { return s.claims + s.direct + s.orphans }

// judge holds the worst case against the budget. It is called wherever one of its terms changes, which makes it as good
// as a sample after every event.
func (s *server) judge(now int64) {
	worst := s.worst()
	s.tally.worst = max(s.tally.worst, worst)
	over := s.spec.Budget > 0 && worst > s.spec.Budget
	switch {
	case over && !s.over:
		s.over, s.overSince = true, now
		s.tally.violations++
	case !over && s.over:
		s.over = false
		s.tally.overBudget += now - max(s.overSince, s.w.since)
	}
}

// ledger brings the pool's part of its server's worst case up to date. Of one process that is the lesser of
//
//	Σ over aliases of min(max_db_connections, Σ over users of room)
//	Σ over users of min(max_user_connections, Σ over aliases of room), where such a limit is set
//
// with room = max(pool_size + reserve_pool_size, open + about to end), and never less than what is there. A backend
// that is about to end keeps its pool's place and not one more: a pool that renews an idle connection is not larger for
// it, and should the new one be faster than the old one's end, both are there and count.
func (p *pool) ledger() {
	a := p.alias
	before := a.claim
	a.claim = a.worst()
	if p.proc.spec.Settings.MaxUserConns == 0 {
		p.srv.claims += a.claim - before
	} else {
		claim := p.proc.claimOn(p.srv)
		p.srv.claims += claim - p.proc.claims[p.srv]
		p.proc.claims[p.srv] = claim
	}
	p.srv.judge(p.w.now)
}

// room is what one pool may take.
func (p *pool) room() int {
	return max(p.alias.size+p.alias.reserveCounts(), p.count+p.exiting)
}

// worst is what an alias's pools may take together.
func (a *alias) worst() int {
	claim, there := 0, 0
	for _, q := range a.pools {
		claim += q.room()
		there += q.count + q.exiting
	}
	if a.maxConns > 0 {
		claim = max(min(claim, a.maxConns), there)
	}
	return claim
}

// claimOn is the process's part of a server's worst case, where users have a limit.
func (p *process) claimOn(s *server) int {
	byAlias, byUser := 0, 0
	for _, a := range p.aliases {
		if a.srv == s {
			byAlias += a.claim
		}
	}
	users := map[*counter]struct{ room, there int }{}
	for _, q := range p.pools {
		if q.srv == s {
			u := users[q.user]
			u.room += q.room()
			u.there += q.count + q.exiting
			users[q.user] = u
		}
	}
	for c, u := range users {
		byUser += max(min(u.room, c.limit), u.there)
	}
	return min(byAlias, byUser)
}

// reserveCounts is the reserve that may be opened at all.
func (a *alias) reserveCounts() int {
	if a.proc.reserveTimeout <= 0 {
		return 0
	}
	return a.reserve
}
