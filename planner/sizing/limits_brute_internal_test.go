package sizing

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/operr"
)

// tryAll returns the least cost that any sizes within every limit have, +Inf where none are.
func tryAll(sp serverProblem) float64 {
	var pools []TriedPool
	for i, p := range sp.pools {
		var t TriedPool
		it := sp.problem.Items[i]
		for n := it.Lo; n <= min(it.Hi, 60); n++ {
			for reserve := p.LeastReserve(); reserve <= max(p.LeastReserve(), p.Reserve.Max); reserve++ {
				c := TriedChoice{Size: n, Reserve: reserve, Conns: TriedWorst(p, n, reserve), Cost: CurveOf(p).Cost(n)}
				if c.Conns > sp.server.BudgetConns {
					continue
				}
				if p.ReserveFree {
					c.Cost += newReserveCurve(p, 0).Cost(reserve)
				}
				for _, l := range sp.server.Caps {
					use := 0
					for _, term := range l.Terms {
						if term.Pool == p.ID {
							use = term.Coef * (n + reserve)
						}
					}
					c.Caps = append(c.Caps, use)
				}
				t.Choices = append(t.Choices, c)
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
		for _, c := range pools[i].Choices {
			ok := c.Conns <= left
			for j, u := range c.Caps {
				caps[j] -= u
				ok = ok && caps[j] >= 0
			}
			if ok {
				visit(i+1, left-c.Conns, cost+c.Cost)
			}
			for j, u := range c.Caps {
				caps[j] += u
			}
		}
	}
	visit(0, sp.server.BudgetConns, 0)
	return best
}

func TestUnderEveryLimitWhatIsProvedIsTheBestAndWhatIsInfeasibleIs(t *testing.T) {
	for _, try := range LimitTries {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			solved, infeasible, listed := 0, 0, 0
			for seed := range Fleets() {
				f := DrawLimited(rand.New(rand.NewPCG(uint64(seed), 7)), try.k)
				if seed%2 > 0 { // with costs that a limit makes flat
					f = f.Linked()
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
			if solved < Fleets()/10 || infeasible == 0 {
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
		conns += TriedWorst(p, size, reserve)
		cost += CurveOf(p).Cost(size)
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
	for _, try := range LimitTries {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			below := 0
			for seed := range 4 * Fleets() {
				f := DrawLimited(rand.New(rand.NewPCG(uint64(seed), 8)), try.k)
				plan, err := Solve(f, Options{BestEffort: true})
				if err != nil {
					if operr.KindOf(err) != operr.KindInfeasible {
						t.Fatalf("seed %d: %v", seed, err)
					}
					continue
				}
				for _, x := range plan.Pools {
					if x.ToSize >= x.Floor {
						continue
					}
					below++
					p, _ := f.Linked().Pool(x.ID)
					curve := CurveOf(p)
					curve.floor = x.Floor
					for n := x.ToSize + 1; n <= x.Floor; n++ {
						if curve.Cost(n) == curve.Cost(x.ToSize) {
							continue // a limit alone bounds it: it would serve no more
						}
						if takesMore(f, plan, p, x, n) {
							t.Fatalf("seed %d: %s gets %d of the %d that it needs, and %d is within every limit", seed, x.ID, x.ToSize,
								x.Floor, n)
						}
					}
				}
			}
			t.Logf("%d pools below their floor", below)
		})
	}
}

// takesMore reports whether a pool may get size n where the rest of the plan stays.
func takesMore(f budget.Fleet, plan Plan, p budget.FleetPool, x PlanPool, n int) bool {
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
				conns += TriedWorst(q, size, reserve)
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
