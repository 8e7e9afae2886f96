package signals

import (
	"context"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Fleet adds the readings of Prometheus to every sample of another Fleet.
type Fleet struct {
	bouncer.Fleet
	queries []Query
	read    func(context.Context, []Query) []fleet.Signal
}

var _ bouncer.Fleet = Fleet{}

// Asking is a Fleet of which each sample waits for Prometheus, Timeout at most.
func Asking(f bouncer.Fleet, client *prom.Client, queries []Query) Fleet {
	return Fleet{f, queries, func(ctx context.Context, queries []Query) []fleet.Signal {
		return AskAll(ctx, client, queries)
	}}
}

// Polled is the fleet with the signals as Prometheus answered last: a sample waits for no answer. A Fleet without
// signals stays as it is.
func Polled(f bouncer.Fleet, p *Poll) bouncer.Fleet {
	x, ok := f.(Fleet)
	if !ok {
		return f
	}
	x.read = func(_ context.Context, queries []Query) []fleet.Signal {
		var out []fleet.Signal
		for _, q := range queries {
			out = append(out, p.Of(q))
		}
		return out
	}
	return x
}

// CPUQueries are what samples need: the CPU of each server that has a query for it.
func CPUQueries(servers []config.Server) []Query {
	var out []Query
	for _, s := range servers {
		if s.CPU != "" {
			out = append(out, Query{Name: fleet.SignalCPU, Server: s.Name, PromQL: s.CPU})
		}
	}
	return out
}

// Observe samples the fleet and then reads every signal; a signal that cannot be read says so and is no error.
func (f Fleet) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := f.Fleet.Observe(ctx)
	if err != nil {
		return o, err
	}
	o.Signals = append(o.Signals, f.read(ctx, f.queries)...)
	return o, ctx.Err() // an interrupt is no failed signal
}
