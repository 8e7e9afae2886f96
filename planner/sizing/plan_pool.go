package sizing

import (
	"fmt"
	"math"

	"github.com/pgbudget/pgbudget/planner/allocate"
	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/planner/queue"
)

// appendPool writes one pool of ours into the plan and adds its waiting to the objective.
func (plan *Plan) appendPool(sp serverProblem, sol allocate.Solution, i int, kept bool) {
	p := sp.pools[i]
	size, reserve := sp.sizes(sol, i)
	curve := sp.curves[i]
	pp := planned(p, curve, size, reserve)
	pp.Floor, pp.FloorBy = sp.floors[i].size, sp.floors[i].by
	pp.Bound = sp.bound(sol, i, kept)
	plan.Pools = append(plan.Pools, pp)
	if limit, waits := sharedLimit(p, curve, size); waits {
		plan.Warnings = append(plan.Warnings,
			fmt.Sprintf("%s shares %s among users, and a connection changes its user by a new login: the wait model leaves "+
				"logins out, so real waits are longer, above all where transactions are short beside a login",
				p.ID, limit))
	}
	plan.Objective += fleet.Float(curve.Cost(size))
	if from, same := p.FromSize(); same && from > 0 {
		plan.Now += fleet.Float(curve.Cost(from))
	} else {
		plan.Now = fleet.Unknown()
	}
}

// appendFrozen writes a pool that stays as it is.
func (plan *Plan) appendFrozen(p budget.FleetPool) {
	pp := planned(p, CurveOf(p), p.LargestSize(), p.ReserveConns)
	pp.WorstConns.After = pp.WorstConns.Before
	pp.Frozen, pp.FrozenCode, pp.Bound = p.Frozen, p.Frozen.Code, "frozen"
	plan.Pools = append(plan.Pools, pp)
}

// planned fills in everything about a pool of that curve that follows from its size.
func planned(p budget.FleetPool, curve PoolCurve, size, reserve int) PlanPool {
	pp := PlanPool{ID: p.ID, Server: p.Server, AlsoOn: p.AlsoOn, ToSize: size, Follows: p.Follows, LinePools: p.Sized(),
		ReserveSize: reserve, ReserveFrom: p.ReserveConns,
		WorstConns: BeforeAfter{p.CountedConns(), p.PlannedConns(size, reserve)},
		Load:       p.Load.Erlangs, AtLeast: p.Load.AtLeast, LoadUnknown: p.Load.Unknown, UnknownCode: p.Load.Unknown.Code,
		Evidence:    PlanEvidence{p.Load.Xacts, p.Load.Censored, p.Load.Method},
		Utilization: utilization(p, curve, size), UseNow: fleet.Unknown(),
		Wait: PlanWait{MeanSeen: p.Load.MeanWaitSeen, Mean: meanWait(p, curve, size), P99: p99Wait(p, curve, size),
			P99Now: fleet.Unknown()},
	}
	// a lower bound of the load, or a size that no pool of the line follows, says nothing of waits
	if pp.ByChoice = p.Rules.Throttle; pp.ByChoice {
		pp.Wait.Mean, pp.Wait.P99 = fleet.Unknown(), fleet.Unknown()
	}
	if p.Load.AtLeast || p.Load.Unknown.Any() || p.Sized() == 0 {
		pp.Utilization, pp.Wait.Mean, pp.Wait.P99 = fleet.Unknown(), fleet.Unknown(), fleet.Unknown()
	}
	if from, same := p.FromSize(); !same {
		pp.FromSizes = p.Sizes
	} else if from > 0 {
		pp.FromSize = &from
		if pp.UseNow = utilization(p, curve, from); p.Sized() > 0 {
			pp.Wait.P99Now = p99Wait(p, curve, from)
		}
		if p.Load.AtLeast && !p.Load.Session {
			pp.UseNow, pp.Wait.P99Now = 1, fleet.Float(math.Inf(1)) // it was full
		} else if p.Load.Unknown.Any() {
			pp.UseNow, pp.Wait.P99Now = fleet.Unknown(), fleet.Unknown()
		} else if p.Load.Session {
			pp.Wait.P99Now = fleet.Unknown()
			if p.Load.AtLeast {
				pp.UseNow = fleet.Unknown()
			}
		}
	}
	return pp
}

