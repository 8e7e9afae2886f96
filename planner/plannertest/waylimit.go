package plannertest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// UnderLimits is a fleet of several pools, some of them in one process, with roles, databases and PgBouncer's own users
// that are limited, at least as far as today's sizes go, and loads that want other sizes.
func UnderLimits(t *testing.T, r *rand.Rand) budget.Fleet {
	t.Helper()
	o := fleet.Observation{At: Noon, Servers: []fleet.Server{{Name: "pg", MaxConns: 250 + r.IntN(200),
		SuperuserReservedConns: 3}}}
	var loads []load.Load
	sums := map[string]int{}
	for i := range 2 + r.IntN(3) {
		id, user, db := "g"+strconv.Itoa(i), []string{"app", "batch"}[r.IntN(2)], []string{"x", "y"}[r.IntN(2)]
		size := 4 + r.IntN(20)
		p := fleet.Process{ID: id + "/1", Group: id, Version: "1.24.1", Settings: fleet.Settings{ReserveTimeout: time.Second}}
		names := []string{"db", "other"}[:1+r.IntN(2)]
		for _, name := range names {
			p.Aliases = append(p.Aliases, fleet.Alias{Name: name, Database: db, SizeConns: size, PoolMode: "transaction",
				Server: "pg",
				Pools:  []fleet.PoolGauges{{User: user, ServersIdle: size}}})
			sums["role "+user] += size
			sums["database "+db] += size
			a := 1 + 10*r.Float64()
			loads = append(loads, load.Load{Pool: id + "/" + name, Erlangs: load.Range{Lower: a, Target: a, Upper: a},
				PerSec: a / .01, MeanHold: 10 * time.Millisecond, Xacts: 1e6,
				ArrivalSCV: 1, HoldSCV: 1, Method: load.MethodCounters, Copies: []load.CopyShare{{Process: id + "/1", User: user,
					Share: 1}}})
		}
		if r.IntN(3) > 0 {
			p.Settings.MaxUserConns = len(names)*size + r.IntN(6)
		}
		o.Processes = append(o.Processes, p)
	}
	for _, u := range []string{"app", "batch"} {
		if n := sums["role "+u]; n > 0 && r.IntN(3) > 0 {
			o.Servers[0].Roles = append(o.Servers[0].Roles, fleet.ConnLimit{Name: u, Conns: n + r.IntN(10)})
		}
	}
	for _, db := range []string{"x", "y"} {
		if n := sums["database "+db]; n > 0 && r.IntN(3) > 0 {
			o.Servers[0].Databases = append(o.Servers[0].Databases, fleet.ConnLimit{Name: db, Conns: n + r.IntN(10)})
		}
	}
	e, err := load.Evidence{}.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := budget.Model(o.At, budget.Declared{SizeAll: true, LeastGain: budget.DefaultLeastGain}, e, loads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// OpenUnder is how many connections each limit has under it, from the sizes alone: one user and one database a pool. A
// limit of PgBouncer's over one pool alone is none that a size could break: PgBouncer opens no more, where that is
// trusted.
func OpenUnder(f budget.Fleet, trusted bool) map[string]int {
	out, alone := map[string]int{}, map[string]int{}
	for _, l := range f.Limits {
		if trusted && l.Kind == fleet.LimitUser && len(l.Members) == 1 {
			alone[l.Members[0].Pool] = l.Conns
		}
	}
	for _, l := range f.Limits {
		for _, m := range l.Members {
			p, _ := f.Pool(m.Pool)
			conns := p.Sizes[0].Conns
			if most, ok := alone[m.Pool]; ok {
				conns = min(conns, most)
			}
			out[fmt.Sprint(l.Text(), l.Process)] += max(conns, p.Copies[0].SeenConns)
		}
	}
	return out
}
