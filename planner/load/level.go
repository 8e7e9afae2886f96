package load

import (
	"cmp"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Level is one sample's gauges of one alias in one process.
type Level struct {
	Sample  int           // the sample's number, from 0
	At      time.Time     // when they were read
	Late    time.Duration // the counters may have been read as much later than At: the console's own time is not known
	Active  int           // sv_active, all users
	Conns   int           // server connections, logins included
	Limit   int           // server connections that the settings allow, all users together
	Clients int           // cl_active + cl_waiting
	Waiting int           // cl_waiting, all users
	MaxWait time.Duration // maxwait of the client that has waited longest
	// waits of transactions that are open now, all together: in total_wait_time already, in total_xact_time not yet
	Pending          time.Duration
	QueryWaitTimeout time.Duration // the least query_wait_timeout of its users; 0: none
	Full             bool          // every connection that the size allows is in use, and clients wait
	LoginWait        bool          // clients wait, connections are free to open, a login is in flight
	CancelWait       bool          // only cancel requests wait or are served
	Paused           bool          // or disabled
	Stopped          bool          // that, or clients wait and nothing at all serves them
	Users            []UserGauge
}

// UserGauge is one sample's gauges of one user of an alias in one process.
type UserGauge struct {
	User    string
	Active  int           // sv_active
	Waiting int           // cl_waiting
	Clients int           // cl_active + cl_waiting
	MaxWait time.Duration // maxwait
	Full    bool          // every connection that the user's size allows is in use, and clients wait
}

// UserLevel sums the samples' sv_active and cl_waiting of one user, the weights by which an alias's load is split.
type UserLevel struct {
	User            string
	Active, Waiting int // sums over samples: a weight, no count of connections
}

// levelOf reads one alias's gauges. A pool is full when clients wait while as many servers are active as its size
// allows, while the alias has reached max_db_connections, or while every server is active and none is on its way.
//
// PgBouncer books a wait when it ends in an assignment, and the transaction, that wait included, when it ends. While a
// queue grows, the transactions open at the second sample have waited longer than those at the first, and the
// difference of the counters falls short by it. In a full FIFO pool they have waited about as long as the queue's head
// has.
//
// A PAUSE of the whole process, or a server that nobody can log in to, shows in no column: clients wait, and there is
// no connection at all.
func levelOf(sample int, o fleet.Observation, p fleet.Process, a fleet.Alias) Level {
	l := Level{Sample: sample, At: p.At}
	for i, g := range a.Pools {
		if t := p.WaitTimeout(a.Name, g.User); i == 0 || t > 0 && (t < l.QueryWaitTimeout || l.QueryWaitTimeout == 0) {
			l.QueryWaitTimeout = t
		}
	}
	if p.At.IsZero() {
		l.At, l.Late = o.At, o.Took
	}
	for _, g := range a.Pools {
		l.Conns += g.Conns()
		l.Limit = min(fleet.Unlimited, l.Limit+fleet.EffectiveSize(p, a, g.User)+fleet.EffectiveReserve(p, a, g.User))
	}
	if a.MaxConns > 0 {
		l.Limit = min(l.Limit, a.MaxConns)
	}
	l.Limit = max(l.Limit, l.Conns)
	for _, g := range a.Pools {
		u := UserGauge{User: g.User, Active: g.ServersActive, Waiting: g.ClientsWaiting, Clients: g.ClientsActive +
			g.ClientsWaiting, MaxWait: g.MaxWait}
		l.Active += u.Active
		l.Clients += u.Clients
		l.Waiting += u.Waiting
		if u.Waiting > 0 {
			u.Full = l.wait(o, p, a, g)
		}
		l.Users = append(l.Users, u)
	}
	slices.SortFunc(l.Users, func(a, b UserGauge) int { return cmp.Compare(a.User, b.User) })
	l.Paused = a.Paused || a.Disabled
	l.Stopped = l.Paused || l.Waiting > 0 && l.Conns == 0
	return l
}

// wait notes what the waiting clients of one user wait for, and reports whether their pool is full.
func (l *Level) wait(o fleet.Observation, p fleet.Process, a fleet.Alias, g fleet.PoolGauges) (full bool) {
	l.MaxWait = max(l.MaxWait, g.MaxWait)
	allowed, _ := o.Allowed(p, a, g.User)
	// a limit that no sample shows, or a login refused: no more can be had
	none := g.ServersActive > 0 && g.Conns() == g.ServersActive
	switch {
	case allowed != fleet.Unlimited && g.ServersActive >= allowed || none:
		l.Full, full = true, true
		l.Pending += time.Duration(g.ServersActive) * g.MaxWait
	case g.ServersLogin > 0:
		l.LoginWait = true
	case g.ServersActiveCancel+g.ServersBeingCanceled > 0:
		l.CancelWait = true
	}
	return full
}

// of returns the gauges of one user.
func (l Level) of(user string) UserGauge {
	i, found := slices.BinarySearchFunc(l.Users, user, func(u UserGauge, n string) int { return cmp.Compare(u.User, n) })
	if !found {
		return UserGauge{User: user}
	}
	return l.Users[i]
}
