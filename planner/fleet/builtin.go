package fleet

import (
	"slices"
	"time"
)

// Builtin reads a saturation signal off a sample, as far as a sample shows it: how many clients wait for a connection
// of a server's pools (waiting), how long the oldest of them has (maxwait, seconds), what share of max_connections is
// taken (backends), and what share is at work: taken, connections that lie idle in a pool apart (busy). It is false for
// other names.
func Builtin(name string, o Observation, server string) (Signal, bool) {
	s := Signal{Name: name, Server: server, At: o.At}
	waiting, idle, oldest := 0, 0, time.Duration(0)
	for _, p := range o.Processes {
		for _, a := range p.Aliases {
			if !slices.Contains(a.Servers(), server) {
				continue
			}
			for _, g := range a.Pools {
				waiting += g.ClientsWaiting
				if len(a.AlsoOn) == 0 { // of a list of hosts, how many lie idle here is not known
					idle += g.ServersIdle + g.ServersUsed
				}
				oldest = max(oldest, g.MaxWait)
			}
		}
	}
	switch name {
	case "waiting":
		s.Value = Float(waiting)
	case "maxwait":
		s.Value = Float(oldest.Seconds())
	case "backends", "busy":
		if name == "backends" {
			idle = 0
		}
		taken := func(x Server) int { return max(0, x.Backends.Total()+x.Backends.LoginConns-idle) }
		i := slices.IndexFunc(o.Servers, func(x Server) bool { return x.Name == server && x.MaxConns > 0 })
		if i < 0 {
			s = NoSignal(name, server, FaultServer, "the server is not among those observed")
			s.At = o.At
			break
		}
		s.Value = Float(float64(taken(o.Servers[i])) / float64(o.Servers[i].MaxConns))
	default:
		return Signal{}, false
	}
	return s, true
}
