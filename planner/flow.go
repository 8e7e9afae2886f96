package planner

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// flowLoad is the load of one alias in one process.
type flowLoad struct {
	process       string
	erlangs       float64
	half          float64 // half-width of the 95 % interval of the mean
	atLeast       bool
	perSec        float64 // arrivals
	busySeconds   float64
	waitedSeconds float64
	xacts         int64   // arrivals
	served        float64 // of them, about
	timedOut      float64 // of them, left unserved, about
	session       bool
	inSystem      float64
	looks         int
	fullLooks     int
	window        time.Duration
	users         []UserLevel
	method        Method
	notes         []string
}

// estimateFlow finds the load of one alias in one process: arrivals × mean hold. While the pool was not full that is
// what its counters call busy; where it was full, flow balance sees the arrivals that found no connection; closed
// clients hide theirs, and only a bound or the interactive law is left. f has at least one interval.
func estimateFlow(f Flow) flowLoad {
	l := flowLoad{process: f.Process, users: f.Users, method: MethodCounters, looks: len(f.Looks), session: f.Session}
	var cut, most time.Duration
	for _, iv := range f.Intervals {
		l.window += iv.Span
		l.busySeconds += iv.Busy.Seconds()
		l.waitedSeconds += iv.Waited.Seconds()
		l.xacts += iv.Xacts
		cut += iv.Cut
		most += iv.Most
	}
	for _, s := range f.Looks {
		l.inSystem += float64(s.Active+s.Waiting) / float64(len(f.Looks))
		if s.Full {
			l.fullLooks++
		}
	}
	span := l.window.Seconds()
	l.busySeconds = min(l.busySeconds, most.Seconds())
	l.consistent(f, span, cut)
	l.count(f)
	busy := l.busySeconds / span
	l.perSec = float64(l.xacts) / span
	l.erlangs = busy
	var hold float64
	if l.served > 0 {
		hold = l.busySeconds / l.served
	}
	l.half = halfWidth(f.Intervals, hold, func(iv Interval) float64 { return iv.Busy.Seconds() })

	switch {
	case f.Session:
		l.fromGauge(f)
	case l.xacts == 0:
		l.idle(f)
	case l.fullLooks > 0:
		l.fromFull(f, busy, hold)
	}
	if !f.Session {
		l.openTransactions(f, busy)
	}
	l.notes = append(l.notes, waitCauses(f)...)
	return l
}

// consistent repairs windows in which the counters alone mislead: a transaction longer than the window that ended in it
// was held to what its connections can do, and where waits were booked of transactions that are not booked yet, so that
// less than nothing would be left, the connections seen at work stand in.
func (l *flowLoad) consistent(f Flow, span float64, cut time.Duration) {
	if cut.Seconds() > 0.01*span {
		l.notes = append(l.notes, fmt.Sprintf("%s/%s: transactions that began before the window ended in it; %s of their time was left out", f.Process, f.Alias, round(cut)))
	}
	if l.busySeconds >= 0 {
		return
	}
	var active float64
	for _, s := range f.Looks {
		active += float64(s.Active) / float64(len(f.Looks))
	}
	l.busySeconds = active * span
	l.atLeast = true
	l.notes = append(l.notes, fmt.Sprintf("%s/%s: its counters contradict its queue (clients that gave up, or a failover); the %.3g connections seen active stand in, at least", f.Process, f.Alias, active))
}

// count splits the arrivals into those served, those still inside, and those sent away by query_wait_timeout.
//
// From 1.23 on PgBouncer counts assignments: served = assignments − growth of those that are assigned and not ended.
// Before, what left the pool was served, unless it was full throughout: then all who were served from its FIFO queue had
// waited about as long as the head has, served = Δtotal_wait_time / mean age of the head, and the others left unserved:
// sent away by query_wait_timeout, or gone by themselves.
func (l *flowLoad) count(f Flow) {
	var assigned, active, growth float64
	counted := true
	for _, iv := range f.Intervals {
		counted = counted && iv.Assigned >= 0
		assigned += float64(iv.Assigned)
		active += float64(iv.Active)
		growth += float64(iv.Growth)
	}
	counted = counted && (assigned > 0 || l.busySeconds == 0) // busy without an assignment: they are not counted
	left := max(0, float64(l.xacts)-growth)
	l.served = left
	switch {
	case counted:
		l.served = min(left, max(0, assigned-active))
	case l.fullShare() > ClosedShare:
		if age := f.headAge(); age > 0 && l.waitedSeconds/age < (1-leaveShare)*left {
			l.served = max(0, l.waitedSeconds/age)
		}
	}
	if lost := left - l.served; lost > leaveShare*left || f.sendsAway() {
		l.timedOut = lost
	}
}

