package signals

import (
	"context"
	"slices"
	"sync"

	"github.com/pgbudget/pgbudget/bouncer"
	"github.com/pgbudget/pgbudget/bouncer/config"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Newest remembers the newest sample, for what can be read off it.
type Newest struct {
	bouncer.Fleet
	mu          sync.Mutex
	observation fleet.Observation
}

// Observe takes a sample and remembers it. The error is the fleet's; the sample before stays the newest then.
func (n *Newest) Observe(ctx context.Context) (fleet.Observation, error) {
	o, err := n.Fleet.Observe(ctx)
	if err == nil {
		n.seen(o)
	}
	return o, err
}

// seen remembers a sample.
func (n *Newest) seen(o fleet.Observation) {
	n.mu.Lock()
	n.observation = o
	n.mu.Unlock()
}

// Sample is the newest sample that has ended; the zero Observation before the first.
func (n *Newest) Sample() fleet.Observation {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.observation
}

// Source reads the saturation signals of the config: those that a sample shows off the newest one, the others as
// Prometheus answered last.
type Source struct {
	Watched []config.Signal // see config.Watched
	Servers []config.Server
	Poll    *Poll
	Newest  *Newest
}

var _ bouncer.SignalSource = Source{}

// Read returns every signal of every server that it is about; one that cannot be read carries its error. It waits for
// nothing.
func (g Source) Read(context.Context) ([]fleet.Signal, error) {
	var out []fleet.Signal
	for _, s := range g.Watched {
		for _, server := range g.serversOf(s) {
			out = append(out, g.read(s, server))
		}
	}
	return out, nil
}

func (g Source) serversOf(s config.Signal) []string {
	if s.Server != "" {
		return []string{s.Server}
	}
	var all []string
	for _, x := range g.Newest.Sample().Servers {
		all = append(all, x.Name)
	}
	return all
}

func (g Source) read(s config.Signal, server string) fleet.Signal {
	if q := queryOf(s, server, g.Servers); q.asks() {
		return g.Poll.Of(q)
	}
	x, ok := fleet.Builtin(s.Builtin, g.Newest.Sample(), server)
	if !ok {
		x = fleet.NoSignal(s.Name, server, fleet.FaultUnknown, s.Builtin+" has no query:, and no sample contains its value")
	}
	x.Name = s.Name
	return x
}

// queryOf is what Prometheus is asked for a signal of a server; it asks nothing where a sample shows it.
func queryOf(s config.Signal, server string, servers []config.Server) Query {
	q := Query{Name: s.Name, Server: server, PromQL: s.Query, Labels: s.Labels}
	i := slices.IndexFunc(servers, func(x config.Server) bool { return x.Name == server })
	if !q.asks() && s.Builtin == fleet.SignalCPU && i >= 0 {
		q.PromQL = servers[i].CPU
	}
	return q
}

// Queries are those of all watched signals, each once, and more.
func Queries(watched []config.Signal, servers []config.Server, more []Query) []Query {
	out := slices.Clone(more)
	for _, s := range watched {
		for _, x := range servers {
			q := queryOf(s, x.Name, servers)
			if (s.Server == "" || s.Server == x.Name) && q.asks() && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}
