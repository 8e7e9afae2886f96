package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/pgbudget/pgbudget/planner/budget"
)

// Check adds every fault of the file to k, whose document it was decoded from.
func (f *File) Check(k *Checker) {
	k.Doc.names = append(k.Doc.names, f.names()...)
	servers, groups := map[string]string{}, map[string]string{}
	for i, s := range f.Servers {
		k.server(fmt.Sprintf("servers[%d]", i), s, servers, f.Prometheus != nil)
	}
	for i, g := range f.Groups {
		path := fmt.Sprintf("groups[%d]", i)
		k.Unique(path+".name", g.Name, groups)
		if strings.Contains(g.Name, "/") {
			k.Fault(path+".name", "is %q: a group's name has no slash", g.Name)
		}
		if len(g.Processes) == 0 {
			k.Fault(path+".processes", "is missing or empty: list each process's console")
		}
		k.Int(path+".client_limits.files", g.ClientLimits.Files, 1, 1<<30)
		k.Int(path+".client_limits.balancer", g.ClientLimits.Balancer, 1, 1<<30)
		for j, p := range g.Processes {
			if at := fmt.Sprintf("%s.processes[%d].console", path, j); p.Console.Empty() {
				k.Fault(at, "is missing or empty")
			} else {
				k.place(at, p.Console)
			}
			k.store(fmt.Sprintf("%s.processes[%d].config", path, j), p.Config, f.Apply == ByHand)
		}
	}
	pools := map[string]string{}
	for i, p := range f.Pools {
		k.pool(fmt.Sprintf("pools[%d]", i), p, pools, servers)
	}
	for i, l := range f.Ledger {
		path := fmt.Sprintf("ledger[%d]", i)
		k.known(path+".server", l.Server, servers)
		if l.Name == "" {
			k.Fault(path+".name", "is missing or empty")
		}
		if !l.Conns.Set {
			k.Fault(path+".conns", "is missing")
		}
		k.Int(path+".conns", l.Conns, 0, MaxConns)
	}
	for i, x := range f.Caps {
		path := fmt.Sprintf("caps[%d]", i)
		if len(x.Pools) == 0 {
			k.Fault(path+".pools", "is missing or empty")
		}
		seen := map[string]bool{}
		for j, id := range x.Pools {
			at := fmt.Sprintf("%s.pools[%d]", path, j)
			if group, alias, ok := strings.Cut(id, "/"); !ok || group == "" || alias == "" {
				k.Fault(at, "is %q, want group/alias", id)
			} else if seen[id] {
				k.Fault(at, "is %q a second time", id)
			}
			seen[id] = true
		}
		if !x.Conns.Set {
			k.Fault(path+".conns", "is missing")
		}
		k.Int(path+".conns", x.Conns, 1, MaxConns)
	}
	k.hand(*f)
	k.prometheus(f.Prometheus)
	for i, s := range f.Saturation {
		path := fmt.Sprintf("saturation[%d]", i)
		k.signal(path, s, servers)
		k.alerts(path, s, f.Prometheus != nil)
	}
	all := f.Signals()
	for i, s := range all {
		for _, t := range all[:i] {
			if s.Name == t.Name && (s.Server == t.Server || s.Server == "" || t.Server == "") {
				k.Fault("saturation", "has two signals called %q for one server, presets written out: neither could be read",
					s.Name)
			}
		}
	}
	k.Share("deadband", f.Deadband)
	k.empty()
	k.policy(f.Policy)
	if manyWords(f.Journal) {
		k.Fault("journal", "is %q: want ./%s for a file of that name", f.Journal, f.Journal)
	}
	k.mirror(f)
	k.hooks(f.Hooks)
	k.shifts(f)
}

func (k *Checker) server(path string, s Server, seen map[string]string, prometheus bool) {
	k.Unique(path+".name", s.Name, seen)
	k.Int(path+".max_connections", s.MaxConnections, 1, MaxConns)
	k.Int(path+".superuser_reserved_connections", s.SuperuserReservedConnections, 0, MaxConns)
	k.Int(path+".reserved_connections", s.ReservedConnections, 0, MaxConns)
	k.Num(path+".cores", s.Cores, 0.1, MaxCores)
	if h := s.Headroom.Connections; h.Set && h.bad != nil {
		k.Fault(path+".headroom.connections", "%s", h.bad)
	} else if h.Conns != nil && (*h.Conns < 0 || *h.Conns > MaxConns) {
		k.Fault(path+".headroom.connections", "is %d, want 0 to %d", *h.Conns, MaxConns)
	}
	k.Share(path+".headroom.cpu", s.Headroom.CPU)
	k.OneOf(path+".direct.count", s.Direct.Count, "peak", "p99")
	k.Int(path+".direct.conns", s.Direct.Conns, 0, MaxConns)
	k.place(path+".dsn", s.DSN)
	if s.DSN.Empty() && !s.MaxConnections.Set {
		k.Fault(path, "has neither dsn: nor max_connections:, so its limit cannot be known")
	}
	if (s.CPU != "" || s.Metrics != "" || s.Direct.Query != "") && !prometheus {
		k.Fault(path, "has a query, but there is no prometheus: to ask")
	}
}

