package control

import (
	"math"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/verdict"
)

// How a pause of a server is told from a pool that is too small.
const (
	// pausedShare is the share of the usual completions at or below which an interval counts as one with a pause.
	// chosen: a pause of one interval may fall into two, and leaves each half of its completions.
	pausedShare = 0.5
	// leastUsual is how many completions an interval must usually have to say anything. chosen: of eight arrivals by
	// chance, four or fewer come once in ten, and what a false pause costs is one more sample.
	leastUsual = 8
	// leastPace is how many intervals tell what is usual. chosen: the median of fewer may be of the pause itself.
	leastPace = 3
)

// paused says that a queue may come of a pause: the server, not the number of its connections, stopped serving. It is
// so where in the newest interval between two samples, or in one before it since when the queue has only fallen, half
// or less of the usual transactions completed, and that for at most longest. None: nothing says so. It is about the
// subject.
//
// What completed between two samples is what arrived less what the queue and the open transactions grew by:
// total_xact_count counts arrivals (PgBouncer client.c:1596), and sv_active are the connections that a transaction
// holds.
func (t RecentSamples) paused(subject string, of func(lineSample) bool, longest time.Duration) verdict.Reason {
	n := len(t.samples)
	if n < leastPace+2 {
		return verdict.Reason{}
	}
	done, queue := make([]int, n), make([]int, n) // of interval i, which ends at sample i; at sample i
	var paces []float64
	for i, g := range t.samples {
		for _, l := range g.lines {
			if !of(l) {
				continue
			}
			queue[i] += l.waiting
			if i == 0 {
				continue
			}
			if was, ok := t.samples[i-1].line(l.SettingChange); ok && l.xacts >= was.xacts {
				done[i] += int(l.xacts-was.xacts) - (l.waiting + l.linked - was.waiting - was.linked)
			}
		}
		if i > 0 {
			paces = append(paces, float64(done[i])/g.at.Sub(t.samples[i-1].at).Seconds())
		}
	}
	slices.Sort(paces)
	usual := paces[len(paces)/2] // a pause is short against all samples, so that the median does not know of it
	first, last := 0, 0
	for i := n - 1; i > 0; i-- {
		expected := usual * t.samples[i].at.Sub(t.samples[i-1].at).Seconds()
		if expected >= leastUsual && float64(done[i]) <= pausedShare*expected {
			if first = i; last == 0 {
				last = i
			}
		} else if last != 0 || queue[i] >= queue[i-1] {
			break
		}
	}
	if last == 0 || t.samples[last].at.Sub(t.samples[first].at) > longest {
		return verdict.Reason{}
	}
	dt := t.samples[last].at.Sub(t.samples[last-1].at).Seconds()
	return verdict.Of(verdict.ServerPaused, subject, verdict.Xacts(max(0, done[last])), dt, usual*dt)
}

// Paused says that a server's pools wait because it paused; none: nothing says so.
func (t RecentSamples) Paused(server string, longest time.Duration) verdict.Reason {
	return t.paused(server, func(l lineSample) bool { return l.server == server }, longest)
}

// RecentSamples are the last few samples at every line of the fleet, for judging what a step does to the waiting. They
// are a value.
type RecentSamples struct {
	samples []sample // the oldest first, at most mostSamples
	last    time.Time
	gaps    []gap // of more than leastGap between two samples, the oldest first, at most mostGaps
}

// gap is a time without a sample.
type gap struct{ from, to time.Time }

const (
	leastGap = 10 * time.Second // shorter ones are not kept. chosen: no policy takes so little for one
	mostGaps = 1000             // chosen: more than a soak of a day has, with a sample lost every two minutes
)

// mostSamples bounds a RecentSamples. chosen: three times what growingFor and a pause need; that is 16 s of samples
// while acting and 80 s in a soak, so that old waiting is forgotten.
const mostSamples = 16

// sample is what RecentSamples keeps of a sample.
type sample struct {
	at    time.Time
	lines []lineSample // sorted by process, alias
}

type lineSample struct {
	fleet.SettingChange // process and alias
	pool                string
	server              string
	xacts               int64
	waitTime            time.Duration
	waiting             int
	linked              int // connections that a client's transaction holds
	active              int // connections in use: linked, tested, or logging in
	users               int
	maxWait             time.Duration
	stopped             verdict.Reason // by whoever has a console: what, and the command that ends it; none: it is served
}

// Stopped says what keeps a line of a process from being served, and the command that ends it; none: nothing does.
func Stopped(process string, a fleet.Alias) verdict.Reason {
	switch {
	case a.Paused && a.Name == fleet.AutoDB:
		return verdict.Of(verdict.AutoDBPaused, process)
	case a.Paused:
		return verdict.Of(verdict.AliasPaused, process, a.Name)
	case a.Disabled:
		return verdict.Of(verdict.AliasDisabled, process, a.Name)
	}
	return verdict.Reason{}
}

