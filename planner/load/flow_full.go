package load

import (
	"fmt"
	"math"
)

// Thresholds of what a full pool may hide.
const (
	leastServed = 10  // transactions. chosen: 10, because a mean hold of fewer is off by a third
	seldomFull  = 0.1 // share of samples. chosen: a tenth, because bursts then make more of what is alike than queues
	// share of a load. chosen: a quarter, because a minute's counters leave several times less open
	hiddenShare = 0.25
)

// fromFull repairs what a full pool hides. Open clients come whether they are served or not, so their load is arrivals
// × hold (flow balance). Closed clients wait instead of coming again: where that may be much, only what was busy is
// sure.
func (l *flowLoad) fromFull(v flowView) {
	busy, hold := l.busySeconds/l.window.Seconds(), l.hold()
	if l.served < leastServed {
		l.bound(v, busy, hold)
		return
	}
	l.method = MethodFlowBalance
	l.erlangs = l.perSec * hold
	ratio := float64(l.xacts) / l.served
	least := l.erlangs * l.erlangs * (1/float64(max(1, l.xacts)) + 1/l.served)
	value, like := func(iv Interval) float64 {
		return hold*float64(iv.Xacts) + ratio*(iv.Busy.Seconds()-hold*l.servedIn(v, iv))
	}, 0.0
	if l.fullShare() <= seldomFull { // else the queue makes neighbours alike, whatever comes
		like = alike(v.Intervals, value)
	}
	l.below, l.above = spread(v.Intervals, l.erlangs, least, like, value)
	if l.timedOut > 0 || v.sendsAway() {
		l.blur(v, ratio)
	} else {
		l.askLess(v, l.erlangs, hold, v.Intervals, func(iv Interval) float64 { return float64(iv.Xacts) }, Level.all)
	}
	if l.hidden || l.stands(v, l.fullShare(), Level.all) && (!l.told || v.asksMoreFree()) {
		l.fromClosed(v, busy, hold)
		return
	}
	if share := l.fullShare(); share > 0.5 {
		what := fmt.Sprintf("a queue of %d", v.samples[len(v.samples)-1].Waiting)
		if l.timedOut > 0 {
			what += fmt.Sprintf(" and about %.0f time-outs", l.timedOut)
		}
		l.notes = append(l.notes,
			fmt.Sprintf("%s/%s was full at %.0f %% of the samples: its load is inferred from %.3g busy connections, %s (%s)",
				v.Process, v.Alias, 100*share, busy, what, l.method))
	}
}

// servedIn is how many transactions ended in one interval, about.
func (l *flowLoad) servedIn(v flowView, iv Interval) float64 {
	switch {
	case iv.Assigned >= 0:
		return float64(iv.Assigned - int64(iv.Active))
	case l.timedOut > 0 && iv.saturated():
		return l.servedFull * iv.Waited.Seconds() / max(1e-9, l.waitedFull)
	default:
		return float64(iv.Xacts - int64(iv.Growth))
	}
}

// blur widens by what the waits of the transactions open at the ends of the window are not known: where waiters are
// sent away on a grid, the head's age jumps by it.
func (l *flowLoad) blur(v flowView, ratio float64) {
	conns := float64(max(v.samples[0].Active, v.samples[len(v.samples)-1].Active))
	blur := Z95 * conns * (waitTick / 2).Seconds() * math.Sqrt(2.0/12) * ratio / l.window.Seconds()
	l.below, l.above = math.Hypot(l.below, blur), math.Hypot(l.above, blur)
}

// fromClosed says what clients that wait instead of asking more leave to be known: at least what was busy, at most what
// they would ask if none had to wait; or the interactive law N·S/(Z+S), where the think time Z that the time without a
// queue shows is that of the time with one.
func (l *flowLoad) fromClosed(v flowView, busy, hold float64) {
	clients, free, full, ok := thinkTimes(v)
	if !ok || !l.stands(v, l.fullShare(), Level.all) || math.Abs(free-full) > thinkMatch*full {
		l.bound(v, busy, hold)
		return
	}
	l.method = MethodInteractive
	l.perSec = clients / (free + hold)
	scale := l.perSec * hold / max(l.erlangs, 1e-9)
	apart := math.Abs(clients*hold/(full+hold) - l.perSec*hold)
	l.erlangs = l.perSec * hold
	l.below, l.above, l.open = l.below*scale+apart, l.above*scale+apart, 0
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s was full: its load is that of %.0f clients that think %.3g s between transactions (%s)",
			v.Process, v.Alias, clients, free, l.method))
}