// utilization is the share of the connections that the pool may use, under its size and its limits, which are busy on
// average at target load and size n; +Inf never, above 1 where they cannot carry the load. Of a limit that others share
// the pool may use the part that its load is of theirs.
func utilization(p budget.FleetPool, curve PoolCurve, n int) fleet.Float {
	if n == 0 || p.Sized() == 0 {
		return fleet.Unknown()
	}
	var load, conns float64
	for _, g := range curve.groups {
		var own float64
		linePools := 0
		for _, l := range g.loads {
			own, linePools = own+float64(l.linePools)*l.erlangs, linePools+l.linePools
		}
		most := float64(n * linePools)
		if g.under >= 0 && n > 0 {
			c := p.Under[g.under]
			part := 1.0
			if all, _ := c.Asked(p); all > 0 {
				part = own / all
			}
			most = min(most, part*float64(c.Conns))
		}
		load, conns = load+own, conns+most
	}
	if conns == 0 { // no load asks for any of them
		return 0
	}
	return fleet.Float(load / conns)
}

// meanWait is the mean seconds that a client waits at target load and size n, over all pools of the line: Little's law
// on the clients that wait.
func meanWait(p budget.FleetPool, curve PoolCurve, n int) fleet.Float {
	curve.factor = load.ScvFactor(p.Load)
	perSec := 0.0
	if p.Load.MeanHold > 0 {
		perSec = p.Load.Erlangs.Target / p.Load.MeanHold.Seconds()
	}
	if perSec == 0 {
		return 0
	}
	return fleet.Float(curve.Cost(n) / perSec)
}

// p99Wait is the 99th percentile of waiting, in seconds, of the pool of the line that waits longest: under a limit the
// larger of that in its own queue and that in the queue at the limit, as both are promised.
func p99Wait(p budget.FleetPool, curve PoolCurve, n int) fleet.Float {
	m := queue.Model{Hold: p.Load.MeanHold, SCVFactor: load.ScvFactor(p.Load)}
	var worst float64
	for _, g := range curve.groups {
		if g.least > 0 {
			worst = max(worst, p.Under[g.under].Quantile(p))
		}
		for _, l := range g.loads {
			if l.erlangs >= float64(n) {
				return fleet.Float(math.Inf(1))
			}
			worst = max(worst, m.Quantile(n, l.erlangs, 0.99))
		}
	}
	return fleet.Float(worst)
}

// limitMatters is up to how many times the waiting at a limit that in the separate queues may be for the limit to be
// told. chosen: 4, because above it the sizes alone say who waits.
const limitMatters = 4

// sharedLimit names a limit that the pool's users share among them, or with those of other pools, and wait for; false:
// there is none.
func sharedLimit(p budget.FleetPool, curve PoolCurve, n int) (limit string, waits bool) {
	for _, g := range curve.groups {
		if g.under < 0 || g.least <= 0 || g.apart(n) >= limitMatters*g.least {
			continue
		}
		if c := p.Under[g.under]; len(c.LinePools) > 1 || c.Erlangs > 0 {
			return c.Text, true
		}
	}
	return "", false
}

// limitAt names the limit that keeps one more than n from serving; false: none does.
func limitAt(p budget.FleetPool, curve PoolCurve, n int) (limit string, binds bool) {
	for _, g := range curve.groups {
		if g.under >= 0 && n >= g.reach && g.reach > 0 || g.least > 0 && g.apart(n) <= g.least {
			return p.Under[g.under].Text, true
		}
	}
	return "", false
}

// bound says why a pool has the size it has.
func (sp serverProblem) bound(sol allocate.Solution, i int, kept bool) string {
	p, n, fl := sp.pools[i], sol.N[i], sp.floors[i]
	limit, binds := limitAt(p, sp.curves[i], n)
	switch {
	// what the deadband left alone, another limit keeps from serving more
	case kept && binds:
		return limit
	case kept:
		return fmt.Sprintf("deadband (%g %%)", 100*sp.deadbandShare)
	case sp.bestEffort && n < fl.size:
		return "best effort: below its floor"
	case p.Rules.Max > 0 && n >= p.Rules.Max:
		return "max"
	case p.Rules.Count != budget.CountWorst && n == sp.problem.Items[i].Lo && n > fl.size:
		return "counted at what was seen"
	case p.Load.Session && n == p.LargestSize():
		return keptSession.text()
	case n == fl.size:
		return fl.by
	case p.Load.AtLeast && binds:
		return limit
	case p.Load.AtLeast:
		return atLeastThat
	}
	for r := 1; r < len(sp.problem.Rows); r++ { // a cap other than the budget that has no room for one more unit
		if sp.full(sol, r, i) {
			return sp.problem.Rows[r].Name
		}
	}
	if binds {
		return limit
	}
	if sp.full(sol, 0, i) {
		return "budget"
	}
	return "no further gain"
}
