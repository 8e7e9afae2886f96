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
	wantDirect   int // what they would be if each found a slot
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

// backendGone gives a slot back.
func (s *server) backendGone(p *pool) {
	s.backends--
	if p.role != nil {
		p.role.conns--
	}
}

// setDirect changes the connections past every PgBouncer; those that find no slot are refused, as any other.
func (s *server) setDirect(n int) {
	room := s.spec.MaxConns - s.spec.SuperuserReservedConns - s.spec.ReservedConns - (s.backends - s.direct)
	if n > room {
		s.tally.loginsRefused += int64(n - max(room, 0))
		n = max(room, 0)
	}
	s.backends += n - s.direct
	s.direct = n
	s.tally.maxBackends = max(s.tally.maxBackends, s.backends)
	s.judge(s.w.now)
}

// worst is what the pools, direct and orphaned backends may come to.
func (s *server) worst() int { return s.claims + s.direct + s.orphans }

// judge holds the worst case against the budget. It is called wherever one of its terms changes, which makes it as good
// as a look after every event.
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

// ledger brings the pool's alias up to date in its server's worst case:
// min(max_db_connections, Σ over users of max(pool_size + reserve_pool_size, open + about to end)), and never less than
// what is there. A backend that is about to end keeps its pool's place and not one more: a pool that renews an idle
// connection is not larger for it, and should the new one be faster than the old one's end, both are there and count.
func (p *pool) ledger() {
	a := p.alias
	claim, there := 0, 0
	for _, q := range a.pools {
		claim += max(a.size+a.reserveCounts(), q.count+q.exiting)
		there += q.count + q.exiting
	}
	if a.maxConns > 0 {
		claim = max(min(claim, a.maxConns), there)
	}
	a.srv.claims += claim - a.claim
	a.claim = claim
	a.srv.judge(p.w.now)
}

// reserveCounts is the reserve that may be opened at all.
func (a *alias) reserveCounts() int {
	if a.proc.reserveTimeout <= 0 {
		return 0
	}
	return a.reserve
}
