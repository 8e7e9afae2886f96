package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pgbudget/pgbudget/planner/budget"
	"github.com/pgbudget/pgbudget/planner/fleet"
)

// Declared returns what the file says in the planner's terms, every default applied.
func (c *Config) Declared() budget.Declared {
	d := budget.Declared{SizeAll: len(c.Pools) == 0, Deadband: budget.DefaultDeadband, LeastGain: budget.DefaultLeastGain}
	if c.Deadband.Set {
		d.Deadband = c.Deadband.F
	}
	for _, s := range c.Servers {
		d.Servers = append(d.Servers, s.declared(c.Signals()))
	}
	slices.SortFunc(d.Servers, func(a, b budget.DeclaredServer) int { return cmp.Compare(a.Name, b.Name) })
	for _, g := range c.Groups {
		if l := g.ClientLimits; l.Files.Set || l.Balancer.Set {
			if d.Clients == nil {
				d.Clients = map[string]fleet.ClientLimits{}
			}
			d.Clients[g.Name] = fleet.ClientLimits{Files: l.Files.N, Balancer: l.Balancer.N}
		}
	}
	for i, p := range c.Pools {
		dp := p.declared()
		dp.Where = c.Where(fmt.Sprintf("pools[%d].pool", i)) + ": "
		d.Pools = append(d.Pools, dp)
	}
	for i, x := range c.Caps {
		d.Caps = append(d.Caps, budget.DeclaredCap{Pools: slices.Sorted(slices.Values(x.Pools)), Conns: x.Conns.N,
			Where: c.Where(fmt.Sprintf("caps[%d].pools", i)) + ": "})
	}
	for _, l := range c.Ledger {
		d.Lines = append(d.Lines, budget.DeclaredLine{Server: l.Server, Name: l.Name, Conns: l.Conns.N})
	}
	return d
}

func (s Server) declared(signals []Signal) budget.DeclaredServer {
	d := budget.DeclaredServer{
		Name: s.Name, MaxConns: s.MaxConnections.pointer(), SuperuserReservedConns: s.SuperuserReservedConnections.pointer(),
		ReservedConns: s.ReservedConnections.pointer(), DirectConns: s.Direct.Conns.pointer(),
		DirectCount:   countOf(s.Direct.Count, budget.CountHighest),
		HeadroomShare: budget.DefaultHeadroomShare, CPUHeadroom: budget.DefaultCPUHeadroom, Cores: s.Cores.F,
	}
	if h := s.Headroom.Connections; h.Set {
		d.HeadroomConns, d.HeadroomShare = h.Conns, h.Share
	}
	if s.Headroom.CPU.Set {
		d.CPUHeadroom = s.Headroom.CPU.F
	}
	for _, sig := range signals {
		if sig.Builtin == "cpu" && (sig.Server == "" || sig.Server == s.Name) && (d.CPUHold == 0 || sig.Hold.F < d.CPUHold) {
			d.CPUHold = sig.Hold.F
		}
	}
	return d
}

// servers lists the names under server:, which are separated by commas as in PgBouncer's host=a,b.
func (p Pool) servers() []string {
	if p.Server == "" {
		return nil
	}
	names := strings.Split(p.Server, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

func (p Pool) declared() budget.DeclaredPool {
	d := budget.DeclaredPool{
		ID: p.Pool, Min: max(1, p.Min.N), Max: p.Max.N, Weight: 1, Utilization: budget.DefaultUtilization,
		MaxWaitMean: budget.DefaultMaxWaitMean, MaxWaitP99: budget.DefaultMaxWaitP99, SurviveLoss: p.SurviveLoss.N,
		Throttle: p.Class == "throttle", Count: countOf(p.Count, budget.CountWorst), Users: p.UserNames(),
		Size:         p.Size.pointer(),
		ReserveConns: p.ReserveSize.pointer(),
		LinePools:    p.LinePools.N, MaxDBConns: p.MaxDBConnections.pointer(),
	}
	if servers := p.servers(); len(servers) > 0 {
		d.Server, d.AlsoOn = servers[0], servers[1:]
	}
	for _, u := range p.Users {
		if u.Max.Set {
			d.UserMax = append(d.UserMax, budget.UserMax{User: u.Name, Conns: u.Max.N})
		}
	}
	if p.Weight.Set {
		d.Weight = p.Weight.F
	}
	if p.Utilization.Set {
		d.Utilization = p.Utilization.F
	}
	if p.MaxWait.Mean.Set {
		d.MaxWaitMean = p.MaxWait.Mean.D
	}
	if p.MaxWait.P99.Set {
		d.MaxWaitP99 = p.MaxWait.P99.D
	}
	if p.Reserve != nil {
		d.Reserve = &budget.IntRange{Min: p.Reserve.Min.N, Max: p.Reserve.Max.N}
	}
	if l := p.Load; l != nil {
		d.Load = &budget.DeclaredLoad{ArrivalsPerSec: l.ArrivalsPerSec.F, MeanHold: l.MeanHold.D,
			ArrivalSCV: l.ArrivalSCV.or(1),
			HoldSCV:    l.HoldSCV.or(1), CPUPerXact: l.CPUPerXact.D}
	}
	return d
}

func (i Int) pointer() *int {
	if !i.Set {
		return nil
	}
	return &i.N
}

func (f Num) or(otherwise float64) float64 {
	if !f.Set {
		return otherwise
	}
	return f.F
}

// countOf translates the config's word; peak is the config's name for the highest seen.
func countOf(word string, otherwise budget.Count) budget.Count {
	switch word {
	case "peak":
		return budget.CountHighest
	case "p99":
		return budget.CountP99
	case "worst":
		return budget.CountWorst
	default:
		return otherwise
	}
}
