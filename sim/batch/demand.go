package batch

import (
	"context"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
	"github.com/pgbudget/pgbudget/sim"
)

// Demand is one pool's load as the planner estimates it from samples, beside what the world knows.
type Demand struct {
	Pool  string      `json:"pool"`
	True  fleet.Float `json:"true_erlangs"` // null where the world cannot tell
	Found load.Load   `json:"estimate"`     // what the planner makes of samples of the same world
}

// estimate watches a world over its horizon as `pgbudget estimate` watches a live fleet, and estimates.
func (o *outcome) estimate(ctx context.Context, w world, v Variant, steps *counter) error {
	var e load.Evidence
	begin := w.At()
	err := bouncer.Watch(ctx, w, w, v.Every, v.Horizon, func(x fleet.Observation) error {
		var err error
		e, err = e.Add(x)
		steps.reach(int(float64(w.At()-begin) / float64(v.Horizon) * Steps))
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var loads []load.Load
	if err == nil {
		loads, err = bouncer.Loads(e)
	}
	if err != nil { // a console that does not answer, too little evidence: a live sample would end the same way
		o.doubt = err.Error()
		return nil
	}
	r := w.Results()
	for _, l := range loads {
		o.demands = append(o.demands, Demand{Pool: l.Pool, True: trueLoad(v.Spec, l.Pool, r), Found: l})
	}
	return nil
}

// trueLoad is the load in Erlangs that a pool was asked to carry: the connections that it would have kept busy, had it
// served everyone at once with holds as they were.
//
// Of open clients that is the arrivals' share of those served: B·A/D with B busy connections, A arrivals, D ends
// (Little's law on both sides of the queue). Closed clients ask less while they wait; what they would ask is N·S/(Z+S),
// the interactive response time law without waiting (Denning & Buzen, The Operational Analysis of Queueing Network
// Models, 1978), S = B·T/D. A pool with both, or one whose closed clients a traffic switch moves, is not known.
func trueLoad(spec sim.Spec, pool string, r sim.Results) fleet.Float {
	var open bool
	var clients int
	var think float64
	for _, l := range spec.Loads {
		switch {
		case l.Pool != pool:
		case l.Closed == nil:
			open = true
		default:
			clients += l.Closed.Clients
			think += float64(l.Closed.Clients) * l.Closed.Think.MeanOf().Seconds()
		}
	}
	for _, s := range spec.Shifts {
		open = open || s.From == pool || s.To == pool
	}
	for _, p := range r.Pools {
		if p.ID != pool || p.Done == 0 && p.Arrivals > 0 {
			continue
		}
		switch {
		case p.Arrivals == 0:
			return 0
		case clients == 0:
			return fleet.Float(p.BusyErlangs * float64(p.Arrivals) / float64(p.Done))
		case !open:
			hold := p.BusyErlangs * r.Span.Seconds() / float64(p.Done)
			return fleet.Float(float64(clients) * hold / (think/float64(clients) + hold))
		}
	}
	return fleet.Unknown()
}
