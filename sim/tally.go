package sim

import (
	"math"
	"slices"
	"time"
)

// tally counts what happens to one pool_size line, all its pools of the line together.
type tally struct {
	id                                                  string
	arrivals, done, assigned, waited, timedOut, refused int64
	vanished, loginsFailed                              int64
	waitSum, unmetSum                                   float64
	wait, unmet                                         Histogram // unmet: of those sent away by query_wait_timeout
	// Σ of ends − Σ of starts in ticks of 1024 ns: plus now × active it is the time held
	held                int64
	heldBefore          int64 // what that was at the last reset
	waiting, maxWaiting int
	conns, maxConns     int
	sampledAssigned     int64
	sampledWait         float64
}

// serverTally counts what happens to one server.
type serverTally struct {
	maxBackends, worst        int
	loginsRefused, violations int64
	capViolations             int64
	overBudget                int64
	orphans                   int64
	usedBefore, sampledUsed   float64 // core-ns
	maxCPU                    float64
}

// grain is the unit in which held times are added up, 2^grain ns. chosen: 10, because a thousand
// connections held for decades still fit into an int64.
const grain = 10

// heldTime is the connection-time that transactions have held so far. Sums of times wrap around, differences do not.
func (w *World) heldTime(t *tally) int64 {
	held := t.held
	for _, p := range w.linePools[t.id] {
		held += int64(p.active) * (w.now >> grain)
	}
	return held
}

// ResetResults begins a new count: the end of the warm-up.
func (w *World) ResetResults() {
	w.since, w.sampled, w.struck = w.now, w.now, w.struck[:0]
	w.total.maxConns, w.total.maxWaiting = w.total.conns, w.total.waiting
	for _, t := range w.tallies {
		*t = tally{id: t.id, held: t.held, heldBefore: w.heldTime(t), waiting: t.waiting, maxWaiting: t.waiting,
			conns: t.conns, maxConns: t.conns}
	}
	for _, s := range w.servers {
		s.tally = serverTally{maxBackends: s.backends, worst: s.worst()}
		if s.over {
			s.tally.violations = 1
		}
		for _, c := range w.caps {
			if c.srv == s && c.over {
				s.tally.capViolations++
			}
		}
		if s.cpu != nil {
			s.tally.usedBefore = s.cpu.used()
			s.tally.sampledUsed = s.tally.usedBefore
		}
	}
}

// Results returns what was counted since the last ResetResults. The caller owns it.
func (w *World) Results() Results {
	span := w.now - w.since
	r := Results{Span: time.Duration(span), Events: w.events, Total: PoolResults{ID: "total"}}
	for _, t := range w.tallies {
		p := PoolResults{ID: t.id, Arrivals: t.arrivals, Done: t.done, Assigned: t.assigned, Waited: t.waited,
			TimedOut: t.timedOut,
			Refused:  t.refused, Vanished: t.vanished, WaitSum: t.waitSum / 1e9, Unserved: t.waiting, MaxWaiting: t.maxWaiting,
			MaxConns:     t.maxConns,
			LoginsFailed: t.loginsFailed}
		p.Wait.Merge(t.wait)
		p.Unmet.Merge(t.unmet)
		p.UnmetSum = t.unmetSum / 1e9
		for _, q := range w.linePools[t.id] {
			for i := range q.queue.n {
				age := w.now - q.queue.at(i).asked
				p.Unmet.Add(time.Duration(age))
				p.UnmetSum += float64(age) / 1e9
			}
		}
		if span > 0 {
			p.BusyErlangs = float64(w.heldTime(t)-t.heldBefore) * (1 << grain) / float64(span)
		}
		r.Pools = append(r.Pools, p)
		r.Total.add(p)
	}
	r.Total.MaxWaiting, r.Total.MaxConns = w.total.maxWaiting, w.total.maxConns
	for _, s := range w.servers {
		r.Servers = append(r.Servers, s.results(w))
	}
	return r
}

func (p *PoolResults) add(q PoolResults) {
	p.Arrivals += q.Arrivals
	p.Done += q.Done
	p.Assigned += q.Assigned
	p.Waited += q.Waited
	p.TimedOut += q.TimedOut
	p.Refused += q.Refused
	p.Vanished += q.Vanished
	p.Wait.Merge(q.Wait)
	p.Unmet.Merge(q.Unmet)
	p.UnmetSum += q.UnmetSum
	p.BusyErlangs += q.BusyErlangs
	p.WaitSum += q.WaitSum
	p.Unserved += q.Unserved
	p.LoginsFailed += q.LoginsFailed
}

func (s *server) results(w *World) ServerResults {
	t := s.tally
	r := ServerResults{Name: s.spec.Name, MaxBackends: t.maxBackends, LoginsRefused: t.loginsRefused,
		BudgetViolations: t.violations, CapViolations: t.capViolations,
		OverBudget: time.Duration(t.overBudget), WorstConns: t.worst, Orphans: t.orphans, CPUMean: math.NaN(),
		CPUMax: math.NaN()}
	if s.over {
		r.OverBudget += time.Duration(w.now - max(s.overSince, w.since))
	}
	if s.cpu != nil && w.now > w.since {
		r.CPUMean = (s.cpu.used() - t.usedBefore) / float64(w.now-w.since) / s.spec.Cores
		r.CPUMax = max(t.maxCPU, r.CPUMean)
	}
	return r
}

// Sample returns the gauges now and the rates since the last Sample. The caller owns it.
func (w *World) Sample() Sample {
	out := Sample{At: time.Duration(w.now)}
	span := float64(w.now - w.sampled)
	for _, s := range w.servers {
		x := ServerSample{Name: s.spec.Name, Backends: s.backends, Direct: s.direct, Leaving: s.leaving, Worst: s.worst(),
			Budget: s.spec.Budget, MaxConns: s.spec.MaxConns, CPU: math.NaN()}
		if s.cpu != nil && span > 0 {
			used := s.cpu.used()
			x.CPU = (used - s.tally.sampledUsed) / span / s.spec.Cores
			s.tally.sampledUsed = used
			s.tally.maxCPU = max(s.tally.maxCPU, x.CPU)
		}
		out.Servers = append(out.Servers, x)
	}
	for _, t := range w.tallies {
		x := PoolSample{ID: t.id, Conns: t.conns, Waiting: t.waiting}
		sizes := map[int]int{}
		for _, p := range w.linePools[t.id] {
			x.Active += p.active
			x.Allowed += p.alias.size
			x.Server = p.srv.spec.Name
			sizes[p.alias.size]++
			if n := sizes[p.alias.size]; n > sizes[x.Size] || n == sizes[x.Size] && p.alias.size > x.Size {
				x.Size = p.alias.size
			}
		}
		if n := t.assigned - t.sampledAssigned; n > 0 {
			x.WaitAvg = time.Duration((t.waitSum - t.sampledWait) / float64(n))
		}
		t.sampledAssigned, t.sampledWait = t.assigned, t.waitSum
		out.Pools = append(out.Pools, x)
	}
	for _, f := range slices.Concat(w.faults, w.struck) {
		if f != "" && !slices.Contains(out.Faults, f) {
			out.Faults = append(out.Faults, f)
		}
	}
	w.struck = w.struck[:0]
	w.sampled = w.now
	return out
}
