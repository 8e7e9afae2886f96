package planner

import (
	"fmt"
	"slices"
	"time"
)

// How a pause of a server is told from a pool that is too small.
const (
	// pausedShare is the share of the usual completions at or below which an interval counts as one with a pause.
	// chosen: a pause of one interval may fall into two, and leaves each half of its completions.
	pausedShare = 0.5
	// leastUsual is how many completions an interval must usually have to say anything. chosen: of eight arrivals by
	// chance, four or fewer come once in ten, and what a false pause costs is one more look.
	leastUsual = 8
	// leastPace is how many intervals tell what is usual.
	leastPace = 3
)

// paused says that a queue may come of a pause: the server, not the number of its connections, stopped serving. It is
// so where in the newest interval between two looks, or in one before it since when the queue has only fallen, half or
// less of the usual transactions completed, and that for at most longest. Empty: nothing says so.
//
// What completed between two looks is what arrived less what the queue and the open transactions grew by:
// total_xact_count counts arrivals (PgBouncer client.c:1596), and sv_active are the connections that a transaction
// holds.
func (t Trail) paused(of func(lineGlance) bool, longest time.Duration) string {
	n := len(t.looks)
	if n < leastPace+2 {
		return ""
	}
	done, queue := make([]int, n), make([]int, n) // of interval i, which ends at look i; at look i
	var paces []float64
	for i, g := range t.looks {
		for _, l := range g.lines {
			if !of(l) {
				continue
			}
			queue[i] += l.waiting
			if i == 0 {
				continue
			}
			if was, ok := t.looks[i-1].line(l.Set); ok && l.xacts >= was.xacts {
				done[i] += int(l.xacts-was.xacts) - (l.waiting + l.linked - was.waiting - was.linked)
			}
		}
		if i > 0 {
			paces = append(paces, float64(done[i])/g.at.Sub(t.looks[i-1].at).Seconds())
		}
	}
	slices.Sort(paces)
	usual := paces[len(paces)/2] // a pause is short against a trail, so that the median does not know of it
	first, last := 0, 0
	for i := n - 1; i > 0; i-- {
		expected := usual * t.looks[i].at.Sub(t.looks[i-1].at).Seconds()
		if expected >= leastUsual && float64(done[i]) <= pausedShare*expected {
			if first = i; last == 0 {
				last = i
			}
		} else if last != 0 || queue[i] >= queue[i-1] {
			break
		}
	}
	if last == 0 || t.looks[last].at.Sub(t.looks[first].at) > longest {
		return ""
	}
	dt := t.looks[last].at.Sub(t.looks[last-1].at).Seconds()
	return fmt.Sprintf("%d transactions completed in %.1f s where %.0f usually do: a pause, and no lack of connections so far", max(0, done[last]), dt, usual*dt)
}

// Paused says that a server's pools wait because it paused; empty: nothing says so.
func (t Trail) Paused(server string, longest time.Duration) string {
	return t.paused(func(l lineGlance) bool { return l.server == server }, longest)
}
