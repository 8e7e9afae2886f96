package planner

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// limitKinds are the limits that a drawn fleet may have.
type limitKinds struct {
	alias, user, role, database, own, doubt, reserve, survive, peak, minmax, servers bool
}

// drawLimited is a small fleet under binding limits. What it declares is small enough to try every size.
func drawLimited(r *rand.Rand, k limitKinds) Fleet {
	var f Fleet
	servers := 1
	if k.servers {
		servers = 2
	}
	for s := range servers {
		f.Servers = append(f.Servers, FleetServer{Name: fmt.Sprint("s", s), CPU: CPUFacts{Now: Unknown(), Ceiling: 0.8}})
	}
	for i := range servers + 1 + r.IntN(2) {
		p := FleetPool{ID: fmt.Sprintf("g%d/a", i), Group: fmt.Sprint("g", i), Alias: "a", Server: f.Servers[i%servers].Name}
		p.Rules = Rules{Min: 1, Weight: []float64{1, 1, 0.3, 5}[r.IntN(4)], Utilization: []float64{0.9, 1}[r.IntN(2)], Count: CountWorst,
			MaxWaitMean: time.Duration(r.IntN(30)) * time.Millisecond, MaxWaitP99: time.Duration(r.IntN(200)) * time.Millisecond}
		processes, users, size := 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(9)
		for q := range processes {
			z := Size{Process: fmt.Sprintf("g%d/%d", i, q+1), Conns: max(1, size-r.IntN(2)*r.IntN(3))}
			if k.alias && r.IntN(4) > 0 {
				z.CapConns = 1 + r.IntN(users*size+2)
			}
			p.Sizes = append(p.Sizes, z)
			for u := range users {
				c := Copy{Process: z.Process, User: fmt.Sprint("u", u), Share: r.ExpFloat64(), SeenConns: r.IntN(size)}
				switch {
				case k.own && r.IntN(3) == 0 && u > 0:
					c.FixedConns = 1 + r.IntN(5)
				case k.doubt && r.IntN(3) == 0:
					c.MaybeConns = 1 + r.IntN(12)
				}
				p.Copies = append(p.Copies, c)
			}
		}
		var sum float64
		for _, c := range p.Copies {
			sum += c.Share
		}
		for c := range p.Copies {
			p.Copies[c].Share /= sum
		}
		p.ReserveConns = r.IntN(3)
		p.Reserve = IntRange{p.ReserveConns, p.ReserveConns}
		if k.reserve && r.IntN(3) > 0 {
			p.ReserveFree, p.Reserve = true, IntRange{r.IntN(p.ReserveConns + 1), p.ReserveConns}
		}
		if k.survive && processes > 1 {
			p.Rules.SurviveLoss = 1
		}
		if k.minmax && r.IntN(2) == 0 {
			p.Rules.Min = 1 + r.IntN(6)
			p.Rules.Max = p.Rules.Min + r.IntN(6)
		}
		a := 3 * r.Float64() * float64(processes)
		p.Load = Load{Pool: p.ID, Erlangs: Range{0.9 * a, a, 1.05 * a}, PerSec: a / 0.05, MeanHold: 50 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1,
			Method: MethodDeclared, MeanWaitSeen: Unknown(), InSystem: Unknown()}
		p.tally()
		if k.peak && r.IntN(2) == 0 {
			p.Rules.Count, p.PeakConns, p.ReserveFree = CountHighest, p.SeenConns+r.IntN(4), false
		}
		f.Pools = append(f.Pools, p)
	}
	for s := range f.Servers {
		limitServer(&f.Servers[s], r, k, f.Pools)
	}
	return f
}

// limitServer gives the server a budget near what its pools need, and limits over several of them.
func limitServer(s *FleetServer, r *rand.Rand, k limitKinds, pools []FleetPool) {
	worst := 0
	for _, p := range pools {
		if p.Server == s.Name {
			worst += p.countedConns()
		}
	}
	s.BudgetConns = max(2, worst+r.IntN(20)-10)
	s.MaxConns = s.BudgetConns + 3
	s.Lines = []Line{{Item: "max_connections", Conns: s.MaxConns}, {Item: "superuser_reserved", Conns: 3}}
	add := func(name string, coef func(FleetPool) int) {
		c, today := Cap{Name: name}, 0
		for _, p := range pools {
			if n := coef(p); n > 0 && p.Server == s.Name {
				c.Terms = append(c.Terms, CapTerm{Pool: p.ID, Coef: n})
				today += n * (p.largestSize() + p.ReserveConns)
			}
		}
		if c.Conns = max(1, today+r.IntN(10)-5); len(c.Terms) > 0 {
			s.Caps = append(s.Caps, c)
		}
	}
	if k.role {
		add("role", func(p FleetPool) int { return followers(p, "u0", "") })
	}
	if k.user {
		add("user", func(p FleetPool) int { return followers(p, "u1", p.Sizes[0].Process) })
	}
	if k.database {
		add("database", func(p FleetPool) int { return p.sized() * r.IntN(2) })
	}
}

// followers counts the copies of a user whose size is the line's, in one process or, where that is empty, in all.
func followers(p FleetPool, user, process string) int {
	n := 0
	for _, c := range p.Copies {
		if c.User == user && c.FixedConns == 0 && (process == "" || c.Process == process) {
			n++
		}
	}
	return n
}
