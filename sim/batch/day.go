package batch

import (
	"context"
	"time"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/sim"
)

// days is what a Prometheus would know of the busiest day of pools that are meant to queue, and nothing else.
type days struct {
	spec  sim.Spec
	pools []budget.DeclaredPool
}

// History has the busiest day of each of them whose demand follows from the scenario.
func (d days) History(context.Context, fleet.Observation) (load.History, error) {
	h := load.History{Lookback: 24 * time.Hour}
	for _, p := range d.pools {
		if erlangs, known := d.spec.BusiestDay(p.ID); known && p.Throttle {
			h.Pools = append(h.Pools, load.PoolHistory{Pool: p.ID, Day: erlangs})
		}
	}
	return h, nil
}