// Add returns the recent samples with one more sample.
func (t RecentSamples) Add(o fleet.Observation) RecentSamples {
	g := sample{at: o.At}
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			l := lineSample{SettingChange: fleet.SettingChange{Process: p.ID, Alias: a.Name}, pool: p.Group + "/" + a.Name,
				server: a.Server,
				xacts:  a.Counters.Xacts, waitTime: a.Counters.WaitTime, stopped: Stopped(p.ID, a)}
			for _, u := range a.Pools {
				l.waiting += u.ClientsWaiting
				l.linked += u.ServersActive
				l.active += u.ServersActive + u.ServersTested + u.ServersLogin
				l.users++
				l.maxWait = max(l.maxWait, u.MaxWait)
			}
			g.lines = append(g.lines, l)
		}
	}
	slices.SortFunc(g.lines, func(a, b lineSample) int { return fleet.CompareChanges(a.SettingChange, b.SettingChange) })
	samples, gaps := append(slices.Clone(t.samples), g), t.gaps
	if !t.last.IsZero() && o.At.Sub(t.last) > leastGap {
		gaps = append(slices.Clone(gaps), gap{t.last, o.At})
	}
	return RecentSamples{samples[max(0, len(samples)-mostSamples):], o.At, gaps[max(0, len(gaps)-mostGaps):]}
}

// Broken is the recent samples without its samples: what comes after a sample that failed is judged anew.
func (t RecentSamples) Broken() RecentSamples { return RecentSamples{last: t.last, gaps: t.gaps} }

// unwatched is how much of the time since `since` lies in gaps that are longer than longest.
func (t RecentSamples) unwatched(since time.Time, longest time.Duration) time.Duration {
	var sum time.Duration
	for _, g := range t.gaps {
		if g.to.Sub(g.from) > longest && g.to.After(since) {
			sum += min(g.to.Sub(g.from), g.to.Sub(since))
		}
	}
	return sum
}

// longestGap is the longest time without a sample since `since`, of those that are kept.
func (t RecentSamples) longestGap(since time.Time) (longest time.Duration) {
	for _, g := range t.gaps {
		longest = max(longest, min(g.to.Sub(g.from), g.to.Sub(since)))
	}
	return longest
}

// late is how far the newest samples lie apart, where those of the two newest gaps are all too far; 0: they are not.
// One alone is a sample that was lost.
func (t RecentSamples) late(longest time.Duration) time.Duration {
	if len(t.gaps) < 2 {
		return 0
	}
	before, newest := t.gaps[len(t.gaps)-2], t.gaps[len(t.gaps)-1]
	if !newest.to.Equal(t.last) || !before.to.Equal(newest.from) || before.to.Sub(before.from) <= longest {
		return 0
	}
	if d := newest.to.Sub(newest.from); d > longest {
		return d
	}
	return 0
}

func (g sample) line(x fleet.SettingChange) (lineSample, bool) {
	i, found := slices.BinarySearchFunc(g.lines, fleet.SettingChange{Process: x.Process, Alias: x.Alias},
		func(l lineSample, x fleet.SettingChange) int { return fleet.CompareChanges(l.SettingChange, x) })
	if !found {
		return lineSample{}, false
	}
	return g.lines[i], true
}

// suffers says why a pool waits more than it should, as the samples since `since` show: a mean wait in one of its
// processes that is above bar by more than the samples differ among each other, a head of the queue older than oldest,
// or a queue that grew from sample to sample over growingFor of them. None: it does not, or there are not enough
// samples yet to say so. A line that somebody has paused is named.
//
// The last two may come of a pause of the server as well as of too few connections. While the samples say that it is
// one (see paused), stalled is true and the reason tells of it: nothing that was done is wrong yet, and nothing more
// may be done. A pause that lasts longer than oldest is judged like any other waiting.
func (t RecentSamples) suffers(pool string, since time.Time, bar, oldest time.Duration) (why verdict.Reason,
	stalled bool) {
	why, stalled = t.waits(pool, since, bar, oldest)
	if !why.Any() {
		return why, false
	}
	for _, l := range t.samples[len(t.samples)-1].lines {
		if l.pool == pool && l.stopped.Any() {
			return why.And(l.stopped), stalled
		}
	}
	return why, stalled
}

