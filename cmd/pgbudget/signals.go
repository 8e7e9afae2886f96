package main

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/control"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// newestSample remembers the newest sample, for what can be read off it.
type newestSample struct {
	bouncer.Fleet
	mu          sync.Mutex
	observation fleet.Observation
}

// Observe looks and remembers.
func (l *newestSample) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := l.Fleet.Observe(ctx)
	if err == nil {
		l.seen(o)
	}
	return o, err
}

// seen remembers a sample.
func (l *newestSample) seen(o fleet.Observation) {
	l.mu.Lock()
	l.observation = o
	l.mu.Unlock()
}

// newest is the newest sample that has ended.
func (l *newestSample) newest() fleet.Observation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.observation
}

// signalSource reads the saturation signals of the config: those that a sample shows off the newest one, the others as
// Prometheus answered last.
type signalSource struct {
	signals []config.Signal
	servers []config.Server
	poll    *poll
	look    *newestSample
}

// Read returns every signal of every server that it is about; one that cannot be read carries its error. It waits for
// nothing.
func (g signalSource) Read(context.Context) ([]fleet.Signal, error) {
	var out []fleet.Signal
	for _, s := range g.signals {
		for _, server := range g.serversOf(s) {
			out = append(out, g.read(s, server))
		}
	}
	return out, nil
}

func (g signalSource) serversOf(s config.Signal) []string {
	if s.Server != "" {
		return []string{s.Server}
	}
	var all []string
	for _, x := range g.look.newest().Servers {
		all = append(all, x.Name)
	}
	return all
}

func (g signalSource) read(s config.Signal, server string) fleet.Signal {
	if q := queryOf(s, server, g.servers); q.query != "" {
		return g.poll.of(q)
	}
	x, ok := fleet.Builtin(s.Builtin, g.look.newest(), server)
	if !ok {
		x = fleet.Signal{Server: server, Value: fleet.Unknown(), Error: s.Builtin +
			" has no query: and cannot be read off a sample"}
	}
	x.Name = s.Name
	return x
}

// queryOf is what Prometheus is asked for a signal of a server; its query is empty where a sample shows it.
func queryOf(s config.Signal, server string, servers []config.Server) signalQuery {
	q := signalQuery{s.Name, server, s.Query}
	i := slices.IndexFunc(servers, func(x config.Server) bool { return x.Name == server })
	if q.query == "" && s.Builtin == fleet.SignalCPU && i >= 0 {
		q.query = servers[i].CPU
	}
	return q
}

// queriesOf are those of all signals, and of the samples.
func queriesOf(signals []config.Signal, servers []config.Server, looks []signalQuery) []signalQuery {
	out := slices.Clone(looks)
	for _, s := range signals {
		for _, x := range servers {
			q := queryOf(s, x.Name, servers)
			if (s.Server == "" || s.Server == x.Name) && q.query != "" && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// watched are the signals of the config, and the levels at which they hold. The CPU of a server that the plan protects
// by its cpu: is watched where no signal does: no level of it holds, and one that cannot be read does.
func watched(conf *config.Config) ([]config.Signal, []control.Threshold) {
	signals, levels := conf.Signals(), conf.Thresholds()
	for _, x := range conf.Servers {
		seen := slices.ContainsFunc(signals, func(s config.Signal) bool {
			return s.Builtin == fleet.SignalCPU && (s.Server == "" || s.Server == x.Name)
		})
		if x.CPU == "" || seen {
			continue
		}
		never := math.Inf(1)
		signals = append(signals, config.Signal{Name: fleet.SignalCPU, Builtin: fleet.SignalCPU, Server: x.Name})
		levels = append(levels, control.Threshold{Name: fleet.SignalCPU, Server: x.Name, Hold: never, Resume: never,
			Abort: never})
	}
	return signals, levels
}
