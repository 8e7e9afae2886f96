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
	perSec        float64
	busySeconds   float64
	waitedSeconds float64
	xacts         int64
	assigned      int64
	inSystem      float64
	looks         int
	fullLooks     int
	window        time.Duration
	users         []UserLevel
	method        Method
	notes         []string
}

// estimateFlow finds the load of one alias in one process: its counters while it was not full; flow balance, the queue's
// age or the interactive law while it was; else "at least what was busy". f has at least one interval.
func estimateFlow(f Flow) flowLoad {
	l := flowLoad{process: f.Process, users: f.Users, method: MethodCounters, looks: len(f.Looks)}
	var growth int
	for _, iv := range f.Intervals {
		l.window += iv.Span
		l.busySeconds += iv.Busy.Seconds()
		l.waitedSeconds += iv.Waited.Seconds()
		l.xacts += iv.Xacts
		l.assigned += iv.Assigned
		growth += iv.Growth
	}
	for _, s := range f.Looks {
		l.inSystem += float64(s.Active+s.Waiting) / float64(len(f.Looks))
		if s.Full {
			l.fullLooks++
		}
	}
	span := l.window.Seconds()
	busy := max(0, l.busySeconds/span)
	l.perSec = float64(l.xacts) / span
	l.erlangs = busy
	var hold float64
	if l.xacts > 0 {
		hold = l.busySeconds / float64(l.xacts)
	}
	l.half = halfWidth(f.Intervals, hold, func(iv Interval) float64 { return iv.Busy.Seconds() })

	switch {
	case f.Session:
		l.fromGauge(f)
	case l.xacts == 0:
		l.idle(f)
	case l.fullLooks > 0:
		l.fromFull(f, busy, hold, growth)
	}
	if !f.Session {
		l.openTransactions(f, busy)
	}
	l.notes = append(l.notes, waitCauses(f)...)
	return l
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

// fromFull repairs what a full pool hides. Open clients: arrivals = completions + growth of those inside (flow
// balance); when waiters are sent away by query_wait_timeout no counter sees them, so arrivals = queue length / age of
// its head, FIFO. Closed clients: the interactive law N·S/(Z+S), with the think time Z from unsaturated intervals.
func (l *flowLoad) fromFull(f Flow, busy, hold float64, growth int) {
	span := l.window.Seconds()
	timedOut := slices.ContainsFunc(f.Looks, func(s Level) bool {
		return s.QueryWaitTimeout > 0 && s.MaxWait > s.QueryWaitTimeout-2*waitTick
	})
	share := float64(l.fullLooks) / float64(l.looks)
	switch {
	case timedOut:
		l.method = MethodQueueAge
		l.perSec = max(l.perSec, queueArrivals(f))
		sent := l.perSec*span - float64(l.xacts) - float64(growth)
		l.notes = append(l.notes, fmt.Sprintf("%s/%s was full at %.0f %% of the looks: its load is inferred from %.0f busy connections, a queue whose head is as old as query_wait_timeout, and about %.0f time-outs (%s)",
			f.Process, f.Alias, 100*share, busy, max(0, sent), l.method))
	case share > ClosedShare && !queueGrows(f):
		n, think, ok := thinkTime(f)
		if !ok {
			l.atLeast, l.method = true, MethodBusy
			l.notes = append(l.notes, fmt.Sprintf("%s/%s was full at %.0f %% of the looks and its queue does not grow: its clients wait instead of asking more, so its load is at least %.3g Erlangs and at most %.3g (clients in the system)",
				f.Process, f.Alias, 100*share, busy, l.inSystem))
			return
		}
		l.method = MethodInteractive
		l.perSec = n / (think + hold)
		l.notes = append(l.notes, fmt.Sprintf("%s/%s was full: its load is that of %.0f clients that think %.3g s between transactions (%s)",
			f.Process, f.Alias, n, think, l.method))
	default:
		l.method = MethodFlowBalance
		l.perSec = max(l.perSec, (float64(l.xacts)+float64(growth))/span)
		if share > 0.5 {
			l.notes = append(l.notes, fmt.Sprintf("%s/%s was full at %.0f %% of the looks: its load is inferred from %.3g busy connections and a queue that grew by %d (%s)",
				f.Process, f.Alias, 100*share, busy, growth, l.method))
		}
	}
	l.erlangs = max(busy, l.perSec*hold)
	l.half = max(l.half, halfWidth(f.Intervals, hold, func(iv Interval) float64 { return hold * float64(iv.Xacts+int64(iv.Growth)) }))
	if l.method == MethodQueueAge {
		l.half = max(l.half, 1.96*l.erlangs/math.Sqrt(max(1, l.perSec*span)))
	}
}

// waitTick is the grid on which PgBouncer sends waiters away (janitor.c:28, full_maint_period).
const waitTick = time.Second / 3

// queueArrivals returns arrivals per second from looks at a FIFO queue: all that arrived since its head did still wait.
func queueArrivals(f Flow) float64 {
	var clients, age float64
	for _, s := range f.Looks {
		if s.Full && s.QueueAge > 0 {
			clients += float64(s.Waiting)
			age += s.QueueAge.Seconds()
		}
	}
	if age == 0 {
		return 0
	}
	return clients / age
}

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
