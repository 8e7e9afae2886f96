package sizing_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/operr"
	"github.com/pgbudget/pgbudget/planner/plannertest"
	"github.com/pgbudget/pgbudget/planner/sizing"
	"github.com/pgbudget/pgbudget/planner/state"
	"github.com/pgbudget/pgbudget/planner/steps"
)

// cappedPools are pools a, b, … of one user in so many processes, with a load that a few connections of each carry, and
// a cap over some of them, which today's sizes may exceed.
func cappedPools(r *rand.Rand) budget.Declared {
	server := budget.DeclaredOf("main", budget.Declared{})
	server.DirectConns, server.HeadroomConns, server.SuperuserReservedConns = plannertest.Ptr(0), plannertest.Ptr(0),
		plannertest.Ptr(0)
	d := budget.Declared{Servers: []budget.DeclaredServer{server}}
	var under []string
	today, all := 0, 0
	for i := range 2 + r.IntN(2) {
		p, _ := d.Pool(fmt.Sprintf("%c/app", 'a'+i))
		p.LinePools, p.Size, p.ReserveConns = 1+r.IntN(3), plannertest.Ptr(1+r.IntN(8)), plannertest.Ptr(r.IntN(2))
		p.Load = &budget.DeclaredLoad{ArrivalsPerSec: float64(p.LinePools) * (20 + 200*r.Float64()),
			MeanHold: 10 * time.Millisecond, ArrivalSCV: 1, HoldSCV: 1}
		p.Throttle = r.IntN(4) == 0
		d.Pools = append(d.Pools, p)
		conns := p.LinePools * (*p.Size + *p.ReserveConns)
		if all += conns; len(under) == 0 || r.IntN(2) == 0 {
			under, today = append(under, p.ID), today+conns
		}
	}
	d.Servers[0].MaxConns = plannertest.Ptr(all + r.IntN(20))
	d.Caps = []budget.DeclaredCap{{Pools: under, Conns: max(1, today+r.IntN(16)-10)}}
	return d
}

// carries reports whether a size of a pool that is meant to queue carries the day: to 95 %, on each of its processes.
func carries(p budget.DeclaredPool, size int) bool {
	erlangs := p.Load.ArrivalsPerSec * p.Load.MeanHold.Seconds() / float64(p.LinePools)
	return !p.Throttle || erlangs < float64(size) && erlangs <= 0.95*float64(size)+1e-9
}

