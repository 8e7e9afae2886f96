package load

import (
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/verdict"
	"github.com/pgbudget/pgbudget/planner/words"
)

// flowLoad is the load of one alias in one process.
type flowLoad struct {
	process       string
	erlangs       float64
	below, above  float64 // from erlangs to the ends of the 95 % interval of the mean
	open          float64 // how much more it is if the clients are closed and ask less while they wait
	hidden        bool    // that may be much
	told          bool    // the slope of what came on who waited says that none do
	atLeast       bool
	perSec        float64 // arrivals
	busySeconds   float64
	waitedSeconds float64
	xacts         int64   // arrivals
	served        float64 // of them, about
	timedOut      float64 // of them, left unserved, about
	servedFull    float64 // of the served, while the pool was full at both ends of an interval
	waitedFull    float64 // seconds, then
	session       bool
	inSystem      float64
	samples       int
	fullSamples   int
	window        time.Duration
	users         []userShare
	method        Method
	notes         []string
	unknown       verdict.Reason // why nothing is known of it; none: something is
}

// userShare is one user's part of an alias's load.
type userShare struct {
	user  string
	share float64
}

// flowView is what is observed of a flow: its intervals that say something of the load, and the samples of their ends.
type flowView struct {
	Flow
	samples []Level
	stopped time.Duration // how long it was paused, disabled or not served
	why     stop          // what stopped it
	backlog bool          // a stop has made the queue: the pool was not full before it, and full after
}

// settling is how many intervals after a stop are left out: the waits of all who waited are booked when they are
// served, and their transactions when those end. chosen: one, because a backlog of short transactions has begun by
// then.
const settling = 1

// view picks the intervals of the samples from first to last, without those that were stopped.
func (f Flow) view(first, last int) flowView {
	v := flowView{Flow: f}
	v.Intervals = nil
	calm, free := 0, false
	for _, iv := range f.Intervals {
		switch {
		case iv.Begin.Sample < first || iv.End.Sample > last:
			continue
		case iv.Stopped:
			v.stopped += iv.Span
			v.why = stopReason(iv)
			calm = settling
			if n := len(v.samples); n > 0 {
				free = !v.samples[n-1].Full
			}
			continue
		case calm > 0:
			calm--
			v.stopped += iv.Span
			continue
		}
		if n := len(v.samples); n == 0 || v.samples[n-1].Sample != iv.Begin.Sample {
			v.samples = append(v.samples, iv.Begin)
		}
		v.backlog, free = v.backlog || free && iv.Begin.Full, false
		v.Intervals = append(v.Intervals, iv)
		v.samples = append(v.samples, iv.End)
	}
	return v
}

// stop is what stopped a pool.
type stop int

const (
	stopPaused   stop = iota // PAUSE or DISABLE
	stopUnserved             // clients waited, and nothing served them
)

func (s stop) text() string {
	if s == stopUnserved {
		return "nothing served its clients"
	}
	return "it was paused or disabled"
}

func stopReason(iv Interval) stop {
	for _, l := range []Level{iv.End, iv.Begin} {
		if l.Stopped && l.Waiting > 0 && !l.Paused {
			return stopUnserved
		}
	}
	return stopPaused
}

// estimateFlow finds the load of one alias in one process: arrivals × mean hold. While the pool was not full that is
// what its counters call busy; where it was full, flow balance sees the arrivals that found no connection; closed
// clients hide theirs, and only a bound or the interactive law is left.
func estimateFlow(v flowView) flowLoad {
	f := v.Flow
	l := flowLoad{process: f.Process, method: MethodCounters, samples: len(v.samples), session: f.Session}
	if len(v.Intervals) == 0 {
		if l.unknown = verdict.Of(verdict.AlwaysPaused, f.Process+"/"+f.Alias); v.why == stopUnserved {
			l.unknown = verdict.Of(verdict.NeverServed, f.Process+"/"+f.Alias)
		}
		return l
	}
	var cut time.Duration
	var most float64
	for _, iv := range v.Intervals {
		l.window += iv.Span
		l.busySeconds += iv.Busy.Seconds()
		l.waitedSeconds += iv.Waited.Seconds()
		l.xacts += iv.Xacts
		cut += iv.Cut
		most += iv.Most
	}
	for _, s := range v.samples {
		l.inSystem += float64(s.Active+s.Waiting) / float64(len(v.samples))
		if s.Full {
			l.fullSamples++
		}
	}
	l.busySeconds = min(l.busySeconds, most)
	l.consistent(v, cut)
	l.count(v)
	l.perSec = float64(l.xacts) / l.window.Seconds()
	l.users = v.shares()
	switch {
	case f.Session:
		l.fromGauge(v)
	case l.xacts == 0 && l.busySeconds == 0 && l.fullSamples == 0:
		l.idle(v)
	case l.fullSamples == 0:
		l.fromCounters(v)
	case len(v.busyUsers()) > 1:
		l.fromUsers(v)
	default:
		l.fromFull(v)
	}
	if !f.Session {
		l.openTransactions(v)
	}
	l.late(v)
	if v.stopped > 0 {
		l.notes = append(l.notes,
			fmt.Sprintf("%s/%s: for %s %s: its load in that time is not known, that of the other %s counts", f.Process, f.Alias,
				Round(v.stopped), v.why.text(), Round(l.window)))
	}
	l.notes = append(l.notes, waitCauses(v)...)
	return l
}

