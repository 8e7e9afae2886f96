package recording

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// number is one figure of a recording, and the least that it can be.
type number struct {
	what  string
	n     int
	least int
}

// outside names the first of the numbers that no server and no PgBouncer can show: both count in 32 bits.
func outside(whose string, numbers ...number) error {
	for _, x := range numbers {
		if x.n < x.least || x.n > math.MaxInt32 {
			return fmt.Errorf("%s: %s is %d, outside of %d to %d", whose, x.what, x.n, x.least, math.MaxInt32)
		}
	}
	return nil
}

// check refuses numbers that no fleet can show: a recording may have been edited or damaged.
func check(o fleet.Observation) error {
	if len(o.Servers) == 0 || len(o.Processes) == 0 {
		return errors.New("a sample without servers or processes")
	}
	if o.Took < 0 {
		return fmt.Errorf("a sample that took %v", o.Took)
	}
	once := onceEach()
	for _, s := range o.Servers {
		if err := cmp.Or(once("server "+s.Name), checkServer(s)); err != nil {
			return err
		}
	}
	for _, p := range o.Processes {
		if err := cmp.Or(once(p.ID), checkProcess(p)); err != nil {
			return err
		}
		for _, a := range p.Aliases {
			if err := cmp.Or(once(p.ID+"/"+a.Name), checkAlias(p.ID+"/"+a.Name, a)); err != nil {
				return err
			}
		}
	}
	for _, s := range o.Signals {
		if s.Interval < 0 {
			return fmt.Errorf("signal %s of %s: interval %v", s.Name, s.Server, s.Interval)
		}
	}
	return nil
}

// onceEach returns a function that refuses what it has been asked for before.
func onceEach() func(id string) error {
	ids := map[string]bool{}
	return func(id string) error {
		if ids[id] {
			return fmt.Errorf("%s stands there twice", id)
		}
		ids[id] = true
		return nil
	}
}

