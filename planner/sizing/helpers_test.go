package sizing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// TriedPool is what a pool may get: sizes and reserves with what they cost and take, by arithmetic of its own.
type TriedPool struct {
	Choices []TriedChoice
}

type TriedChoice struct {
	Size, Reserve int
	Cost          float64
	Conns         int
	Caps          []int
}

// TriedWorst is what PgBouncer may open for the pool, by arithmetic of its own.
func TriedWorst(p budget.FleetPool, n, reserve int) int {
	total := 0
	if p.Rules.Count != budget.CountWorst {
		total = max(p.PeakConns, p.SeenConns)
		for _, z := range p.Sizes {
			for _, c := range p.LinePools {
				if c.Process == z.Process && c.FixedConns == 0 && n > z.Conns {
					total += n - z.Conns
				}
			}
		}
		return total
	}
	// with the connections of each pool of the line that are open above what it may open today still open above what it
	// may then
	held := 0
	for _, z := range p.Sizes {
		sum, with, open := 0, 0, 0
		for _, c := range p.LinePools {
			if c.Process != z.Process {
				continue
			}
			may := func(n, reserve int) int {
				switch {
				case c.FixedConns > 0:
					return c.FixedConns
				case c.MaybeConns > n+reserve:
					return c.MaybeConns
				default:
					return n + reserve
				}
			}
			then := may(n, reserve)
			sum += then
			if c.Shared {
				continue
			}
			left := c.SeenConns
			if today := may(z.Conns, p.ReserveConns); today > left {
				left = min(left, then)
			} else {
				left = min(left, then+left-today)
			}
			with += max(then, left)
			open += left
		}
		if z.CapConns > 0 && sum > z.CapConns {
			sum = z.CapConns
		}
		if z.CapConns > 0 && with > z.CapConns {
			with = z.CapConns
		}
		total += sum
		held += max(with, open)
	}
	return max(total+p.OverConns, held)
}

var LimitTries = []struct {
	name string
	k    LimitKinds
}{
	{"alias", LimitKinds{Alias: true}},
	{"alias, users with own sizes", LimitKinds{Alias: true, Own: true}},
	{"alias, reserves free", LimitKinds{Alias: true, Reserve: true}},
	{"user", LimitKinds{User: true}},
	{"role", LimitKinds{Role: true}},
	{"database", LimitKinds{Database: true}},
	{"sizes in doubt", LimitKinds{Doubt: true}},
	{"counted at the peak, bounded", LimitKinds{Peak: true, Minmax: true}},
	{"alias, role, user, database", LimitKinds{Alias: true, Role: true, User: true, Database: true}},
	{"everything", LimitKinds{Alias: true, User: true, Role: true, Database: true, Own: true, Doubt: true, Reserve: true,
		Survive: true, Peak: true, Minmax: true, Servers: true}},
}

// Fleets is how many fleets a test draws of each kind: with PGBUDGET_SOAK thousands in all.
func Fleets() int {
	if os.Getenv("PGBUDGET_SOAK") != "" {
		return 1500
	}
	return 100
}

