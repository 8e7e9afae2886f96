package load_test

import (
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/plannertest"
)

// TestNobodyIsSentAwayWhereOneUserWaitsAndAnotherDoesNot: PgBouncer counts per alias, so the waits of a slow user's few
// transactions lie in one sum with the many of a quick user that wait for nothing. That sum over the age of the slow
// one's queue is a small number of transactions, and the others have been served all the same.
func TestNobodyIsSentAwayWhereOneUserWaitsAndAnotherDoesNot(t *testing.T) {
	type user struct {
		perSec, served int64 // that come in a second, and that are served
		hold           time.Duration
		active         int
		stands         int // clients of a queue that neither grows nor shrinks
	}
	quick := user{3000, 3000, time.Millisecond, 3, 0}
	for _, c := range []struct {
		name        string
		slow, other user
		truth       float64
	}{
		{"one is full", user{120, 100, 100 * time.Millisecond, 10, 0}, quick, 15},
		{"one is full and its queue stands", user{100, 100, 100 * time.Millisecond, 10, 40}, quick, 13},
		{"both are full", user{120, 100, 100 * time.Millisecond, 10, 0}, user{1200, 1000, 10 * time.Millisecond, 10, 0}, 24},
		{"none is full", user{50, 50, 100 * time.Millisecond, 5, 0}, quick, 8},
	} {
		for _, version := range []string{"1.18.0", "1.24.1"} {
			both := []user{c.slow, c.other}
			var worlds []*plannertest.World
			for range both {
				worlds = append(worlds, &plannertest.World{At: plannertest.Epoch, Size: 10, Version: version, Mode: "transaction",
					Timeout: 2 * time.Minute,
					Counts:  version == "1.24.1"})
			}
			var samples []fleet.Observation
			for i := range 21 {
				var o fleet.Observation
				for k, u := range both {
					w := worlds[k]
					w.Active = u.active
					if n := int64(u.stands) + (u.perSec-u.served)*3*int64(i+1); u.active == w.Size {
						w.Queue(int(n), time.Duration(float64(n)/float64(u.served)*float64(time.Second)))
					}
					w.Users, w.Share = []string{[]string{"slow", "other"}[k]}, []float64{1}
					one := w.Sample()
					if k == 0 {
						o = one
					} else {
						a, b := &o.Processes[0].Aliases[0], one.Processes[0].Aliases[0]
						a.Counters, a.Pools = a.Counters.Plus(b.Counters), append(b.Pools, a.Pools...)
					}
					w.Run(3*time.Second, 3*u.served, u.hold, w.MaxWait)
				}
				samples = append(samples, o)
			}
			l := plannertest.EstimateOne(t, samples...)
			if l.TimedOut != 0 {
				t.Errorf("%s, %s: %d time-outs, and there were none", c.name, version, l.TimedOut)
			}
			plannertest.Near(t, c.name+", "+version+": served in a second", l.ServedPerSec,
				float64(c.slow.served+c.other.served), 0.01)
			holds := l.Erlangs.Lower <= c.truth && c.truth <= l.Erlangs.Upper
			if bound := l.AtLeast && l.Erlangs.Target <= c.truth; !holds && !bound {
				t.Errorf("%s, %s: %+v, at least %v; want %g", c.name, version, l.Erlangs, l.AtLeast, c.truth)
			}
		}
	}
}
