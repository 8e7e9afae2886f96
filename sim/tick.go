package sim

import "time"

// tickPeriod is PgBouncer's maintenance period. Source: janitor.c:28, full_maint_period = USEC/3.
const tickPeriod = 333333 * 1000

// tick is one full maintenance of a process (do_full_maint): pool by pool first its servers, then its clients.
func (w *World) tick(proc *process) {
	if !proc.up {
		return
	}
	for _, p := range proc.pools {
		p.maintainServers()
		p.maintainClients()
		if p.queue.n > 0 {
			p.activate()
		}
	}
}

// maintainServers closes what is too old, too idle or too much (pool_server_maint).
func (p *pool) maintainServers() {
	if p.count == 0 && p.alias.minConns == 0 {
		return
	}
	p.used = p.sweep(p.used, false)
	p.idle = p.sweep(p.idle, true)
	p.shrink()
}

// sweep goes over a list of unused connections, the most recently used first (check_unused_servers), and returns those
// that stay in it. testing moves those idle for server_check_delay to the used list.
func (p *pool) sweep(list []int32, testing bool) []int32 {
	w, proc := p.w, p.proc
	if len(list) == 0 {
		return list
	}
	stay := list[:0]
	// The list is read in its own order; who goes first matters only for lifetime, whose pace lets one go at a time.
	for n := len(list) - 1; n >= 0; n-- {
		i := list[n]
		c := &w.conns[i]
		idle := w.now - c.used
		switch {
		case c.close:
		case proc.idleTimeout > 0 && idle > proc.idleTimeout && (p.alias.minConns == 0 || p.connected() > p.alias.minConns):
		case w.now-c.opened >= p.alias.lifetime:
			if !p.lifeOver() {
				continue
			}
			p.lastLifeOver = w.now
		case testing && idle > proc.checkDelay:
			c.state = connUsed
			p.used = append(p.used, i)
			list[n] = -1
			continue
		default:
			continue
		}
		list[n] = -1
		w.close(i)
	}
	for _, i := range list {
		if i >= 0 {
			stay = append(stay, i)
		}
	}
	return stay
}

// connected is every connection but the one that logs in (pool_connected_server_count).
func (p *pool) connected() int { return p.count - b2i(p.login >= 0) }

// shrink closes unused connections above pool_size plus reserve_pool_size, and opens one below min_pool_size
// (check_pool_size). Connections that serve somebody are never closed here.
func (p *pool) shrink() {
	w, a := p.w, p.alias
	for many := p.connected() - a.size - a.reserve; many > 0; many-- {
		list := &p.used
		if len(p.used) == 0 {
			list = &p.idle
		}
		n := len(*list)
		if n == 0 {
			break
		}
		i := (*list)[n-1]
		*list = (*list)[:n-1]
		w.close(i)
	}
	if n := p.connected(); n < a.minConns && n < a.size && (p.seen || a.forced && p.proc.since121) {
		p.launch(false)
	}
}

// maintainClients sends away who has waited longer than query_wait_timeout (pool_client_maint). All wait equally long
// at most, so the first in line are those.
func (p *pool) maintainClients() {
	limit := p.alias.waitTimeout
	for limit > 0 && p.queue.n > 0 && p.w.now-p.queue.first().asked > limit {
		x := p.pop()
		p.tally.timedOut++
		p.tally.unmet.Add(time.Duration(p.w.now - x.asked))
		p.tally.unmetSum += float64(p.w.now - x.asked)
		p.w.goes(x)
	}
}
