package sim

import (
	"math"
	"slices"
	"testing"
	"time"
)

// watched runs a world for d with everything that must always hold recomputed from scratch after every event: counts,
// the ledger, size limits, conservation and Little's law.
func watched(t *testing.T, w *World, d time.Duration) {
	t.Helper()
	v := &watcher{t: t, w: w, last: w.now, before: map[*pool]int{}, inside: map[*tally]int{}, area: map[*tally]float64{}}
	for _, x := range w.tallies {
		v.inside[x] = insideOf(w, x)
	}
	v.begin()
	w.after = v.check
	defer func() { w.after = nil }()
	if err := w.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	v.littlesLaw()
}

type watcher struct {
	t      *testing.T
	w      *World
	last   int64
	before map[*pool]int
	inside map[*tally]int
	area   map[*tally]float64 // ∫ clients inside dt
	// What Little's law needs: arrivals and ends before the watch, in time.
	sojourn map[*tally]float64
	ages    map[*tally]float64
	lost    map[*tally]int64 // who was inside at the last reset of the results
	down    bool             // a process was down: its counters began anew
}

func insideOf(w *World, x *tally) int {
	n := x.waiting
	for _, p := range w.linePools[x.id] {
		n += p.active
	}
	return n
}

// agesOf sums the ages of all clients inside.
func agesOf(w *World, x *tally) float64 {
	var sum float64
	for _, p := range w.linePools[x.id] {
		for k := range p.queue.n {
			sum += float64(w.now - p.queue.ring[(p.queue.head+k)&(len(p.queue.ring)-1)].asked)
		}
	}
	for i := range w.conns {
		if c := &w.conns[i]; c.pool.tally == x && (c.state == connActive || c.state == connActiveCPU) {
			sum += float64(w.now - c.x.asked)
		}
	}
	return sum
}

func (v *watcher) begin() {
	v.down = slices.ContainsFunc(v.w.processes, func(p *process) bool { return !p.up })
	v.ages, v.lost = map[*tally]float64{}, map[*tally]int64{}
	for _, x := range v.w.tallies {
		v.ages[x] = agesOf(v.w, x)
		v.lost[x] = int64(v.inside[x]) - (x.arrivals - x.done - x.timedOut - x.refused - x.vanished)
	}
	v.sojourn = map[*tally]float64{}
	for _, a := range v.w.aliases {
		v.sojourn[v.w.tallyOf[a.spec.ID]] -= float64(a.xactTime)
	}
}

func (v *watcher) check() {
	w, t := v.w, v.t
	if w.now < v.last {
		t.Fatalf("time went from %d back to %d", v.last, w.now)
	}
	for _, x := range w.tallies {
		v.area[x] += float64(v.inside[x]) * float64(w.now-v.last)
		v.inside[x] = insideOf(w, x)
		if x.arrivals-x.done-x.timedOut-x.refused-x.vanished+v.lost[x] != int64(v.inside[x]) {
			t.Fatalf("%s at %v: %+v with %d inside: somebody was lost", x.id, w.At(), x, v.inside[x])
		}
	}
	v.last = w.now
	for _, p := range w.processes {
		v.down = v.down || !p.up
	}
	v.counts()
}