// leaveShare is the share of arrivals that must have left unserved to be believed where query_wait_timeout does not
// explain it. chosen: beyond what the edges of a window and the age of a queue's head blur.
const leaveShare = 0.15

func (l *flowLoad) fullShare() float64 { return float64(l.fullLooks) / float64(l.looks) }

// headAge is the mean age in seconds of the queue's head over the looks at which the pool was full.
func (f Flow) headAge() float64 {
	var age time.Duration
	var queues int
	for _, s := range f.Looks {
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

// sendsAway reports whether the head of the queue ever got as old as query_wait_timeout lets it: then waiters leave
// unserved, and no counter of PgBouncer tells.
func (f Flow) sendsAway() bool {
	return slices.ContainsFunc(f.Looks, func(s Level) bool {
		return s.Full && s.QueryWaitTimeout > waitTick && s.MaxWait > s.QueryWaitTimeout-waitTick
	})
}

// fromGauge reads a session pool: PgBouncer books no holding time there, only sv_active tells, and a session may hold
// its connection without using it.
func (l *flowLoad) fromGauge(f Flow) {
	var active []float64
	for _, s := range f.Looks {
		active = append(active, float64(s.Active))
	}
	l.erlangs = stat.Mean(active, nil)
	l.half = 1.96 * math.Sqrt(l.erlangs/float64(len(active)))
	l.atLeast, l.method = true, MethodGauge
	l.notes = append(l.notes, fmt.Sprintf("%s/%s pools sessions: its load is read from sv_active, which counts held, not used, connections", f.Process, f.Alias))
}

func (l *flowLoad) idle(f Flow) {
	l.method = MethodNone
	for _, s := range f.Looks {
		if s.Active > 0 {
			l.method = MethodCounters
		}
	}
}

// fromFull repairs what a full pool hides. Open clients come whether they are served or not, so their load is arrivals ×
// hold (flow balance). Closed clients wait instead of coming again: the interactive law N·S/(Z+S), with the think time Z
// from unsaturated intervals, or else only what was busy is sure.
func (l *flowLoad) fromFull(f Flow, busy, hold float64) {
	share := l.fullShare()
	if share > ClosedShare && l.timedOut == 0 && !f.sendsAway() && !queueGrows(f) {
		l.fromClosed(f, busy, hold, share)
		return
	}
	l.method = MethodFlowBalance
	l.erlangs = max(busy, l.perSec*hold)
	l.half = max(l.half, halfWidth(f.Intervals, hold, func(iv Interval) float64 { return hold * float64(iv.Xacts) }))
	if share <= 0.5 {
		return
	}
	what := fmt.Sprintf("a queue of %d", f.Looks[len(f.Looks)-1].Waiting)
	if l.timedOut > 0 {
		what += fmt.Sprintf(" and about %.0f time-outs", l.timedOut)
	}
	l.notes = append(l.notes, fmt.Sprintf("%s/%s was full at %.0f %% of the looks: its load is inferred from %.3g busy connections, %s (%s)",
		f.Process, f.Alias, 100*share, busy, what, l.method))
}

func (l *flowLoad) fromClosed(f Flow, busy, hold, share float64) {
	n, think, ok := thinkTime(f)
	if !ok {
		l.atLeast, l.method = true, MethodBusy
		l.notes = append(l.notes, fmt.Sprintf("%s/%s was full at %.0f %% of the looks and its queue does not grow: its clients wait instead of asking more, so its load is at least %.3g Erlangs and at most %.3g (clients in the system)",
			f.Process, f.Alias, 100*share, busy, l.inSystem))
		return
	}
	l.method = MethodInteractive
	l.perSec = n / (think + hold)
	l.erlangs = max(busy, l.perSec*hold)
	l.notes = append(l.notes, fmt.Sprintf("%s/%s was full: its load is that of %.0f clients that think %.3g s between transactions (%s)",
		f.Process, f.Alias, n, think, l.method))
}

// waitTick is twice the grid on which PgBouncer sends waiters away (janitor.c:28, full_maint_period): a head this close
// to query_wait_timeout leaves at one of the next two ticks.
const waitTick = 2 * time.Second / 3

// queueGrows reports whether cl_waiting rises while the pool is full: the slope of its regression on time is more than
// two standard errors above 0. Without time-outs a full pool of open clients cannot but grow; one of closed clients
// cannot.
func queueGrows(f Flow) bool {
	var x, y []float64
	for _, s := range f.Looks {
		if s.Full {
			x = append(x, s.At.Sub(f.Looks[0].At).Seconds())
			y = append(y, float64(s.Waiting))
		}
	}
	if len(x) < 3 {
		return len(x) == 2 && y[1] > y[0]
	}
	a, b := stat.LinearRegression(x, y, nil, false)
	var rss float64
	for i := range x {
		r := y[i] - a - b*x[i]
		rss += r * r
	}
	n := float64(len(x))
	se := math.Sqrt(rss / (n - 2) / (stat.Variance(x, nil) * (n - 1)))
	return b > 2*se && b*(x[len(x)-1]-x[0]) > 2
}

// thinkTime returns the clients connected and the mean think time, from the intervals during which the pool was not
// full: Z = N/λ − R (interactive response time law). ok needs 100 transactions seen there.
func thinkTime(f Flow) (clients, think float64, ok bool) {
	var span, inside float64
	var xacts int64
	for _, iv := range f.Intervals {
		if !iv.Saturated {
			span += iv.Span.Seconds()
			inside += iv.Busy.Seconds() + iv.Waited.Seconds()
			xacts += iv.Xacts
		}
	}
	if xacts < 100 {
		return 0, 0, false
	}
	for _, s := range f.Looks {
		clients += float64(s.Clients) / float64(len(f.Looks))
	}
	think = clients*span/float64(xacts) - inside/float64(xacts)
	return clients, think, think > 0
}

// openTransactions raises the load where sv_active says more than the counters can: PgBouncer books a transaction when
// it ends, so one that stays open through the window is invisible to them. The gauge's mean over M looks has the
// standard deviation sqrt(a/M); only what exceeds it three times over counts.
func (l *flowLoad) openTransactions(f Flow, busy float64) {
	m := float64(len(f.Looks))
	var active float64
	for _, s := range f.Looks {
		active += float64(s.Active) / m
	}
	if excess := active - busy; l.fullLooks == 0 && excess > 3*math.Sqrt(max(1, active)/m) {
		l.erlangs += excess
		l.half = max(l.half, 1.96*math.Sqrt(active/m))
		l.notes = append(l.notes, fmt.Sprintf("%s/%s: %.3g connections are active on average but ended transactions account for %.3g: long transactions are open, and the difference was added",
			f.Process, f.Alias, active, busy))
	}
}

// waitCauses names waiting that no size cures.
func waitCauses(f Flow) []string {
	var login, cancel, waiting int
	for _, s := range f.Looks {
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
			notes = append(notes, fmt.Sprintf("%s/%s: at %d of %d looks with waiting clients they waited only %s: no size cures that",
				f.Process, f.Alias, c.n, waiting, c.why))
		}
	}
	return notes
}

// halfWidth returns the half-width of the 95 % interval of the time average of value (server-seconds per interval),
// by batch means: up to 20 blocks of neighbouring intervals, Student's t. With fewer than 5 blocks it is at least the
// sampling deviation sqrt(2·a·S/T) of a load a with exponential holds S over a window T.
func halfWidth(ivs []Interval, hold float64, value func(Interval) float64) float64 {
	const most = 20
	k := min(most, len(ivs))
	means := make([]float64, 0, k)
	var total, span float64
	for b := range k {
		var v, t float64
		for _, iv := range ivs[b*len(ivs)/k : (b+1)*len(ivs)/k] {
			v += value(iv)
			t += iv.Span.Seconds()
		}
		means = append(means, v/t)
		total += v
		span += t
	}
	var half float64
	if k >= 2 {
		_, sd := stat.MeanStdDev(means, nil)
		half = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(k - 1)}.Quantile(0.975) * sd / math.Sqrt(float64(k))
	}
	if k < 5 {
		half = max(half, 1.96*math.Sqrt(2*max(0, total/span)*hold/span))
	}
	return half
}
