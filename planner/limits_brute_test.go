package planner

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/pgbudget/pgbudget/planner/allocate"
)

// triedPool is what a pool may get: sizes and reserves with what they cost and take, by arithmetic of its own.
type triedPool struct {
	choices []triedChoice
}

type triedChoice struct {
	size, reserve int
	cost          float64
	conns         int
	caps          []int
}

// triedWorst is what PgBouncer may open for the pool, by arithmetic of its own.
func triedWorst(p FleetPool, n, reserve int) int {
	total := 0
	if p.Rules.Count != CountWorst {
		total = max(p.PeakConns, p.SeenConns)
		for _, z := range p.Sizes {
			for _, c := range p.Copies {
				if c.Process == z.Process && c.FixedConns == 0 && n > z.Conns {
					total += n - z.Conns
				}
			}
		}
		return total
	}
	held := 0 // with each copy's connections that are open above what it may open today still open above what it may then
	for _, z := range p.Sizes {
		sum, with, open := 0, 0, 0
		for _, c := range p.Copies {
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

// tryAll returns the least cost that any sizes within every limit have, +Inf where none are.
func tryAll(sp serverProblem) float64 {
	var pools []triedPool
	for i, p := range sp.pools {
		var t triedPool
		it := sp.problem.Items[i]
		for n := it.Lo; n <= min(it.Hi, 60); n++ {
			for reserve := p.leastReserve(); reserve <= max(p.leastReserve(), p.Reserve.Max); reserve++ {
				c := triedChoice{size: n, reserve: reserve, conns: triedWorst(p, n, reserve), cost: curveOf(p).Cost(n)}
				if c.conns > sp.server.BudgetConns {
					continue
				}
				if p.ReserveFree {
					c.cost += newReserveCurve(p, 0).Cost(reserve)
				}
				for _, l := range sp.server.Caps {
					use := 0
					for _, term := range l.Terms {
						if term.Pool == p.ID {
							use = term.Coef * (n + reserve)
						}
					}
					c.caps = append(c.caps, use)
				}
				t.choices = append(t.choices, c)
			}
		}
		pools = append(pools, t)
	}
	best := math.Inf(1)
	caps := make([]int, len(sp.server.Caps))
	for i, c := range sp.server.Caps {
		caps[i] = c.Conns
	}
	var visit func(i, left int, cost float64)
	visit = func(i, left int, cost float64) {
		if cost >= best {
			return
		}
		if i == len(pools) {
			best = cost
			return
		}
		for _, c := range pools[i].choices {
			ok := c.conns <= left
			for j, u := range c.caps {
				caps[j] -= u
				ok = ok && caps[j] >= 0
			}
			if ok {
				visit(i+1, left-c.conns, cost+c.cost)
			}
			for j, u := range c.caps {
				caps[j] += u
			}
		}
	}
	visit(0, sp.server.BudgetConns, 0)
	return best
}

var limitTries = []struct {
	name string
	k    limitKinds
}{
	{"alias", limitKinds{alias: true}},
	{"alias, users with own sizes", limitKinds{alias: true, own: true}},
	{"alias, reserves free", limitKinds{alias: true, reserve: true}},
	{"user", limitKinds{user: true}},
	{"role", limitKinds{role: true}},
	{"database", limitKinds{database: true}},
	{"sizes in doubt", limitKinds{doubt: true}},
	{"counted at the peak, bounded", limitKinds{peak: true, minmax: true}},
	{"alias, role, user, database", limitKinds{alias: true, role: true, user: true, database: true}},
	{"everything", limitKinds{true, true, true, true, true, true, true, true, true, true, true}},
}

// fleets is how many fleets a test draws of each kind: with PGBUDGET_SOAK thousands in all.
func fleets() int {
	if os.Getenv("PGBUDGET_SOAK") != "" {
		return 1500
	}
	return 100
}

func TestUnderEveryLimitWhatIsProvedIsTheBestAndWhatIsInfeasibleIs(t *testing.T) {
	for _, try := range limitTries {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			solved, infeasible, listed := 0, 0, 0
			for seed := range fleets() {
				f := drawLimited(rand.New(rand.NewPCG(uint64(seed), 7)), try.k)
				if seed%2 > 0 { // with costs that a limit makes flat
					f = f.linked()
				}
				for _, s := range f.Servers {
					sp, err := newServerProblem(f, s, false, -1)
					if err != nil {
						t.Fatal(err)
					}
					for _, l := range sp.listed {
						if l.on {
							listed++
						}
					}
					if sp.breached() != nil {
						continue // at every size
					}
					want := tryAll(sp)
					sol, err := allocate.Solve(sp.problem)
					var clash *allocate.Infeasible
					if errors.As(err, &clash) {
						if infeasible++; !math.IsInf(want, 1) {
							t.Fatalf("seed %d: %v, and sizes that cost %v are within every limit", seed, err, want)
						}
						continue
					}
					if err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
					solved++
					checkSolution(sp, t, seed, sol, want)
					if sol.Gap != 0 {
						t.Errorf("seed %d: gap %v, want a proof of so few pools", seed, sol.Gap)
					}
					kept, _ := sp.deadband(sol, 0.1)
					checkSolution(sp, t, seed, kept, want)
				}
			}
			t.Logf("%d solved, %d infeasible, %d pools listed", solved, infeasible, listed)
			if solved < fleets()/10 || infeasible == 0 {
				t.Errorf("%d solved and %d infeasible are too few to mean anything", solved, infeasible)
			}
		})
	}
}

// checkSolution checks sizes against the limits and their objective against the least possible.
func checkSolution(sp serverProblem, t *testing.T, seed int, sol allocate.Solution, want float64) {
	t.Helper()
	conns, cost := 0, 0.0
	for i, p := range sp.pools {
		size, reserve := sp.sizes(sol, i)
		conns += triedWorst(p, size, reserve)
		cost += curveOf(p).Cost(size)
		if p.ReserveFree {
			cost += newReserveCurve(p, 0).Cost(reserve)
		}
	}
	if conns > sp.server.BudgetConns {
		t.Fatalf("seed %d: %d connections of %d", seed, conns, sp.server.BudgetConns)
	}
	if math.Abs(cost-sol.Objective) > 1e-9*max(1, cost) {
		t.Fatalf("seed %d: the objective is %v, the sizes cost %v", seed, sol.Objective, cost)
	}
	if cost < want-1e-9*max(1, want) || cost > want+sol.Gap+1e-9*max(1, want) {
		t.Fatalf("seed %d: %v costs %v, the best is %v, the gap says %v", seed, sol.N, cost, want, sol.Gap)
	}
}

func TestBestEffortLeavesNoFloorUnmetWhileItsConnectionsAreSpare(t *testing.T) {
	for _, try := range limitTries {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			below := 0
			for seed := range 4 * fleets() {
				f := drawLimited(rand.New(rand.NewPCG(uint64(seed), 8)), try.k)
				plan, err := Solve(f, Options{BestEffort: true})
				if err != nil {
					if KindOf(err) != KindInfeasible {
						t.Fatalf("seed %d: %v", seed, err)
					}
					continue
				}
				for _, x := range plan.Pools {
					if x.ToSize >= x.Floor {
						continue
					}
					below++
					p, _ := f.linked().pool(x.ID)
					curve := curveOf(p)
					curve.floor = x.Floor
					for n := x.ToSize + 1; n <= x.Floor; n++ {
						if curve.Cost(n) == curve.Cost(x.ToSize) {
							continue // a limit alone bounds it: it would serve no more
						}
						if takesMore(f, plan, p, x, n) {
							t.Fatalf("seed %d: %s gets %d of the %d that it needs, and %d is within every limit", seed, x.ID, x.ToSize, x.Floor, n)
						}
					}
				}
			}
			t.Logf("%d pools below their floor", below)
		})
	}
}

// takesMore reports whether a pool may get size n where the rest of the plan stays.
func takesMore(f Fleet, plan Plan, p FleetPool, x PlanPool, n int) bool {
	if p.Rules.Max > 0 && n > p.Rules.Max {
		return false
	}
	for _, s := range f.Servers {
		if s.Name != p.Server {
			continue
		}
		conns := 0
		for _, q := range f.Pools {
			size, reserve, _ := plan.sizeOf(q.ID)
			if q.ID == p.ID {
				size = n
			}
			if q.Server == s.Name {
				conns += triedWorst(q, size, reserve)
			}
		}
		if conns > s.BudgetConns {
			return false
		}
		for _, c := range s.Caps {
			use := 0
			for _, term := range c.Terms {
				size, reserve, _ := plan.sizeOf(term.Pool)
				if term.Pool == p.ID {
					size = n
				}
				use += term.Coef * (size + reserve)
			}
			if use > c.Conns {
				return false
			}
		}
	}
	return true
}
