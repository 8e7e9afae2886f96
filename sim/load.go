package sim

import (
	"math"
	"math/rand/v2"
)

// load is one stream of transactions. What every arrival needs comes first and lies together.
type demand struct {
	slot       int32 // of its next arrival; the slots of closed clients follow one another from here
	since      int64
	work       float64 // what is left until the next arrival at `since`, in mean gaps at factor 1 and a flat shape
	perNs      float64 // arrivals per ns at factor 1
	factor     float64 // bursts and surges
	shape      shape   // nil: flat
	only       *pool   // where every transaction goes, if there is just one place
	vanishes   float64 // probability that a client vanishes
	slow       float64 // slow plans: holds × this
	cpu        float64 // share of a hold that is CPU time
	gaps       stream
	holds      stream
	gap        sampler // with mean 1 s
	hold       sampler
	think      sampler
	routes     stream
	fates      stream // who vanishes
	bursts     stream // of bursts
	targets    []target
	moves      []move // the switches in front of it
	surge      float64
	burst      float64
	high       bool
	idleOfRest float64 // share of the time off the CPU in which no query runs
	clients    []client
	spec       LoadSpec
}

// move is where a switch sends a share of a load.
type move struct {
	share   float64
	targets []target
}

// target is one pool of the line with the cumulated share of the load that it gets.
type target struct {
	upTo float64
	pool *pool
}

// client is one closed client. It has its own stream: what one draws must not hang on how fast the others are.
type client struct {
	draws stream
	home  *pool   // where it is connected; nil: nowhere
	at    float64 // its place in the balancer's order, 0..1
}

// factorNow is the rate relative to PerSec, the shape over time apart.
func (l *demand) factorNow() float64 { return l.burst * l.surge }

// schedule sets the next arrival from what is left of the gap.
func (w *World) schedule(l *demand) {
	rate := l.perNs * l.factor
	if rate <= 0 {
		w.cal.clear(l.slot)
		return
	}
	if l.shape != nil {
		w.cal.set(l.slot, l.shape.after(l.since, l.work/rate))
		return
	}
	t := float64(l.since) + l.work/rate
	if t >= longest {
		w.cal.clear(l.slot)
		return
	}
	w.cal.set(l.slot, int64(t))
}

// refactor changes the rate from now on: what is left of the gap stays, measured in arrivals. For Poisson arrivals that
// is exact, and it keeps the draws of two worlds in step.
func (w *World) refactor(l *demand) {
	passed := float64(w.now - l.since)
	if l.shape != nil {
		passed = l.shape.between(l.since, w.now)
	}
	l.work = max(0, l.work-passed*l.perNs*l.factor)
	l.since, l.factor = w.now, l.factorNow()
	w.schedule(l)
}

// arrival brings one transaction of an open load and schedules the next.
func (w *World) arrival(n int32) {
	l := &w.loads[n]
	l.work, l.since = l.gap.unit(&l.gaps.rand), w.now
	w.schedule(l)
	x := waiter{asked: w.now, hold: l.hold.draw(&l.holds.rand), load: n, client: -1, vanish: -1}
	w.send(l, x, &l.routes.rand, nil)
}

// send routes a transaction to one of its load's pools and lets it arrive there. home is where a closed client is
// connected; nil: anywhere.
func (w *World) send(l *demand, x waiter, routes *rand.Rand, home *pool) {
	if l.vanishes > 0 {
		fates := &l.fates.rand
		if u, v := fates.Float64(), fates.Float64(); u < l.vanishes {
			x.vanish = float32(v)
		}
	}
	if l.only != nil {
		l.only.arrive(x)
		return
	}
	targets := l.targets
	moved := false
	for i := range l.moves {
		if moved = routes.Float64() < l.moves[i].share; moved {
			targets = l.moves[i].targets
			break
		}
	}
	if !moved && home != nil {
		home.arrive(x)
		return
	}
	if p := placeOf(targets, routes.Float64()); p != nil {
		p.arrive(x)
		return
	}
	w.lost(l, x)
}

// lost is a transaction that finds no process to go to.
func (w *World) lost(l *demand, x waiter) {
	t := w.tallyOf[l.spec.Pool]
	t.arrivals++
	t.refused++
	w.goes(x)
}

// think lets a closed client think and ask again.
func (w *World) think(x waiter) {
	l := &w.loads[x.load]
	c := &l.clients[x.client]
	w.cal.set(l.slot+x.client, w.now+l.think.draw(&c.draws.rand))
}

// ask is a closed client that has thought.
func (w *World) ask(n, k int32) {
	l := &w.loads[n]
	c := &l.clients[k]
	w.cal.clear(l.slot + k)
	w.send(l, waiter{asked: w.now, hold: l.hold.draw(&c.draws.rand), load: n, client: k, vanish: -1}, &c.draws.rand,
		c.home)
}

// switchBurst changes the state of a load's bursts and notes when it changes again.
func (w *World) switchBurst(n int32) {
	l := &w.loads[n]
	b := l.spec.Open.Burst
	l.high = !l.high
	stay := b.LowMean
	l.burst = b.Low
	if l.high {
		stay, l.burst = b.HighMean, b.High
	}
	w.note(w.now+int64(min(l.bursts.rand.ExpFloat64()*float64(stay), longest)), atBurst, n)
	w.refactor(l)
}

// retarget works out anew where a load's transactions go: after a host was lost, clients piled up, or the switch moved.
func (w *World) retarget(l *demand) {
	l.targets = w.targetsOf(l.spec.Pool)
	l.moves = nil
	for i, s := range w.spec.Shifts {
		if s.From == l.spec.Pool {
			l.moves = append(l.moves, move{s.Fraction * w.shares[i] / 100, w.targetsOf(s.To)})
		}
	}
	for i := range l.clients { // who is connected stays: a host that comes back waits for its clients to reconnect
		switch c := &l.clients[i]; {
		case c.home == nil:
			c.move(placeOf(l.targets, c.at))
		case !c.home.proc.reachable():
			_, at := math.Modf(float64(i) * math.Phi) // neighbours in the old order go to different siblings
			c.move(placeOf(l.targets, at))
		}
	}
	l.only = nil
	if len(l.targets) == 1 && len(l.moves) == 0 {
		l.only = l.targets[0].pool
	}
}

// move connects a client elsewhere.
func (c *client) move(p *pool) {
	if c.home != nil {
		c.home.closed--
	}
	if c.home = p; p != nil {
		p.closed++
	}
}

// placeOf returns the pool at a place in the balancer's order, nil where there is none.
func placeOf(targets []target, at float64) *pool {
	for i := range targets {
		if at < targets[i].upTo {
			return targets[i].pool
		}
	}
	if n := len(targets); n > 0 {
		return targets[n-1].pool
	}
	return nil
}

// reachable reports whether clients go there.
func (p *process) reachable() bool { return p.up && p.avoided == 0 }

// targetsOf returns a pool's pools of the line with their cumulated shares: balancer's weight × user's share, of the
// processes that clients can reach.
func (w *World) targetsOf(id string) []target {
	var out []target
	var sum float64
	for _, p := range w.linePools[id] {
		weight := p.proc.weight * p.share
		if !p.proc.reachable() || weight <= 0 {
			continue
		}
		sum += weight
		out = append(out, target{sum, p})
	}
	for i := range out {
		out[i].upTo /= sum
	}
	return out
}
