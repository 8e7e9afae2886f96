package signals

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/prom"
	"github.com/pgbudget/pgbudget/bouncer/trafficswitch"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Timeout bounds one query of Prometheus. chosen: 5 s because between two samples there is one: a query that takes five
// is as good as none.
const Timeout = 5 * time.Second

// Query is one reading of one server: of PromQL, or of the alerts that fire and have labels. Server is empty of a
// traffic switch.
type Query struct{ Name, Server, PromQL, Labels string }

// asks reports whether there is anything to ask.
func (q Query) asks() bool { return q.PromQL != "" || q.Labels != "" }

// ask asks once, within Timeout.
func (q Query) ask(ctx context.Context, client *prom.Client) fleet.Signal {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	if q.Labels != "" {
		return client.Firing(ctx, q.Name, q.Server, q.Labels)
	}
	return client.Signal(ctx, q.Name, q.Server, q.PromQL)
}

// AskAll asks all of them at once: a Prometheus that hangs takes Timeout, however many there are.
func AskAll(ctx context.Context, client *prom.Client, queries []Query) []fleet.Signal {
	out := make([]fleet.Signal, len(queries))
	var all sync.WaitGroup
	for i, q := range queries {
		all.Go(func() { out[i] = q.ask(ctx, client) })
	}
	all.Wait()
	return out
}

// Poll asks Prometheus for signals, and for where traffic switches are, again and again beside a run, and keeps the
// newest answers: no sample waits for one of them. An answer says when its sample was taken, so that one that is not
// renewed grows stale.
type Poll struct {
	mu     sync.Mutex
	newest map[Query]fleet.Signal
	end    context.CancelFunc
	asking sync.WaitGroup
}

// NewPoll returns once there is a first answer to each query, or Timeout is over. every is the time between two
// questions, where the answers come in less.
func NewPoll(ctx context.Context, client *prom.Client, queries []Query, every time.Duration) *Poll {
	p := &Poll{newest: map[Query]fleet.Signal{}}
	if client == nil || len(queries) == 0 {
		return p
	}
	ctx, p.end = context.WithCancel(context.WithoutCancel(ctx)) // a run that is interrupted goes on to its end
	for i, s := range AskAll(ctx, client, queries) {
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

// Of is the newest answer to a query.
func (p *Poll) Of(q Query) fleet.Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, asked := p.newest[q]; asked {
		return s
	}
	return fleet.NoSignal(q.Name, q.Server, fleet.FaultUnknown, "there is no prometheus: to ask")
}

// SwitchQueries are what Prometheus is asked for the switches that it knows of.
func SwitchQueries(traffic []bouncer.Traffic) []Query {
	var out []Query
	for _, t := range traffic {
		if sw, ok := t.Switch.(trafficswitch.Switch); ok && sw.Query != nil && sw.Shift.Get.Query != "" {
			out = append(out, Query{Name: sw.Subject(), PromQL: sw.Shift.Get.Query})
		}
	}
	return out
}

// Switches are those of a run, of which none waits for Prometheus.
func (p *Poll) Switches(traffic []bouncer.Traffic) []bouncer.Traffic {
	out := slices.Clone(traffic)
	for i, t := range out {
		if sw, ok := t.Switch.(trafficswitch.Switch); ok && sw.Query != nil {
			sw.Query = func(_ context.Context, name, query string) (float64, time.Time, error) {
				s := p.Of(Query{Name: name, PromQL: query})
				if !s.Read() {
					return 0, time.Time{}, errors.New(s.Error)
				}
				return float64(s.Value), s.At, nil
			}
			out[i].Switch = sw
		}
	}
	return out
}

// Close ends the questions.
func (p *Poll) Close() {
	if p.end != nil {
		p.end()
	}
	p.asking.Wait()
}