// TestACapIsKeptAndNoBetterSizesAreWithinIt tries every size of small fleets: the sums under caps and budget are taken
// from what was declared, and a plan's cost from plans that are told all sizes.
func TestACapIsKeptAndNoBetterSizesAreWithinIt(t *testing.T) {
	solved, infeasible, shrunk, queueing := 0, 0, 0, 0
	for seed := range 300 {
		d := cappedPools(rand.New(rand.NewPCG(uint64(seed), 15)))
		conns := func(sizes map[string]int, of []string) (n int) {
			for _, p := range d.Pools {
				for _, id := range of {
					if p.ID == id {
						n += p.LinePools * (sizes[id] + *p.ReserveConns)
					}
				}
			}
			return n
		}
		var ids []string
		today := map[string]int{}
		for _, p := range d.Pools {
			ids, today[p.ID] = append(ids, p.ID), *p.Size
		}
		fits := func(sizes map[string]int) bool {
			for _, p := range d.Pools {
				if !carries(p, sizes[p.ID]) {
					return false
				}
			}
			return conns(sizes, d.Caps[0].Pools) <= d.Caps[0].Conns && conns(sizes, ids) <= *d.Servers[0].MaxConns
		}
		f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := sizing.Solve(f, sizing.Options{})
		floors := map[string]int{} // of each pool alone
		alone := d
		alone.Caps = nil
		free, freeErr := trySolve(t, alone, sizing.Options{})
		if operr.KindOf(err) == operr.KindInfeasible {
			infeasible++
			if freeErr != nil {
				continue // without the cap, too
			}
			for i, x := range free.Pools {
				if floors[x.ID] = x.Floor; d.Pools[i].Throttle && (!carries(d.Pools[i], x.Floor) ||
					x.Floor > 1 && carries(d.Pools[i], x.Floor-1)) {
					t.Errorf("seed %d: %s is to have %d at least for %+v", seed, x.ID, x.Floor, *d.Pools[i].Load)
				}
			}
			if fits(floors) {
				t.Errorf("seed %d: %v, and the floors %v fit", seed, err, floors)
			}
			if !strings.Contains(err.Error(), "cap "+fmt.Sprint(d.Caps[0].Conns)+" of "+strings.Join(d.Caps[0].Pools, ", ")) {
				t.Errorf("seed %d: %v does not name the cap", seed, err)
			}
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		solved++
		sizes := map[string]int{}
		for _, x := range plan.Pools {
			if sizes[x.ID] = x.ToSize; x.ByChoice {
				queueing++
			}
		}
		if !fits(sizes) {
			t.Errorf("seed %d: %v is beyond the cap of %d over %v, or the budget", seed, sizes, d.Caps[0].Conns, d.Caps[0].Pools)
		}
		if !fits(today) {
			shrunk++
		}
		cost := func(sizes map[string]int) (sum float64) {
			for _, p := range f.Pools {
				sum += sizing.CurveOf(p).Cost(sizes[p.ID])
			}
			return sum
		}
		best := math.Inf(1)
		try(d.Pools, 0, map[string]int{}, func(sizes map[string]int) {
			if fits(sizes) {
				best = min(best, cost(sizes))
			}
		})
		if got := cost(sizes); got > best*(1+1e-9)+1e-12 || plan.Gap != 0 {
			t.Errorf("seed %d: %v costs %v, the best within cap and budget costs %v (gap %v)", seed, sizes, got, best, plan.Gap)
		}
		most := conns(today, d.Caps[0].Pools)
		for n := 0; ; n++ { // step by step: never more above the cap than at the step before
			f, err := budget.Model(plannertest.Epoch, d, load.Evidence{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			step, why := steps.Next(f, sizing.GoalOf(plan), state.DefaultPolicy(), nil)
			if step.Empty() {
				if fmt.Sprint(today) != fmt.Sprint(sizes) {
					t.Errorf("seed %d: the steps end at %v, want %v: %s", seed, today, sizes, why.Text())
				}
				break
			}
			for _, c := range step.Changes {
				if c.Key == fleet.KeySize {
					today[c.Process[:1]+"/app"] = c.To
				}
			}
			for i := range d.Pools {
				d.Pools[i].Size = plannertest.Ptr(today[d.Pools[i].ID])
			}
			if now := conns(today, d.Caps[0].Pools); now > max(most, d.Caps[0].Conns) || n > 100 {
				t.Fatalf("seed %d, step %d: %v come to %d, after %d, under a cap of %d", seed, n, today, now, most,
					d.Caps[0].Conns)
			} else {
				most = now
			}
		}
	}
	t.Logf("%d solved, %d of them from above the cap, %d pools of them meant to queue, %d infeasible", solved, shrunk,
		queueing, infeasible)
	if solved < 100 || infeasible < 20 || shrunk < 20 || queueing < 20 {
		t.Errorf("%d solved, %d from above, %d pools, %d infeasible: too few to mean anything", solved, shrunk, queueing,
			infeasible)
	}
}

// try visits every choice of sizes from 1 to 12.
func try(pools []budget.DeclaredPool, i int, sizes map[string]int, visit func(map[string]int)) {
	if i == len(pools) {
		visit(sizes)
		return
	}
	for n := 1; n <= 12; n++ {
		sizes[pools[i].ID] = n
		try(pools, i+1, sizes, visit)
	}
}