// thinkMatch is how far two think times of the same clients may lie apart. chosen: 0.1, because it moves a load by less
// than that.
const thinkMatch = 0.1

// bound is what is sure where demand is hidden.
func (l *flowLoad) bound(v flowView, busy, hold float64) {
	top := max(busy, l.perSec*hold) + l.above + l.open
	if l.served < leastServed { // no hold is known: each client who has a connection or waits for one asks for one at most
		var inside float64
		for _, s := range v.samples {
			inside = max(inside, float64(s.Active+s.Waiting))
		}
		top = max(busy, inside) + l.open
	}
	l.atLeast, l.method, l.erlangs = true, MethodBusy, max(0, busy)
	if l.served >= leastServed { // a queue that shrinks was made earlier: what is busy now is more than what comes
		l.erlangs = min(l.erlangs, l.perSec*hold)
	}
	if l.below == 0 {
		l.below = Z95 * math.Sqrt(2*l.erlangs*hold/l.window.Seconds())
	}
	l.above, l.open = max(0, top-l.erlangs), 0
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s was full at %.0f %% of the samples, and waiting clients may ask for less: its load is at least "+
			"%.3g Erlangs (%.3g clients in the system)",
			v.Process, v.Alias, 100*l.fullShare(), l.erlangs, l.inSystem))
}

// asksMoreFree reports whether more was asked while the pool was not full than while it was: open clients ask alike.
func (v flowView) asksMoreFree() bool {
	_, _, _, ok := thinkTimes(v)
	return ok
}

// thinkTimes returns the clients connected and their mean think time in seconds, in the intervals during which the pool
// was not full and in those during which it was: Z = N/λ − R (interactive response time law; Denning & Buzen 1978). ok
// needs 100 transactions of each.
func thinkTimes(v flowView) (clients, free, full float64, ok bool) {
	var span, inside, xacts [2]float64
	for _, iv := range v.Intervals {
		i := 0
		if iv.saturated() {
			i = 1
		}
		span[i] += iv.Span.Seconds()
		inside[i] += iv.Busy.Seconds() + iv.Waited.Seconds()
		xacts[i] += float64(iv.Xacts)
	}
	for _, s := range v.samples {
		clients += float64(s.Clients) / float64(len(v.samples))
	}
	if xacts[0] < LeastXacts || xacts[1] < LeastXacts || xacts[0]/span[0] < (1+thinkMatch)*xacts[1]/span[1] {
		return 0, 0, 0, false // or they ask as often when they wait: they are not closed
	}
	free = (clients*span[0] - inside[0]) / xacts[0]
	full = (clients*span[1] - inside[1]) / xacts[1]
	return clients, free, full, free > 0 && full > 0
}

// openTransactions raises the load where sv_active says more than the counters can: PgBouncer books a transaction when
// it ends, so one that stays open through the window is invisible to them. The gauge's mean over M samples has the
// variance a/M, and what is open at the ends of a window T adds 4·a·S²/T² for exponential holds S; only what exceeds
// the deviation three times over counts.
func (l *flowLoad) openTransactions(v flowView) {
	busy, hold, span := max(0, l.busySeconds)/l.window.Seconds(), l.hold(), l.window.Seconds()
	active, _ := v.gauge(func(s Level) int { return s.Active })
	sd := math.Sqrt(max(1, active)/float64(len(v.samples)) + 4*busy*hold*hold/(span*span))
	excess := active - busy
	if excess <= 3*sd || l.atLeast && l.method != MethodBusy {
		return
	}
	l.erlangs += excess
	l.below, l.above = max(l.below, Z95*sd), max(l.above, Z95*sd)
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s: %.3g connections are active on average but ended transactions account for %.3g: long "+
			"transactions are open, and the difference was added",
			v.Process, v.Alias, active, busy))
}

// late widens by what is not known of when the consoles answered.
func (l *flowLoad) late(v flowView) {
	span := l.window.Seconds()
	first, last := v.samples[0].Late.Seconds(), v.samples[len(v.samples)-1].Late.Seconds()
	l.below += l.erlangs * last / (span + last)
	l.above += l.erlangs * first / max(span-first, first, 1e-9)
}
