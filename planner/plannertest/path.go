package plannertest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/shift"
	"github.com/pgbudget/pgbudget/planner/sizing"
)

// RandomShift draws two pools before one server, at some percentage, with a budget that may or may not do.
func RandomShift(r *rand.Rand) (budget.Fleet, shift.Shift, int) {
	s := shift.Shift{From: "a/db", To: "b/db", At: r.IntN(3) * 10, Until: 60 + r.IntN(5)*10}
	if s.LoadsAt = s.At; r.IntN(4) == 0 { // and back again, measured at either end
		if s.At, s.Until = s.Until, s.At; r.IntN(2) == 0 {
			s.LoadsAt = s.At
		}
	}
	phi := 0.2 + 0.6*r.Float64()
	s.Fraction = load.Range{Lower: max(0, phi-0.1*r.Float64()), Target: phi, Upper: min(1, phi+0.1*r.Float64())}
	f := budget.Fleet{Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain}
	floors := 0
	for i, group := range []string{"a", "b"} {
		p := budget.FleetPool{ID: group + "/db", Group: group, Alias: "db", Server: "pg", Rules: budget.Rules{Min: 1,
			Weight: 1, Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond,
			Count: budget.CountWorst}}
		processes := 1 + r.IntN(2)
		for k := range processes {
			id := fmt.Sprintf("%s/%d", group, k+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: id, Conns: 30, CapConns: 0})
			p.LinePools = append(p.LinePools, budget.LinePool{Process: id, User: "u", Share: 1 / float64(processes)})
		}
		// what comes may hold for longer, or shorter, than what is there
		hold := []time.Duration{time.Millisecond, 20 * time.Millisecond, 500 * time.Millisecond}[r.IntN(3)]
		l := []float64{2 + 8*r.Float64(), 0.1 + r.Float64()}[i]
		p.Load = load.Load{Pool: p.ID, Erlangs: load.Range{Lower: 0.95 * l, Target: l, Upper: 1.05 * l}, MeanHold: hold,
			PerSec: l / hold.Seconds(), Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1, Method: load.MethodCounters}
		p.Tally()
		f.Pools = append(f.Pools, p)
	}
	f.Servers = []budget.FleetServer{{Name: "pg", MaxConns: 200, CPU: budget.CPUFacts{Now: fleet.Unknown()}}}
	for _, p := range s.Loaded(f, (s.At+s.Until)/2).Pools {
		size, _, _ := sizing.Floor(p)
		floors += size * p.Sized()
	}
	f.Servers[0].BudgetConns = floors + r.IntN(6) - 1
	return f, s, []int{5, 20, 100}[r.IntN(3)]
}

// ManyPools is a fleet of so many pools before one server, of which the first gives 40 % of its load to the second,
// with a tenth more connections than the floors need.
func ManyPools(n int) (budget.Fleet, shift.Shift) {
	r := rand.New(rand.NewPCG(uint64(n), 13))
	f := budget.Fleet{Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain,
		Servers: []budget.FleetServer{{Name: "pg", CPU: budget.CPUFacts{Now: fleet.Unknown()}}}}
	floors := 0
	for i := range n {
		id := fmt.Sprintf("g%04d/db", i)
		l := 1 + 9*r.Float64()
		if i < 2 {
			l = []float64{100, 5}[i]
		}
		p := budget.FleetPool{ID: id, Group: id[:5], Alias: "db", Server: "pg", Rules: budget.Rules{Min: 1, Weight: 1,
			Utilization: 0.9, MaxWaitMean: 10 * time.Millisecond, MaxWaitP99: 100 * time.Millisecond, Count: budget.CountWorst},
			Load: load.Load{Pool: id, Erlangs: load.Range{Lower: 0.95 * l, Target: l, Upper: 1.05 * l},
				MeanHold: 20 * time.Millisecond, PerSec: l / 0.02, Xacts: 1e6, ArrivalSCV: 1, HoldSCV: 1,
				Method: load.MethodCounters}}
		for k := range 1 + r.IntN(4) {
			process := fmt.Sprintf("%s/%d", p.Group, k+1)
			p.Sizes = append(p.Sizes, budget.Size{Process: process, Conns: 1, CapConns: 0})
			p.LinePools = append(p.LinePools, budget.LinePool{Process: process, User: "u"})
		}
		for k := range p.LinePools {
			p.LinePools[k].Share = 1 / float64(len(p.LinePools))
		}
		p.Tally()
		size, _, _ := sizing.Floor(p)
		floors += size * p.Sized()
		f.Pools = append(f.Pools, p)
	}
	f.Servers[0].BudgetConns = floors + floors/10 + 100
	f.Servers[0].MaxConns = f.Servers[0].BudgetConns
	return f, shift.Shift{From: f.Pools[0].ID, To: f.Pools[1].ID, Fraction: load.Range{Lower: 0.3, Target: 0.4,
		Upper: 0.5}, Until: 100}
}

// UserTime is the CPU time that this process has spent in its own code.
func UserTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano())
}

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
				ArrivalSCV: 1, HoldSCV: 1, Method: load.MethodCounters, LinePools: []load.LinePoolShare{{Process: id + "/1",
					User:  user,
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
			out[fmt.Sprint(l.Text(), l.Process)] += max(conns, p.LinePools[0].SeenConns)
		}
	}
	return out
}