func (k *Checker) known(path, server string, servers map[string]string) {
	if server == "" {
		k.Fault(path, "is missing or empty")
	} else if servers[server] == "" {
		k.Fault(path, "is %q, which is not among servers:", server)
	}
}

func (k *Checker) pool(path string, p Pool, seen, servers map[string]string) {
	k.Unique(path+".pool", p.Pool, seen)
	if g, a, ok := strings.Cut(p.Pool, "/"); p.Pool != "" && (!ok || g == "" || a == "") {
		k.Fault(path+".pool", "is %q, want group/alias", p.Pool)
	}
	named := map[string]bool{}
	for _, s := range p.servers() {
		if s != budget.Elsewhere {
			k.known(path+".server", s, servers)
		}
		if named[s] {
			k.Fault(path+".server", "names %q twice", s)
		}
		named[s] = true
	}
	k.Int(path+".min", p.Min, 1, MaxConns)
	k.Int(path+".max", p.Max, 1, MaxConns)
	if p.Min.Set && p.Max.Set && p.Max.bad == nil && p.Min.bad == nil && p.Min.N > p.Max.N {
		k.Fault(path+".min", "is %d, above max %d", p.Min.N, p.Max.N)
	}
	k.Num(path+".weight", p.Weight, 1e-6, maxWeight)
	k.ShareIn(path+".utilization", p.Utilization, 0.01, 0.99)
	k.Wait(path+".max_wait.mean", p.MaxWait.Mean)
	k.Wait(path+".max_wait.p99", p.MaxWait.P99)
	k.Int(path+".survive_loss", p.SurviveLoss, 0, MaxLinePools)
	k.OneOf(path+".count", p.Count, "worst", "peak", "p99")
	k.OneOf(path+".class", p.Class, "throttle")
	for _, x := range []struct {
		key string
		set bool
	}{{"weight", p.Weight.Set}, {"utilization", p.Utilization.Set}, {"max_wait.mean", p.MaxWait.Mean.Set},
		{"max_wait.p99", p.MaxWait.P99.Set}} {
		if p.Class != "" && x.set {
			k.Fault(path+"."+x.key, "is about waits, and nobody's waiting counts in a pool of class %s", p.Class)
		}
	}
	if p.Reserve != nil {
		k.Int(path+".reserve.min", p.Reserve.Min, 0, MaxConns)
		k.Int(path+".reserve.max", p.Reserve.Max, 0, MaxConns)
		if !p.Reserve.Max.Set {
			k.Fault(path+".reserve.max", "is missing")
		} else if p.Reserve.Min.N > p.Reserve.Max.N {
			k.Fault(path+".reserve.min", "is %d, above max %d", p.Reserve.Min.N, p.Reserve.Max.N)
		}
	}
	if p.Size.Set && p.Size.bad == nil && p.Size.N == 0 {
		k.Fault(path+".size",
			"is 0: PgBouncer 1.24 and later take that as unlimited, earlier ones as one connection; write what is meant")
	} else {
		k.Int(path+".size", p.Size, 1, MaxConns)
	}
	k.Int(path+".reserve_size", p.ReserveSize, 0, MaxConns)
	k.Int(path+".line_pools", p.LinePools, 1, MaxLinePools)
	k.Int(path+".max_db_connections", p.MaxDBConnections, 0, MaxConns)
	users := map[string]bool{}
	for i, u := range p.Users {
		at := fmt.Sprintf("%s.users[%d]", path, i)
		switch {
		case u.bad != nil:
			k.Fault(at, "%s", u.bad)
		case u.Name == "":
			k.Fault(at, "has no name")
		case users[u.Name]:
			k.Fault(at, "names %s a second time", u.Name)
		}
		users[u.Name] = true
		k.Int(at+".max", u.Max, 1, MaxConns)
	}
	k.load(path+".load", p.Load)
}

