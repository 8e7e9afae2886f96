package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/flag"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// promTimeout bounds one query. chosen: between two samples there is a second; a query that takes five is as good as
// none.
const promTimeout = 5 * time.Second

// signalQuery is one PromQL reading of one server.
type signalQuery struct{ name, server, query string }

// ask asks once, within promTimeout.
func (q signalQuery) ask(ctx context.Context, client *prom.Client) fleet.Signal {
	ctx, cancel := context.WithTimeout(ctx, promTimeout)
	defer cancel()
	return client.Signal(ctx, q.name, q.server, q.query)
}

// askAll asks all of them at once: a Prometheus that hangs takes promTimeout, however many there are.
func askAll(ctx context.Context, client *prom.Client, queries []signalQuery) []fleet.Signal {
	out := make([]fleet.Signal, len(queries))
	var all sync.WaitGroup
	for i, q := range queries {
		all.Go(func() { out[i] = q.ask(ctx, client) })
	}
	all.Wait()
	return out
}

// poll asks Prometheus for signals, and for where traffic switches are, again and again beside a run, and keeps the
// newest answers: no sample waits for one of them. An answer says when its sample was taken, so that one that is not
// renewed grows stale.
type poll struct {
	mu     sync.Mutex
	newest map[signalQuery]fleet.Signal
	end    context.CancelFunc
	asking sync.WaitGroup
}

// newPoll returns once there is a first answer to each query, or promTimeout is over. every is the time between two
// questions, where the answers come in less.
func newPoll(ctx context.Context, client *prom.Client, queries []signalQuery, every time.Duration) *poll {
	p := &poll{newest: map[signalQuery]fleet.Signal{}}
	if client == nil || len(queries) == 0 {
		return p
	}
	ctx, p.end = context.WithCancel(context.WithoutCancel(ctx)) // a run that is interrupted goes on to its end
	for i, s := range askAll(ctx, client, queries) {
		p.newest[queries[i]] = s
	}
	for _, q := range queries {
		p.asking.Go(func() {
			for tick := time.NewTicker(every); ; {
				select {
				case <-ctx.Done():
					tick.Stop()
					return
				case <-tick.C:
				}
				s := q.ask(ctx, client)
				p.mu.Lock()
				p.newest[q] = s
				p.mu.Unlock()
			}
		})
	}
	return p
}

// of is the newest answer to a query.
func (p *poll) of(q signalQuery) fleet.Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, asked := p.newest[q]; asked {
		return s
	}
	return fleet.Signal{Name: q.name, Server: q.server, Value: fleet.Unknown(), Error: "there is no prometheus: to ask"}
}

// switchQueries are what Prometheus is asked for the switches that it knows of.
func switchQueries(traffic []bouncer.Traffic) []signalQuery {
	var out []signalQuery
	for _, t := range traffic {
		if sw, ok := t.Switch.(flag.Switch); ok && sw.Query != nil && sw.Shift.Get.Query != "" {
			out = append(out, signalQuery{name: sw.Subject(), query: sw.Shift.Get.Query})
		}
	}
	return out
}

// switches are those of a run, of which none waits for Prometheus.
func (p *poll) switches(traffic []bouncer.Traffic) []bouncer.Traffic {
	out := slices.Clone(traffic)
	for i, t := range out {
		if sw, ok := t.Switch.(flag.Switch); ok && sw.Query != nil {
			sw.Query = func(_ context.Context, name, query string) (float64, time.Time, error) {
				s := p.of(signalQuery{name: name, query: query})
				if s.Error != "" {
					return 0, time.Time{}, errors.New(s.Error)
				}
				return float64(s.Value), s.At, nil
			}
			out[i].Switch = sw
		}
	}
	return out
}

// close ends the questions.
func (p *poll) close() {
	if p.end != nil {
		p.end()
	}
	p.asking.Wait()
}