// consistent repairs windows in which the counters alone mislead: a transaction longer than the window that ended in it
// was held to what its connections can do, and where waits were booked of transactions that are not booked yet, so that
// less than nothing would be left, the connections seen at work stand in.
func (l *flowLoad) consistent(v flowView, cut time.Duration) {
	if cut.Seconds() > 0.01*l.window.Seconds() {
		l.notes = append(l.notes,
			fmt.Sprintf("%s/%s: transactions that began before the window ended in it; %s of their time was left out", v.Process,
				v.Alias, Round(cut)))
	}
	if l.busySeconds >= 0 {
		return
	}
	active, _ := v.gauge(func(s Level) int { return s.Active })
	l.busySeconds = active * l.window.Seconds()
	l.atLeast = true
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s: its counters contradict its queue (clients that gave up, or a failover); the %.3g connections "+
			"seen active stand in, at least", v.Process, v.Alias, active))
}

// count splits the arrivals into those served, those still inside, and those sent away by query_wait_timeout.
//
// From 1.23 on PgBouncer counts assignments: served = assignments − growth of those that are assigned and not ended.
// Before, what left the pool was served, unless it was full: then all who were served from its FIFO queue had waited
// about as long as the head has, served = Δtotal_wait_time / mean age of the head, and the others left unserved: sent
// away by query_wait_timeout, or gone by themselves. While it was not full nobody had to leave.
func (l *flowLoad) count(v flowView) {
	var growth, full float64 // full: who left while the pool was full
	counted := true
	for _, iv := range v.Intervals {
		counted = counted && iv.Assigned >= 0
		growth += float64(iv.Growth)
		l.served += float64(iv.Assigned - int64(iv.Active))
		if iv.saturated() {
			full, l.waitedFull = full+float64(iv.Xacts)-float64(iv.Growth), l.waitedFull+iv.Waited.Seconds()
		}
	}
	full = max(0, full)
	counted = counted && (l.served > 0 || l.busySeconds == 0) // busy without an assignment: they are not counted
	several := len(v.busyUsers()) > 1                         // whose waits those of the queue's head are not
	left := max(0, float64(l.xacts)-growth)
	sent := v.sendsAway()
	switch {
	case counted:
		l.served = min(left, max(0, l.served))
	case (l.fullShare() > ClosedShare || sent) && !several:
		age := v.headAge()
		l.served, l.servedFull = left, full
		if age > 0 && (sent || l.waitedFull/age < (1-leaveShare)*full) {
			l.servedFull = min(full, max(0, l.waitedFull/age))
			l.served = max(0, left-full+l.servedFull)
		}
	default:
		l.served = left
	}
	if lost := left - l.served; lost > leaveShare*left && (!several || counted) || sent {
		l.timedOut = lost
	}
}

// leaveShare is the share of arrivals that must have left unserved to be counted where query_wait_timeout does not
// explain it. chosen: 0.15, because the edges of a window and the age of a queue's head blur
// less.
const leaveShare = 0.15

func (l *flowLoad) fullShare() float64 { return float64(l.fullSamples) / float64(max(1, l.samples)) }

// hold is the mean time in seconds that a transaction held its server, of those that ended.
func (l *flowLoad) hold() float64 {
	if l.served <= 0 {
		return 0
	}
	return l.busySeconds / l.served
}

// headAge is the mean age in seconds of the queue's head over the samples of which the pool was full.
func (v flowView) headAge() float64 {
	var age time.Duration
	var queues int
	for _, s := range v.samples {
		if s.Full {
			age += s.MaxWait
			queues++
		}
	}
	if queues == 0 {
		return 0
	}
	return age.Seconds() / float64(queues)
}

// waitTick is twice the grid on which PgBouncer sends waiters away (janitor.c:28, full_maint_period): a head this close
// to query_wait_timeout leaves at one of the next two ticks.
const waitTick = 2 * time.Second / 3

// sendsAway reports whether the head of the queue ever got as old as query_wait_timeout lets it: then waiters leave
// unserved, and no counter of PgBouncer tells.
func (v flowView) sendsAway() bool {
	return slices.ContainsFunc(v.samples, func(s Level) bool {
		return s.Full && s.QueryWaitTimeout > waitTick && s.MaxWait > s.QueryWaitTimeout-waitTick
	})
}

// idle is a pool that did nothing while it was observed.
func (l *flowLoad) idle(v flowView) {
	l.method = MethodNone
	for _, s := range v.samples {
		if s.Active > 0 {
			l.method = MethodCounters
		}
	}
}

// fromCounters reads a pool that was never seen full: what is booked of the transactions that ended is the load. Ends
// of transactions that need not wait come like a Poisson process with a hold each, whatever the holds are.
func (l *flowLoad) fromCounters(v flowView) {
	l.erlangs = l.busySeconds / l.window.Seconds()
	busy := func(iv Interval) float64 { return iv.Busy.Seconds() }
	l.below, l.above = spread(v.Intervals, l.erlangs, 2*l.erlangs*l.erlangs/max(1, l.served), alike(v.Intervals, busy),
		busy)
	l.askLess(v, l.erlangs, l.hold(), v.Intervals, func(iv Interval) float64 { return float64(iv.Xacts) }, Level.all)
}

// waitCauses names waiting that no size cures.
func waitCauses(v flowView) []string {
	var login, cancel, waiting int
	for _, s := range v.samples {
		if s.Waiting == 0 {
			continue
		}
		waiting++
		if s.LoginWait {
			login++
		}
		if s.CancelWait {
			cancel++
		}
	}
	var notes []string
	for _, c := range []struct {
		n   int
		why string
	}{{login, "for a login to the server, not for a free connection"}, {cancel, "for cancel requests to pass"}} {
		if waiting > 2 && 2*c.n > waiting {
			notes = append(notes,
				fmt.Sprintf("%s/%s: at %d of %s with waiting clients they waited only %s: no pool_size cures this",
					v.Process, v.Alias, c.n, words.Count(waiting, "sample"), c.why))
		}
	}
	return notes
}