// checkHistory refuses what no monitoring system can have remembered of a fleet.
func checkHistory(h load.History) error {
	once := onceEach()
	if h.Lookback < 0 {
		return fmt.Errorf("the history's lookback is %v, want at least 0", h.Lookback)
	}
	for _, p := range h.Pools {
		whose := "the history of " + p.Pool
		err := cmp.Or(once(whose), checkHistogram(whose, p.Erlangs), within(whose, "censored", p.Censored, 1),
			within(whose, "full_erlangs", p.Full, math.MaxInt32), within(whose, "day_erlangs", p.Day, math.MaxInt32))
		if err != nil {
			return err
		}
	}
	for _, s := range h.Servers {
		whose := "the history of server " + s.Server
		err := cmp.Or(once(whose), checkHistogram(whose, s.Direct), outside(whose, number{"cpu samples", s.CPU.Samples, 0}),
			within(whose, "cpu base", s.CPU.Base, maxRatio), within(whose, "mean_ratio_per_tps", s.CPU.Mean, maxRatio),
			within(whose, "max_total_per_sec", s.CPU.MaxPerSec, math.MaxInt32))
		for _, d := range s.CPU.Demands {
			err = cmp.Or(err, within(whose, "ratio_per_tps of "+d.Pool, d.RatioPerTPS, maxRatio))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// maxRatio bounds a share of all cores that something takes. chosen: 1e4 because no server does ten thousand times what
// it can.
const maxRatio = 1e4

// checkHistogram wants a histogram's buckets in order, each with a weight, and samples and a highest that can be.
func checkHistogram(whose string, h load.Histogram) error {
	err := cmp.Or(outside(whose, number{"samples", h.Samples, 0}), within(whose, "max", h.Max, math.MaxInt32))
	if (h.Samples == 0) != (len(h.Buckets) == 0) {
		err = cmp.Or(err, fmt.Errorf("%s: %d samples in %d buckets", whose, h.Samples, len(h.Buckets)))
	}
	if h.Last.Before(h.First) {
		err = cmp.Or(err, fmt.Errorf("%s: its last sample, of %s, is before its first, of %s", whose,
			h.Last.Format(time.RFC3339), h.First.Format(time.RFC3339)))
	}
	for i, b := range h.Buckets {
		if b.Index < 0 || i > 0 && b.Index <= h.Buckets[i-1].Index || !(b.Weight >= 0) || math.IsInf(b.Weight, 0) {
			err = cmp.Or(err, fmt.Errorf("%s: bucket %d weighs %g; want buckets in order, and no weight below 0", whose,
				b.Index, b.Weight))
		}
	}
	return err
}

// within refuses a number below 0, above most, or none.
func within(whose, what string, x, most float64) error {
	if !(x >= 0 && x <= most) {
		return fmt.Errorf("%s: %s is %g, want 0 to %g", whose, what, x, most)
	}
	return nil
}

func checkServer(s fleet.Server) error {
	b := s.Backends
	err := outside("server "+s.Name, number{"max_connections", s.MaxConns, 1}, number{"superuser_reserved_connections",
		s.SuperuserReservedConns, 0},
		number{"reserved_connections", s.ReservedConns, 0}, number{"pool backends", b.PoolConns, 0}, number{"direct backends",
			b.DirectConns, 0},
		number{"closing backends", b.ClosingConns, 0}, number{"orphans", b.OrphanConns, 0}, number{"own backends",
			b.OwnConns, 0},
		number{"logins", b.LoginConns, 0}, number{"autovacuum_max_workers", s.WorkerConns, 0},
		number{"version_num", s.VersionNum, 0}, number{"timeline", s.Timeline, 0})
	for _, h := range s.IdleInTransaction {
		err = cmp.Or(err, outside("server "+s.Name, number{"a pid", h.PID, 0}))
	}
	for _, limits := range [][]fleet.ConnLimit{s.ReservedSettings, s.Roles, s.Databases} {
		for _, l := range limits {
			err = cmp.Or(err, outside("server "+s.Name, number{"the limit of " + l.Name, l.Conns, 0},
				number{"the number of other sessions under the limit of " + l.Name, l.DirectConns, 0},
				number{"the number of sessions let go under the limit of " + l.Name, l.ClosingConns, 0}))
		}
	}
	return err
}

func checkProcess(p fleet.Process) error {
	s := p.Settings
	err := outside(p.ID, number{"default_pool_size", s.DefaultPoolConns, 0}, number{"reserve_pool_size",
		s.DefaultReserveConns, 0},
		number{"max_user_connections", s.MaxUserConns, 0}, number{"max_db_connections", s.MaxDBConns, 0},
		number{"max_client_conn", s.MaxClients, 0}, number{"started", p.Started, 0},
		number{"max_db_client_connections", s.MaxDBClients, 0},
		number{"max_user_client_connections", s.MaxUserClients, 0}, number{"used_clients", p.UsedClients, 0},
		number{"listen_port", p.Identity.ListenPort, 0}, number{"peer_id", p.Identity.PeerID, 0})
	if s.ReserveTimeout < 0 || s.QueryWaitTimeout < 0 || s.Lifetime < 0 {
		err = cmp.Or(err, fmt.Errorf("%s: a negative time-out", p.ID))
	}
	for _, w := range p.WaitTimeouts {
		if w.Timeout < 0 {
			err = cmp.Or(err, fmt.Errorf("%s: a negative time-out of %s%s", p.ID, w.Alias, w.User))
		}
	}
	for _, u := range p.UserClients {
		err = cmp.Or(err, outside(p.ID+", user "+u.Name, number{"max_user_client_connections", u.Most, 1},
			number{"current_client_connections", u.Now, 0}))
	}
	for _, u := range p.Users {
		err = cmp.Or(err, outside(p.ID+", user "+u.Name, number{"max_user_connections", u.MaxConns, 0},
			number{"pool_size", u.SizeConns, 0},
			number{"reserve_pool_size", u.ReserveConns, fleet.NoReserve}))
	}
	return err
}

func checkAlias(id string, a fleet.Alias) error {
	err := outside(id, number{"pool_size", a.SizeConns, 0}, number{"reserve_pool_size", a.ReserveConns, 0},
		number{"max_db_connections", a.MaxConns, 0}, number{"max_db_client_connections", a.MaxClients, 0},
		number{"current_connections", a.CurrentConns, 0},
		number{"port", a.Port, 0})
	if a.Lifetime < 0 {
		err = cmp.Or(err, fmt.Errorf("%s: a negative server_lifetime", id))
	}
	if c := a.Counters; c.Xacts < 0 || c.XactTime < 0 || c.WaitTime < 0 || c.Assignments < -1 {
		err = cmp.Or(err, fmt.Errorf("%s: a negative counter", id))
	}
	for _, g := range a.Pools {
		err = cmp.Or(err, outside(id+", user "+g.User, number{"cl_active", g.ClientsActive, 0},
			number{"cl_waiting", g.ClientsWaiting, 0},
			number{"sv_active", g.ServersActive, 0}, number{"sv_active_cancel", g.ServersActiveCancel, 0},
			number{"sv_being_canceled", g.ServersBeingCanceled, 0},
			number{"sv_idle", g.ServersIdle, 0}, number{"sv_used", g.ServersUsed, 0}, number{"sv_tested", g.ServersTested, 0},
			number{"sv_login", g.ServersLogin, 0}))
		if g.MaxWait < 0 {
			err = cmp.Or(err, fmt.Errorf("%s, user %s: a negative maxwait", id, g.User))
		}
	}
	return err
}
