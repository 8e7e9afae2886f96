package main

import (
	"context"
	"slices"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner"
)

// lastLook remembers the newest look, for what can be read off it.
type lastLook struct {
	bouncer.Fleet
	observation planner.Observation
}

// Observe looks and remembers.
func (l *lastLook) Observe(ctx context.Context) (planner.Observation, error) {
	o, err := l.Fleet.Observe(ctx)
	if err == nil {
		l.observation = o
	}
	return o, err
}

// gauge reads the saturation signals of the config: those that a look shows off the newest one, the others from
// Prometheus.
type gauge struct {
	signals []config.Signal
	servers []config.Server
	client  *prom.Client // nil: no Prometheus
	look    *lastLook
}

// Read returns every signal of every server that it is about; one that cannot be read carries its error.
func (g gauge) Read(ctx context.Context) ([]planner.Signal, error) {
	var out []planner.Signal
	for _, s := range g.signals {
		for _, server := range g.serversOf(s) {
			out = append(out, g.read(ctx, s, server))
		}
	}
	return out, ctx.Err()
}

func (g gauge) serversOf(s config.Signal) []string {
	if s.Server != "" {
		return []string{s.Server}
	}
	var all []string
	for _, x := range g.look.observation.Servers {
		all = append(all, x.Name)
	}
	return all
}

// promTimeout bounds one query. chosen: between two looks there is a second; a query that takes five is as good as none.
const promTimeout = 5 * time.Second

func (g gauge) read(ctx context.Context, s config.Signal, server string) planner.Signal {
	query := s.Query
	if i := slices.IndexFunc(g.servers, func(x config.Server) bool { return x.Name == server }); query == "" && s.Builtin == "cpu" && i >= 0 {
		query = g.servers[i].CPU
	}
	switch {
	case query != "" && g.client != nil:
		ctx, cancel := context.WithTimeout(ctx, promTimeout)
		defer cancel()
		return g.client.Signal(ctx, s.Name, server, query)
	case query != "":
		return planner.Signal{Name: s.Name, Server: server, Value: planner.Unknown(), Error: "there is no prometheus: to ask"}
	}
	x, ok := planner.Builtin(s.Builtin, g.look.observation, server)
	if !ok {
		x = planner.Signal{Server: server, Value: planner.Unknown(), Error: s.Builtin + " has no query: and cannot be read off a look"}
	}
	x.Name = s.Name
	return x
}