// waits is suffers, whoever stopped it.
func (t RecentSamples) waits(pool string, since time.Time, bar, oldest time.Duration) (why verdict.Reason,
	stalled bool) {
	samples := t.samples
	for len(samples) > 0 && samples[0].at.Before(since) {
		samples = samples[1:]
	}
	if len(samples) == 0 {
		return why, false
	}
	queues := make([]int, len(samples))
	for _, l := range samples[len(samples)-1].lines {
		if l.pool != pool {
			continue
		}
		for i, g := range samples {
			if was, ok := g.line(l.SettingChange); ok {
				queues[i] += was.waiting
			}
		}
		if l.maxWait > oldest && !why.Any() {
			why = verdict.Of(verdict.ClientWaits, pool, l.Process, l.maxWait.Round(time.Millisecond), oldest)
		}
		if mean, half, xacts := meanWait(samples, l.SettingChange); mean-half > bar {
			return verdict.Of(verdict.PoolWaits, pool, mean.Round(100*time.Microsecond), half.Round(100*time.Microsecond),
				l.Process, bar.Round(100*time.Microsecond), xacts, samples[0].at.Format(time.TimeOnly)), false
		}
	}
	if !why.Any() && grows(queues) {
		why = verdict.Of(verdict.QueueGrows, pool, queues[len(queues)-growingFor:])
	}
	if !why.Any() {
		return why, false
	}
	of := func(l lineSample) bool { return l.pool == pool }
	if pause := t.paused(pool, of, oldest); pause.Any() {
		return pause, true
	}
	if server := t.server(pool); server != "" {
		if pause := t.Paused(server, oldest); pause.Any() {
			return pause, true
		}
	}
	return why, false
}

// growingQueue is the least queue whose growth counts. chosen: at high use one or two waiters come and go all the time.
const growingQueue = 5

// growingFor is how many samples a queue must have grown over. chosen: a pause of a second raises it over one or two
// intervals, whatever comes before by chance makes three; one more tells growth from that.
const growingFor = 5

// grows reports whether a queue has grown from sample to sample over the newest samples.
func grows(queues []int) bool {
	n := len(queues)
	if n < growingFor || queues[n-1] < growingQueue {
		return false
	}
	for i := n - growingFor + 1; i < n; i++ {
		if queues[i] <= queues[i-1] {
			return false
		}
	}
	return true
}

// server is where the newest sample shows a pool; empty: nowhere.
func (t RecentSamples) server(pool string) string {
	for _, l := range t.samples[len(t.samples)-1].lines {
		if l.pool == pool && l.server != "" {
			return l.server
		}
	}
	return ""
}

// xacts counts the transactions of a line between the samples since `since`.
func (t RecentSamples) xacts(x fleet.SettingChange, since time.Time) int64 {
	n, first := int64(0), true
	for _, g := range t.samples {
		l, ok := g.line(x)
		if !ok || g.at.Before(since) {
			continue
		}
		if first {
			n, first = -l.xacts, false
		}
		if g.at.Equal(t.samples[len(t.samples)-1].at) {
			return max(0, n+l.xacts)
		}
	}
	return 0
}

// used says why a line may not be made as small as a change makes it: at two of the last three samples more than share
// of what it would have then was in use.
func (t RecentSamples) used(x fleet.SettingChange, share float64) verdict.Reason {
	above, of, active := 0, 0, 0
	for _, g := range t.samples[max(0, len(t.samples)-3):] {
		l, ok := g.line(x)
		if of = x.To * max(1, l.users); ok && float64(l.active) > share*float64(of) {
			above, active = above+1, l.active
		}
	}
	if above < holdOf {
		return verdict.Reason{}
	}
	return verdict.Of(verdict.InUse, x.Process, x.Alias, verdict.Conns(active), share, of)
}

// leastIntervals is how many intervals a mean wait needs. chosen: with fewer there is no telling how much they differ.
const leastIntervals = 3

// meanWait is a line's mean wait per transaction over the samples, and twice its standard error as the intervals
// between samples tell it: waits of one interval hang together, those of different ones nearly do not (batch means).
// Infinite where there are too few intervals with transactions.
func meanWait(samples []sample, x fleet.SettingChange) (mean, half time.Duration, xacts int64) {
	var waits, counts []float64
	var sum time.Duration
	for i := 1; i < len(samples); i++ {
		was, ok := samples[i-1].line(x)
		is, also := samples[i].line(x)
		if n := is.xacts - was.xacts; ok && also && n > 0 && is.waitTime >= was.waitTime {
			waits, counts = append(waits, (is.waitTime-was.waitTime).Seconds()), append(counts, float64(n))
			sum += is.waitTime - was.waitTime
			xacts += n
		}
	}
	k := float64(len(waits))
	if k < leastIntervals {
		return 0, 0, xacts
	}
	m := sum.Seconds() / float64(xacts)
	var squares float64 // of the residuals of a ratio estimate: Cochran, Sampling Techniques, 6.4
	for i := range waits {
		squares += math.Pow(waits[i]-m*counts[i], 2)
	}
	se := math.Sqrt(squares*k/(k-1)) / float64(xacts)
	return time.Duration(m * float64(time.Second)), time.Duration(2 * se * float64(time.Second)), xacts
}