func (k *Checker) load(path string, l *Load) {
	if l == nil {
		return
	}
	if !l.ArrivalsPerSec.Set {
		k.Fault(path+".arrivals_per_sec", "is missing")
	}
	if !l.MeanHold.Set {
		k.Fault(path+".mean_hold", "is missing")
	}
	k.Num(path+".arrivals_per_sec", l.ArrivalsPerSec, 0, MaxRate)
	k.Dur(path+".mean_hold", l.MeanHold, MaxHold)
	if l.MeanHold.OK() && l.MeanHold.D == 0 && l.ArrivalsPerSec.F > 0 {
		k.Fault(path+".mean_hold", "is %s: %g transactions a second that hold no connection are no load; want more than 0",
			l.MeanHold.D, l.ArrivalsPerSec.F)
	}
	k.Num(path+".arrival_scv", l.ArrivalSCV, 0, MaxSCV)
	k.Num(path+".hold_scv", l.HoldSCV, 0, MaxSCV)
	if l.ArrivalSCV.OK() && l.HoldSCV.OK() && l.ArrivalSCV.F == 0 && l.HoldSCV.F == 0 {
		k.Fault(path+".hold_scv", "is 0 as arrival_scv is: by clockwork nothing would ever wait, want one of them above 0")
	}
	k.Dur(path+".cpu_per_xact", l.CPUPerXact, MaxHold)
	if l.CPUPerXact.OK() && l.CPUPerXact.D == 0 {
		k.Fault(path+".cpu_per_xact", "is %s; want more than 0, or take it out where it is not known", l.CPUPerXact.D)
	}
	if a := l.ArrivalsPerSec.F * l.MeanHold.D.Seconds(); a > MaxConns {
		k.Fault(path, "is %g Erlangs: more than any PostgreSQL has connections (%d)", a, MaxConns)
	}
}

func (k *Checker) prometheus(p *Prometheus) {
	if p == nil {
		return
	}
	u, err := url.Parse(p.URL)
	switch {
	case p.URL == "":
		k.Fault("prometheus.url", "is missing or empty")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		k.Fault("prometheus.url", "is not an http or https URL") // it is not repeated: it may carry a password
	}
	k.Dur("prometheus.lookback", p.Lookback, 366*24*3600)
}

func (k *Checker) signal(path string, s Signal, servers map[string]string) {
	if s.Preset != "" {
		k.OneOf(path+".preset", s.Preset, slices.Sorted(maps.Keys(presets))...)
		if s.Server != "" {
			k.known(path+".server", s.Server, servers)
		}
		if rest := (Signal{Preset: s.Preset, Server: s.Server}); s != rest {
			k.Fault(path, "has a preset: and more than a server: beside it; write further signals as items of their own")
		}
		return
	}
	if s.Name == "" {
		k.Fault(path+".name", "is missing or empty")
	}
	if s.Server != "" {
		k.known(path+".server", s.Server, servers)
	}
	k.OneOf(path+".builtin", s.Builtin, Builtins...)
	if s.Builtin == "" && s.Query == "" {
		k.Fault(path, "has neither preset:, builtin: nor query:")
	}
	if s.Builtin == builtinUse && (s.Query != "" || s.Resume.Set || s.Abort.Set || s.Server != "") {
		k.Fault(path, "is the use of each pool by itself, and has a name: and hold: alone")
	}
	k.Num(path+".hold", s.Hold, 0, 1e12)
	k.Num(path+".resume", s.Resume, 0, 1e12)
	k.Num(path+".abort", s.Abort, 0, 1e12)
	if (s.Builtin == "cpu" || s.Builtin == builtinUse) && s.Hold.Set && s.Hold.bad == nil &&
		(s.Hold.F > 1 || s.Hold.F < 0.1) {
		k.Fault(path+".hold", "is %g, want a ratio of 0.1 to 1", s.Hold.F)
	}
	if !s.Hold.Set && s.Builtin != BuiltinAlerts {
		k.Fault(path+".hold", "is missing")
	}
	if s.Resume.OK() && s.Hold.OK() && s.Resume.F > s.Hold.F {
		k.Fault(path+".resume", "is %g, above hold %g", s.Resume.F, s.Hold.F)
	}
	if s.Abort.OK() && s.Hold.OK() && s.Abort.F < s.Hold.F {
		k.Fault(path+".abort", "is %g, below hold %g", s.Abort.F, s.Hold.F)
	}
}

// alerts checks what goes with builtin: alerts alone. Without labels any alert of the site would hold.
func (k *Checker) alerts(path string, s Signal, prometheus bool) {
	switch {
	case s.Builtin != BuiltinAlerts && s.Labels != "":
		k.Fault(path+".labels", "goes with builtin: %s alone", BuiltinAlerts)
	case s.Builtin != BuiltinAlerts:
	case s.Labels == "":
		k.Fault(path+".labels", "is missing: which alerts hold? severity=~\"s1|s2\"")
	case s.Query != "":
		k.Fault(path+".query", "does not go with builtin: %s, which asks for alerts that fire", BuiltinAlerts)
	default:
		p := parser.NewParser(parser.Options{})
		if _, err := p.ParseMetricSelector("{" + s.Labels + "}"); err != nil {
			k.Fault(path+".labels", "is %q, want label matchers as severity=~\"s1|s2\",type=\"patroni\"", s.Labels)
		}
		if !prometheus {
			k.Fault(path, "is builtin: %s, and there is no prometheus: to ask", BuiltinAlerts)
		}
	}
}
