package bouncer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/planner/fleet"
	"github.com/pgbudget/pgbudget/planner/load"
)

// pools is a fleet of two pools in one process: main/app carries 8 Erlangs, main/ci 2, for ever. edit changes samples.
type pools struct {
	world
	edit func(*fleet.Observation)
}

func (p *pools) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := p.world.Observe(ctx)
	if err != nil {
		return o, err
	}
	n := int64(o.At.Sub(epoch)/time.Second) + 1
	alias := func(name string, size, perSec int) fleet.Alias {
		xacts := n * int64(perSec)
		return fleet.Alias{Name: name, Database: name, SizeConns: size, PoolMode: "transaction", Server: "pg",
			Proof: fleet.ProofBackends, Pools: []fleet.PoolGauges{{User: "u1", ServersActive: perSec / 100, ServersIdle: 2}},
			Counters: fleet.Counters{Xacts: xacts, Assignments: xacts, XactTime: time.Duration(xacts) * 10 * time.Millisecond}}
	}
	o.Servers = []fleet.Server{{Name: "pg", MaxConns: 100, Backends: fleet.BackendCounts{DirectConns: 2}}}
	o.Processes = []fleet.Process{{ID: "main/1", Group: "main", Console: "h:6432", Version: "1.25.2", Started: 1,
		Aliases: []fleet.Alias{alias("app", 15, 800), alias("ci", 10, 200)}}}
	if p.edit != nil {
		p.edit(&o)
	}
	return o, nil
}

// switchAt is a traffic switch that says a percentage, or that nobody can ask.
type switchAt struct {
	x   int
	err error
}

func (s switchAt) Get(context.Context) (int, bool, error) { return s.x, s.err == nil, s.err }

func (s switchAt) Set(context.Context, int) error { return errors.New("nobody turns it here") }

// past is a history, or why there is none.
type past struct {
	h   load.History
	err error
}

func (p past) History(context.Context, fleet.Observation) (load.History, error) { return p.h, p.err }

// busy is a history of half a day: 30 direct connections, and main/app's load as it was before the newest traffic
// change.
func busy() past {
	direct, app := load.Histogram{}, load.Histogram{}
	for i := range 60 {
		at := epoch.Add(time.Duration(i-60) * time.Minute)
		direct, app = direct.Add(at, 30), app.Add(at, 11)
	}
	return past{h: load.History{Lookback: 12 * time.Hour, Servers: []load.ServerHistory{{Server: "pg", Direct: direct}},
		Pools: []load.PoolHistory{{Pool: "main/app", Erlangs: app}}}}
}

// surveyed samples for half a minute and estimates.
func surveyed(t *testing.T, p bouncer.Pipeline, f *pools, to bouncer.Purpose) (bouncer.Survey, error) {
	t.Helper()
	f.now = epoch
	s, err := p.Gather(t.Context(), f, f, 5*time.Second, 30*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Estimate(t.Context(), s, to)
}

// good is surveyed without an error.
func good(t *testing.T, p bouncer.Pipeline, f *pools, to bouncer.Purpose) bouncer.Survey {
	t.Helper()
	s, err := surveyed(t, p, f, to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var everything = []bouncer.Purpose{bouncer.ToPlan, bouncer.ToCount, bouncer.ToGoBack}
