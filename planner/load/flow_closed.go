package load

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// all is a sample's queue over all users, for askLess.
func (l Level) all() UserGauge {
	return UserGauge{Active: l.Active, Waiting: l.Waiting, Clients: l.Clients, MaxWait: l.MaxWait, Full: l.Full}
}

// askLess notes how much larger the load may be than a because clients wait instead of asking more. If all clients are
// closed, those who do not wait ask for all: a·Lq/(N − Lq) is missing, of N clients of whom Lq wait on average
// (interactive response time law); some of those connected may never ask, so twice that is allowed for. Open clients
// come as often when many wait as when few do: the slope of arrivals on the queue says which, with the queue at the
// beginning of each interval as instrument, since arrivals make the queue as well.
func (l *flowLoad) askLess(v flowView, a, hold float64, ivs []Interval, arrivals func(Interval) float64,
	queue func(Level) UserGauge) {
	waiting := l.waitedSeconds / l.window.Seconds()
	var clients, seen float64
	for _, s := range v.samples {
		clients += float64(queue(s).Clients) / float64(len(v.samples))
		seen += float64(queue(s).Waiting) / float64(len(v.samples))
	}
	if l.fullSamples > 0 {
		waiting = max(waiting, seen)
	}
	if waiting == 0 || hold == 0 {
		return
	}
	law := math.Inf(1)
	if clients > waiting {
		law = a * waiting / (clients - waiting)
	}
	most := min(2*law, waiting) // who waits would hold one connection at most
	fewer, half := fewerAsk(ivs, arrivals, queue, v.backlog)
	if fewer = max(0, fewer); l.fullShare() > ClosedShare { // below, connections that are idle bound what hides
		fewer, half = undone(fewer, half, l.window.Seconds()/float64(max(1, len(v.Intervals))))
	}
	fewer, half = hold*waiting*fewer, hold*waiting*half
	switch {
	case fewer+half <= most && !math.IsInf(half, 1):
		l.open, l.above = fewer, math.Hypot(l.above, half)
		// Where some do, 1/(Z + R + S) is convex in the wait R: more would come without one than a straight line says
		// (Jensen).
		always := l.fullShare() > ClosedShare
		l.hidden, l.told = always && fewer > half || fewer+half > hiddenShare*a, fewer <= half/2
		// some may; windows in which more seem to are bounds, and these sample better than the clients are
		if always && fewer > half/2 {
			l.open = max(fewer, min(most, hiddenShare*a))
		}
	case math.IsInf(law, 1): // nothing tells: as if all who are in the system were all there are
		l.open, l.hidden = l.inSystem, true
	default:
		l.open, l.hidden = most, most > hiddenShare*a
	}
}

// fewerAsk is by how many arrivals per second each waiting client lowers what comes, and the half-width of its 95 %
// interval, infinite where nothing tells. What comes while nobody waits may be of another time than a queue that stays
// for most of the window. It is of the same if a stop has made the queue, and no less comes then.
func fewerAsk(ivs []Interval, arrivals func(Interval) float64, queue func(Level) UserGauge, backlog bool) (fewer,
	half float64) {
	var full, free []Interval
	for _, iv := range ivs {
		if queue(iv.Begin).Full && queue(iv.End).Full {
			full = append(full, iv)
		} else {
			free = append(free, iv)
		}
	}
	if 2*len(full) > len(ivs) && !(backlog && asksNoLess(free, full, arrivals)) {
		ivs = full
	}
	n := float64(len(ivs))
	if n < 5 {
		return 0, math.Inf(1)
	}
	var mz, mx, my float64
	x := func(iv Interval) float64 {
		if queue(iv.Begin).Full && queue(iv.End).Full { // waits are booked when they end
			return float64(queue(iv.Begin).Waiting+queue(iv.End).Waiting) / 2
		}
		return iv.Waited.Seconds() / iv.Span.Seconds()
	}
	y := func(iv Interval) float64 { return arrivals(iv) / iv.Span.Seconds() }
	z := func(iv Interval) float64 { return float64(queue(iv.Begin).Waiting) }
	for _, iv := range ivs {
		mz, mx, my = mz+z(iv)/n, mx+x(iv)/n, my+y(iv)/n
	}
	var zx, zy, zz float64
	for _, iv := range ivs {
		zx += (z(iv) - mz) * (x(iv) - mx)
		zy += (z(iv) - mz) * (y(iv) - my)
		zz += (z(iv) - mz) * (z(iv) - mz)
	}
	if zz < 1e-6*n || zx <= 0 { // the queue stood still
		return 0, math.Inf(1)
	}
	slope := zy / zx
	var rss float64
	for _, iv := range ivs {
		r := y(iv) - my - slope*(x(iv)-mx)
		rss += r * r
	}
	se := math.Sqrt(rss/(n-2)*zz) / zx
	return -slope, distuv.StudentsT{Sigma: 1, Nu: n - 2}.Quantile(0.975) * se
}

// undone is fewerAsk without what closed clients make up for within an interval of so many seconds: of x clients that
// wait more, x/Z a second ask less at first, and x·e^(−t/Z) are still missing after t. The slope of the arrivals of an
// interval on the queue at its middle is (2/t)·tanh(t/2Z) then, never above 2/t. Where it may be that much, it does not
// say how much more clients that think shortly would ask.
func undone(fewer, half, interval float64) (float64, float64) {
	rate := func(slope float64) float64 {
		if slope*interval >= 2 {
			return math.Inf(1)
		}
		return 2 / interval * math.Atanh(slope*interval/2)
	}
	top := rate(fewer + half)
	if math.IsInf(top, 1) {
		return 0, top
	}
	return rate(fewer), top - rate(fewer)
}

// asksNoLess reports whether the arrivals of the intervals a are no rarer than those of b, by two standard errors of
// Poisson numbers.
func asksNoLess(a, b []Interval, arrivals func(Interval) float64) bool {
	rate := func(ivs []Interval) (perSec, variance float64) {
		var came, span float64
		for _, iv := range ivs {
			came, span = came+arrivals(iv), span+iv.Span.Seconds()
		}
		return came / span, max(0, came) / (span * span)
	}
	if len(a) == 0 {
		return false
	}
	ra, va := rate(a)
	rb, vb := rate(b)
	return ra >= rb-2*math.Sqrt(va+vb)
}

// stands reports whether the queue of a pool that is full nearly always neither grows, nor shrinks, nor is sent away:
// that of open clients does so by chance alone, that of closed ones always.
func (l *flowLoad) stands(v flowView, share float64, queue func(Level) UserGauge) bool {
	return share > ClosedShare && l.timedOut == 0 && !v.sendsAway() && !queueMoves(v, queue)
}

// queueMoves reports whether cl_waiting rises or falls while the pool is full: the slope of its regression on time is
// more than two standard errors from 0. Without time-outs the queue of open clients on a full pool cannot but grow, or
// be one of earlier that shrinks; that of closed ones stays.
func queueMoves(v flowView, queue func(Level) UserGauge) bool {
	var x, y []float64
	for _, s := range v.samples {
		if u := queue(s); u.Full {
			x = append(x, s.At.Sub(v.samples[0].At).Seconds())
			y = append(y, float64(u.Waiting))
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
	return math.Abs(b) > 2*se && math.Abs(b)*(x[len(x)-1]-x[0]) > 2
}