// DrawLimited is a small fleet under binding limits. What it declares is small enough to try every size.
func DrawLimited(r *rand.Rand, k LimitKinds) budget.Fleet {
	var f budget.Fleet
	servers := 1
	if k.Servers {
		servers = 2
	}
	for s := range servers {
		f.Servers = append(f.Servers, budget.FleetServer{Name: fmt.Sprint("s", s), CPU: budget.CPUFacts{Now: fleet.Unknown(),
			Ceiling: 0.8}})
	}
	for i := range servers + 1 + r.IntN(2) {
		p := budget.FleetPool{ID: fmt.Sprintf("g%d/a", i), Group: fmt.Sprint("g", i), Alias: "a",
			Server: f.Servers[i%servers].Name}
		p.Rules = budget.Rules{Min: 1, Weight: []float64{1, 1, 0.3, 5}[r.IntN(4)], Utilization: []float64{0.9, 1}[r.IntN(2)],
			Count:       budget.CountWorst,
			MaxWaitMean: time.Duration(r.IntN(30)) * time.Millisecond, MaxWaitP99: time.Duration(r.IntN(200)) * time.Millisecond}
		processes, users, size := 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(9)
		for q := range processes {
			z := budget.Size{Process: fmt.Sprintf("g%d/%d", i, q+1), Conns: max(1, size-r.IntN(2)*r.IntN(3))}
			if k.Alias && r.IntN(4) > 0 {
				z.CapConns = 1 + r.IntN(users*size+2)
			}
			p.Sizes = append(p.Sizes, z)
			for u := range users {
				c := budget.LinePool{Process: z.Process, User: fmt.Sprint("u", u), Share: r.ExpFloat64(), SeenConns: r.IntN(size)}
				switch {
				case k.Own && r.IntN(3) == 0 && u > 0:
					c.FixedConns = 1 + r.IntN(5)
				case k.Doubt && r.IntN(3) == 0:
					c.MaybeConns = 1 + r.IntN(12)
				}
				p.LinePools = append(p.LinePools, c)
			}
		}
		var sum float64
		for _, c := range p.LinePools {
			sum += c.Share
		}
		for c := range p.LinePools {
			p.LinePools[c].Share /= sum
		}
		p.ReserveConns = r.IntN(3)
		p.Reserve = budget.IntRange{Min: p.ReserveConns, Max: p.ReserveConns}
		if k.Reserve && r.IntN(3) > 0 {
			p.ReserveFree, p.Reserve = true, budget.IntRange{Min: r.IntN(p.ReserveConns + 1), Max: p.ReserveConns}
		}
		if k.Survive && processes > 1 {
			p.Rules.SurviveLoss = 1
		}
		if k.Minmax && r.IntN(2) == 0 {
			p.Rules.Min = 1 + r.IntN(6)
			p.Rules.Max = p.Rules.Min + r.IntN(6)
		}
		a := 3 * r.Float64() * float64(processes)
		p.Load = load.Load{Pool: p.ID, Erlangs: load.Range{Lower: 0.9 * a, Target: a, Upper: 1.05 * a}, PerSec: a / 0.05,
			MeanHold: 50 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1,
			Method: load.MethodDeclared, MeanWaitSeen: fleet.Unknown(), InSystem: fleet.Unknown()}
		p.Tally()
		if k.Peak && r.IntN(2) == 0 {
			p.Rules.Count, p.PeakConns, p.ReserveFree = budget.CountHighest, p.SeenConns+r.IntN(4), false
		}
		f.Pools = append(f.Pools, p)
	}
	for s := range f.Servers {
		LimitServer(&f.Servers[s], r, k, f.Pools)
	}
	return f
}

// LimitKinds are the limits that a drawn fleet may have.
type LimitKinds struct {
	Alias, User, Role, Database, Own, Doubt, Reserve, Survive, Peak, Minmax, Servers bool
}

// LimitServer gives the server a budget near what its pools need, and limits over several of them.
func LimitServer(s *budget.FleetServer, r *rand.Rand, k LimitKinds, pools []budget.FleetPool) {
	worst := 0
	for _, p := range pools {
		if p.Server == s.Name {
			worst += p.CountedConns()
		}
	}
	s.BudgetConns = max(2, worst+r.IntN(20)-10)
	s.MaxConns = s.BudgetConns + 3
	s.Lines = []budget.Line{{Item: "max_connections", Conns: s.MaxConns}, {Item: "superuser_reserved", Conns: 3}}
	add := func(name string, coef func(budget.FleetPool) int) {
		c, today := budget.Cap{Name: name}, 0
		for _, p := range pools {
			if n := coef(p); n > 0 && p.Server == s.Name {
				c.Terms = append(c.Terms, budget.CapTerm{Pool: p.ID, Coef: n})
				today += n * (p.LargestSize() + p.ReserveConns)
			}
		}
		if c.Conns = max(1, today+r.IntN(10)-5); len(c.Terms) > 0 {
			s.Caps = append(s.Caps, c)
		}
	}
	if k.Role {
		add("role", func(p budget.FleetPool) int { return Followers(p, "u0", "") })
	}
	if k.User {
		add("user", func(p budget.FleetPool) int { return Followers(p, "u1", p.Sizes[0].Process) })
	}
	if k.Database {
		add("database", func(p budget.FleetPool) int { return p.Sized() * r.IntN(2) })
	}
}

// Followers counts the pools of the line of a user whose size is the line's, in one process or, where that is empty, in
// all.
func Followers(p budget.FleetPool, user, process string) int {
	n := 0
	for _, c := range p.LinePools {
		if c.User == user && c.FixedConns == 0 && (process == "" || c.Process == process) {
			n++
		}
	}
	return n
}
