package sim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/planner/fleet"
)

var errNoAnswer = errors.New("the console does not answer")

// micros is the grain of PgBouncer's own clock (get_cached_time, µs).
const micros = time.Microsecond

func booked(t int64) time.Duration { return time.Duration(t).Truncate(micros) }

// showProcess is what SHOW VERSION, CONFIG, DATABASES, POOLS and STATS_TOTALS say now.
func (w *World) showProcess(proc *process) fleet.Process {
	set := proc.spec.Settings
	out := fleet.Process{ID: proc.id, Group: proc.group, Console: "simulated", Version: cmp.Or(proc.spec.Version, "1.18"),
		At: w.Now(), Started: 1 + proc.restarts,
		Identity: fleet.Identity{ConfFile: "/simulated/" + proc.id + "/pgbouncer.ini", ListenPort: 6432, PeerID: proc.index +
			1},
		Settings: fleet.Settings{DefaultPoolConns: 20, ReserveTimeout: time.Duration(proc.reserveTimeout),
			MaxUserConns: set.MaxUserConns,
			MaxClients:   proc.maxClients, PoolMode: string(Transaction), QueryWaitTimeout: time.Duration(proc.waitTimeout)},
	}
	hash := sha256.New()
	for _, a := range proc.aliases {
		x := a.show(w)
		fmt.Fprintln(hash, x.Name, x.SizeConns, x.ReserveConns, x.MaxConns, x.PoolMode)
		out.Aliases = append(out.Aliases, x)
	}
	out.Identity.ConfigHash = hex.EncodeToString(hash.Sum(nil))
	for _, a := range proc.aliases {
		if a.spec.WaitTimeout != 0 {
			out.WaitTimeouts = append(out.WaitTimeouts, fleet.WaitTimeout{Alias: a.name, Timeout: time.Duration(a.waitTimeout)})
		}
	}
	slices.SortFunc(out.Aliases, func(a, b fleet.Alias) int { return byID(a.Name, b.Name) })
	return out
}

func (a *alias) show(w *World) fleet.Alias {
	x := fleet.Alias{Name: a.name, Host: a.srv.spec.Name, Port: 5432, Database: a.spec.Database, SizeConns: a.size,
		ReserveConns: a.reserve,
		MaxConns:     a.maxConns, CurrentConns: a.conns, PoolMode: string(cmp.Or(a.spec.Mode, Transaction)),
		Server: a.srv.spec.Name, Proof: fleet.ProofAddress,
		Lifetime: time.Duration(a.lifetime), Counters: fleet.Counters{Xacts: a.xacts, Assignments: -1,
			XactTime: booked(a.xactTime), WaitTime: booked(a.waitTime)}}
	if a.forced {
		x.ForceUser = a.pools[0].name
	}
	if a.conns > 0 {
		x.Proof = fleet.ProofBackends
	}
	if a.proc.since123 {
		x.Counters.Assignments = a.assignments
	}
	for _, p := range a.pools {
		if p.seen || p.count > 0 {
			x.Pools = append(x.Pools, p.show())
		}
	}
	slices.SortFunc(x.Pools, func(a, b fleet.PoolGauges) int { return byID(a.User, b.User) })
	return x
}

// show is the pool's row of SHOW POOLS. cl_active counts clients that are linked or do nothing: of closed clients it is
// known how many are connected; of open ones as many as there ever were at one time are taken to have stayed.
func (p *pool) show() fleet.PoolGauges {
	g := fleet.PoolGauges{User: p.name, ClientsActive: max(p.active, max(p.clients, p.closed)-p.queue.n),
		ClientsWaiting: p.queue.n,
		ServersActive:  p.active, ServersIdle: len(p.idle), ServersUsed: len(p.used), ServersTested: p.tested,
		ServersLogin: b2i(p.login >= 0)}
	if p.queue.n > 0 {
		g.MaxWait = booked(p.w.now - p.queue.first().asked)
	}
	return g
}

// showServer is what PostgreSQL's catalogs and pg_stat_activity say now.
func (w *World) showServer(s *server) fleet.Server {
	out := fleet.Server{Name: s.spec.Name, VersionNum: 150000, SystemID: "simulated-" + s.spec.Name, Timeline: 1,
		MaxConns:               s.spec.MaxConns,
		SuperuserReservedConns: s.spec.SuperuserReservedConns, ReservedConns: s.spec.ReservedConns}
	for _, r := range s.spec.Roles {
		out.Roles = append(out.Roles, fleet.ConnLimit{Name: r.Role, Conns: r.Conns})
	}
	slices.SortFunc(out.Roles, func(a, b fleet.ConnLimit) int { return byID(a.Name, b.Name) })
	b := fleet.BackendCounts{DirectConns: s.direct}
	for i := range w.conns {
		c := &w.conns[i]
		if c.pool.srv != s {
			continue
		}
		switch c.state {
		case connFree:
		case connLogin:
			if !c.doomed {
				b.PoolConns++
			}
		case connOrphan, connOrphanCPU:
			if c.used < w.prevSample {
				b.OrphanConns++ // nobody owned it at the sample before, either
			} else {
				b.ClosingConns++
			}
		case connExiting:
			b.ClosingConns++
		default:
			b.PoolConns++
			if h, ok := w.idleInTx(c, int(i)); ok {
				out.IdleInTransaction = append(out.IdleInTransaction, h)
			}
		}
	}
	out.Backends = b
	return out
}

// holderAge is how long a session must have been idle in a transaction to be named, as by the live fleet.
const holderAge = time.Second

// idleInTx reports a connection whose transaction sits idle: after its query, before its CPU work, as assign lays them
// out.
func (w *World) idleInTx(c *conn, n int) (fleet.IdleInTransaction, bool) {
	if c.state != connActive || c.pool.alias.session {
		return fleet.IdleInTransaction{}, false
	}
	l := &w.loads[c.x.load]
	idle := time.Duration(float64(c.x.hold) * l.slow * l.spec.Idle)
	age := idle - time.Duration(w.cal.at(w.base+int32(n))-w.now)
	if c.vanishing || age < holderAge {
		return fleet.IdleInTransaction{}, false
	}
	return fleet.IdleInTransaction{PID: 1000 + n, User: c.pool.name, Database: c.pool.alias.spec.Database, Age: age,
		Pool: c.pool.alias.spec.ID}, true
}
