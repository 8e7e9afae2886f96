package load

import (
	"fmt"
	"math"
	"slices"
)

// busyUsers are the users who did anything at the samples.
func (v flowView) busyUsers() []string {
	var users []string
	for _, s := range v.samples {
		for _, u := range s.Users {
			if u.Active+u.Waiting > 0 {
				users = append(users, u.User)
			}
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// oftenFull is the share of samples above which a user's pool counts as full. chosen: 5 %, because below it what waits
// is served soon.
const oftenFull = 0.05

// fullUsers are the users whose pool was full at more than a few samples, with the share of samples.
func (v flowView) fullUsers() (users []string, shares []float64) {
	for _, name := range v.busyUsers() {
		n := 0
		for _, s := range v.samples {
			if s.of(name).Full {
				n++
			}
		}
		if share := float64(n) / float64(len(v.samples)); share > oftenFull {
			users, shares = append(users, name), append(shares, share)
		}
	}
	return users, shares
}

// shares splits an alias's load among its users by their mean sv_active: PgBouncer's counters are per alias.
func (v flowView) shares() []userShare {
	out := make([]userShare, 0, len(v.Users))
	total := 0.0
	for _, u := range v.Users {
		var active float64
		for _, s := range v.samples {
			active += float64(s.of(u.User).Active)
		}
		total += active
		out = append(out, userShare{u.User, active})
	}
	for i := range out {
		if out[i].share = out[i].share / total; total == 0 {
			out[i].share = 1 / float64(len(out))
		}
	}
	return out
}

// fromUsers reads an alias of several users, one of whose pools at least was full. What all carried is known, and so is
// what a user carries whose pool is never full. One full user's waits are the alias's, so its mean hold is that of its
// connections over Δtotal_wait_time / mean age of its queue's head, and what it has not been served is its queue's
// growth. Of two full users nothing tells whose an arrival or a wait was.
func (l *flowLoad) fromUsers(v flowView) {
	full, shares := v.fullUsers()
	span := l.window.Seconds()
	carried := l.busySeconds / span
	hold := carried * span / max(1, float64(l.xacts))
	l.erlangs = carried
	busy, like := func(iv Interval) float64 { return iv.Busy.Seconds() }, 0.0
	if len(full) == 0 {
		like = alike(v.Intervals, busy)
	}
	l.below, l.above = spread(v.Intervals, carried, carried*carried*2/max(1, l.served), like, busy)
	switch {
	case len(full) == 0:
		return
	case len(full) > 1:
		l.atLeast, l.method = true, MethodBusy
		l.notes = append(l.notes,
			fmt.Sprintf("%s/%s: the pools of %d users were full, and PgBouncer counts per database: their load is at least the "+
				"%.3g Erlangs that were busy", v.Process, v.Alias, len(full), carried))
		return
	}
	l.method = MethodFlowBalance
	user := full[0]
	// What it held and what it waited, in the intervals through which it was full.
	var active, held, waited, age float64
	var saturated []Interval
	for _, s := range v.samples {
		active += float64(s.of(user).Active) / float64(len(v.samples))
	}
	for _, iv := range v.Intervals {
		if from, to := iv.Begin.of(user), iv.End.of(user); from.Full && to.Full {
			saturated = append(saturated, iv)
			held += float64(from.Active+to.Active) / 2 * iv.Span.Seconds()
			waited += iv.Waited.Seconds()
			age += (from.MaxWait + to.MaxWait).Seconds() / 2
		}
	}
	grown := float64(v.samples[len(v.samples)-1].of(user).Waiting - v.samples[0].of(user).Waiting)
	lost := 0.0
	if v.sendsAway() {
		lost = l.timedOut
	}
	served := 0.0
	if age > 0 {
		served = waited / (age / float64(len(saturated)))
	}
	soon := grown <= 1 || len(saturated) < leastFull && grown <= v.longestEnded(user) // who waited was served soon
	if (len(saturated) < leastFull || served < leastServed) && soon && lost == 0 {
		l.askLess(v, active, hold, v.Intervals, func(iv Interval) float64 { return float64(iv.Xacts) },
			func(s Level) UserGauge { return s.of(user) })
		l.atLeast = l.atLeast || l.hidden
		return
	}
	if len(saturated) < leastFull || served < leastServed || v.sendsAway() && !v.counted() {
		l.atLeast, l.method = true, MethodBusy
		l.notes = append(l.notes,
			fmt.Sprintf("%s/%s: the pool of %s was full, and PgBouncer counts per database: the load is at least the %.3g "+
				"Erlangs that were busy", v.Process, v.Alias, user, carried))
		return
	}
	hold = held / served
	extra := hold * max(0, grown+lost) / span
	came := served + max(0, grown+lost)
	noise := Z95 * hold * math.Sqrt(came*(1+came/served)) / span // of arrivals, and of the mean hold of those served
	l.erlangs += extra
	l.below, l.above = math.Hypot(l.below, noise), math.Hypot(l.above, noise)
	if l.timedOut == 0 && !v.sendsAway() { // else the queue's length is what the time-out makes it
		l.askLess(v, active+extra, hold, saturated,
			func(iv Interval) float64 { return float64(iv.End.of(user).Waiting - iv.Begin.of(user).Waiting) },
			func(s Level) UserGauge { return s.of(user) })
	}
	for i := range l.users {
		mine := l.users[i].share * carried
		if l.users[i].user == user {
			mine += extra
		}
		l.users[i].share = mine / l.erlangs
	}
	queue := func(s Level) UserGauge { return s.of(user) }
	if l.hidden || l.stands(v, shares[0], queue) {
		l.atLeast, l.method = true, MethodBusy
		l.above, l.open = l.above+extra+l.open, 0
		l.erlangs = carried
	}
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s: the pool of %s was full at %.0f %% of the samples, and PgBouncer counts per database: its load "+
			"is split by what SHOW POOLS shows", v.Process, v.Alias, user, 100*shares[0]))
}

// longestEnded is the longest queue of a user that had gone at a later sample; at least 1 client.
func (v flowView) longestEnded(user string) float64 {
	ended, longest := 1, 0
	for _, s := range v.samples {
		if u := s.of(user); u.Full {
			longest = max(longest, u.Waiting)
		} else {
			ended = max(ended, longest)
		}
	}
	return float64(ended)
}

// leastFull is how many intervals a user's pool must have been full through for its mean hold to be read off its queue.
// chosen: 5, because with fewer the age of the head says little of what those served had waited.
const leastFull = 5

// counted reports whether assignments are counted.
func (v flowView) counted() bool {
	return !slices.ContainsFunc(v.Intervals, func(iv Interval) bool { return iv.Assigned < 0 })
}

// fromGauge reads a session pool: PgBouncer books no holding time there. Those who have a connection and those who wait
// for one are there, and a session may hold its connection without using it.
func (l *flowLoad) fromGauge(v flowView) {
	var half float64
	l.erlangs, half = v.held(func(s Level) int { return s.Active + s.Waiting })
	// A window in which few came or went tells little of how many there are at other times: the bound below allows for
	// what independent comings would make of them (a Poisson number at each sample).
	l.below, l.above = min(max(half, Z95*math.Sqrt(l.erlangs/float64(max(1, len(v.samples))))), l.erlangs), half
	l.atLeast, l.method = true, MethodGauge
	l.notes = append(l.notes,
		fmt.Sprintf("%s/%s pools sessions: its load is read from sv_active and cl_waiting, which count held and wanted, not "+
			"used, connections", v.Process, v.Alias))
}