func (v *watcher) counts() {
	w, t := v.w, v.t
	type sums struct{ conns, active, tested, login, idle, used int }
	pools := map[*pool]*sums{}
	backends, leaving, orphans, exiting := map[*server]int{}, map[*server]int{}, map[*server]int{}, map[*pool]int{}
	for _, p := range w.pools {
		pools[p] = &sums{}
	}
	for i := range w.conns {
		c := &w.conns[i]
		s, in := pools[c.pool], true
		switch c.state {
		case connFree:
			continue
		case connLogin:
			s.login++
		case connIdle:
			s.idle++
		case connUsed:
			s.used++
		case connTested:
			s.tested++
		case connActive, connActiveCPU:
			s.active++
		case connOrphan, connOrphanCPU:
			orphans[c.pool.srv]++
			in = false
		default:
			exiting[c.pool]++
			in = false
		}
		if in {
			s.conns++
		} else {
			leaving[c.pool.srv]++
		}
		if !c.doomed {
			backends[c.pool.srv]++
		}
	}
	aliases, users, tallies := map[*alias]int{}, map[*counter]int{}, map[*tally]int{}
	for p, s := range pools {
		if p.count != s.conns || p.active != s.active || p.tested != s.tested || len(p.idle) != s.idle ||
			len(p.used) != s.used || b2i(p.login >= 0) != s.login {
			t.Fatalf("at %v pool %s counts %d active %d tested %d idle %d used %d login %d, truly %+v", w.At(), p.tally.id,
				p.count, p.active, p.tested, len(p.idle), len(p.used), p.login, *s)
		}
		aliases[p.alias] += s.conns
		users[p.user] += s.conns
		tallies[p.tally] += s.conns
		// More connections than before only where the sizes allow it, one beyond where no login has succeeded yet.
		allowed := p.alias.size + p.alias.reserveCounts()
		if !p.welcome {
			allowed++
		}
		if before, ok := v.before[p]; ok && p.count > before && p.count > allowed {
			t.Fatalf("at %v pool %s grew from %d to %d, %d are allowed", w.At(), p.tally.id, before, p.count, allowed)
		}
		v.before[p] = p.count
	}
	for _, proc := range w.processes {
		waiting, serving := 0, 0
		for _, p := range proc.pools {
			waiting, serving = waiting+p.queue.n, serving+p.active
		}
		if proc.waiting != waiting || proc.serving != serving {
			t.Fatalf("%s counts %d waiting and %d served, truly %d and %d", proc.id, proc.waiting, proc.serving, waiting,
				serving)
		}
	}
	claims := map[*server]int{}
	for _, a := range w.aliases {
		if a.conns != aliases[a] {
			t.Fatalf("alias %s counts %d, truly %d", a.spec.ID, a.conns, aliases[a])
		}
		claim := a.worst()
		for _, p := range a.pools {
			if p.exiting != exiting[p] {
				t.Fatalf("%s counts %d about to end, truly %d", p.tally.id, p.exiting, exiting[p])
			}
		}
		if a.proc.spec.Settings.MaxUserConns > 0 {
			continue // below
		}
		claims[a.srv] += claim
	}
	for _, proc := range w.processes {
		if proc.spec.Settings.MaxUserConns > 0 {
			for _, srv := range w.servers {
				claims[srv] += proc.claimOn(srv)
			}
		}
	}
	for u, n := range users {
		if u.conns != n {
			t.Fatalf("a user counts %d, truly %d", u.conns, n)
		}
	}
	for x, n := range tallies {
		if x.conns != n {
			t.Fatalf("%s counts %d, truly %d", x.id, x.conns, n)
		}
	}
	for _, s := range w.servers {
		if s.backends != backends[s]+s.direct || s.leaving != leaving[s] || s.orphans != orphans[s] || s.claims != claims[s] {
			t.Fatalf("at %v server %s: backends %d closing %d orphans %d claims %d, truly %d %d %d %d", w.At(), s.spec.Name,
				s.backends, s.leaving, s.orphans, s.claims, backends[s]+s.direct, leaving[s], orphans[s], claims[s])
		}
		if s.backends > s.spec.MaxConns {
			t.Fatalf("%d backends of %d", s.backends, s.spec.MaxConns)
		}
		if over := s.spec.Budget > 0 && s.worst() > s.spec.Budget; over != s.over {
			t.Fatalf("at %v server %s: worst case %d of %d, over: %v", w.At(), s.spec.Name, s.worst(), s.spec.Budget, s.over)
		}
		if s.backends > s.worst() {
			t.Fatalf("at %v server %s: %d backends, the ledger has %d", w.At(), s.spec.Name, s.backends, s.worst())
		}
	}
}

// littlesLaw: the area under the clients inside is the sum of their times inside, those of the edges included. It is
// asked only where everybody who leaves is booked.
func (v *watcher) littlesLaw() {
	w := v.w
	v.check()
	for _, a := range w.aliases {
		v.sojourn[w.tallyOf[a.spec.ID]] += float64(a.xactTime)
	}
	for _, x := range w.tallies {
		if v.down || x.timedOut+x.refused+x.vanished > 0 || w.linePools[x.id][0].alias.session {
			continue
		}
		times := v.sojourn[x] + agesOf(w, x) - v.ages[x]
		if math.Abs(times-v.area[x]) > 1e-9*v.area[x]+1 {
			v.t.Errorf("%s: Little's law: area %.6g, times %.6g", x.id, v.area[x], times)
		}
	}
}
